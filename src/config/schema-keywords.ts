/** The keywords that `schemas/cronflow.schema.json` uses beside those of JSON Schema, in the form that ajv wants. */
import type { SchemaValidateFunction } from 'ajv';
import { formatOf, templateFault } from '../core/text/body-template.ts';
import { parseDuration } from '../schedule/duration.ts';

/**
 * Tells whether a duration lies within its bounds. A text that is no duration passes, because the pattern beside it
 * refuses it already.
 */
export function isWithin({ minimum, maximum }: { minimum: string; maximum: string }, text: string): boolean {
  if (!/^\d/.test(text)) return true;
  try {
    const durationMs = parseDuration(text);
    return durationMs >= parseDuration(minimum) && durationMs <= parseDuration(maximum);
  } catch {
    // The text is either too long to be read, or the pattern refuses it already and has the better words.
    return !/^[\ddhms]+$/.test(text);
  }
}

export function isUrl(_: boolean, text: string): boolean {
  return text === '' || !/^https?:\/\//i.test(text) || URL.canParse(text);
}

/** Checks a template, and leaves the error as a property of the function, because ajv reads it there. */
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

/** Checks that no two items are the same. Its error gives the indices of the two in the form of ajv's own. */
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

/** Returns a text that is the same for equal values, whatever the order of their keys. */
function identityOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? ['mapping', ...Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))]
      : part,
  );
}
