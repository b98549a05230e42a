/** The keywords that `schemas/cronflow.schema.json` uses beside those of JSON Schema, in the form that ajv wants. */
import type { SchemaValidateFunction } from 'ajv';
import { formatOf, templateFault } from '../core/text/body-template.ts';
import { parseDuration } from '../schedule/duration.ts';

/** Lets through what is no duration at all: the pattern beside it has already said so. */
export function isWithin({ minimum, maximum }: { minimum: string; maximum: string }, text: string): boolean {
  if (!/^\d/.test(text)) return true;
  try {
    const durationMs = parseDuration(text);
    return durationMs >= parseDuration(minimum) && durationMs <= parseDuration(maximum);
  } catch {
    // Too long to be read, or refused by the pattern already, which knows what to say.
    return !/^[\ddhms]+$/.test(text);
  }
}

export function isUrl(_: boolean, text: string): boolean {
  return text === '' || !/^https?:\/\//i.test(text) || URL.canParse(text);
}

/** Says what is wrong in the way ajv wants it: as a property of the function. */
export const isTemplate: SchemaValidateFunction = (
  known: readonly string[],
  text: string,
  _schema?: unknown,
  at?: { parentData: unknown },
): boolean => {
  const { content_type: type } = (at?.parentData ?? {}) as { content_type?: unknown };
  const format = formatOf(typeof type === 'string' ? type : 'application/json');
  const fault = templateFault(text, format, known);
  isTemplate.errors = fault === null ? [] : [{ keyword: 'x-template', params: { ...fault, known } }];
  return fault === null;
};

/** The same items twice, by the numbers of the two, as the library says it. */
export const isUnique: SchemaValidateFunction = (isWanted: boolean, items: readonly unknown[]): boolean => {
  const first = new Map<string, number>();
  isUnique.errors = [];
  if (!isWanted || items.length < 2) return true;
  for (const [i, item] of items.entries()) {
    const id = identityOf(item);
    const j = first.get(id);
    if (j !== undefined) {
      isUnique.errors = [{ keyword: 'uniqueItems', params: { i, j } }];
      return false;
    }
    first.set(id, i);
  }
  return true;
};

/** A text that two values have in common if they are the same, whatever the order of their keys. */
function identityOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? ['mapping', ...Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))]
      : part,
  );
}
