import { maskCredentials, maskUrls } from './mask.ts';
import { sha256 } from './read.ts';
import { type Schema, schemaAt, typesOfBranch } from './schema.ts';
import { pointer, steps, type Tree } from './tree.ts';

/** What counts for no job by itself, and so shows in no job's declaration. */
const KEYS = ['notifiers', 'heartbeat', 'public_url', 'source_url', 'redact'];
/** A single variable. What it falls back to may be a secret, and is left out. */
const VARIABLE = /^\$\{([A-Za-z_]\w*)(?::[-?][^{}]*)?\}$/;

/**
 * What a file says of where messages go and of Cronflow itself, as it is written, for who compares two files: by
 * dotted path, with variables as such. A secret that stands there itself is not told from another.
 */
export function writtenSettings({ value, spots }: Tree, schema: Schema): Record<string, string> {
  const written: Record<string, string> = {};
  const walk = (part: unknown, path: string): void => {
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      for (const [key, below] of Object.entries(part)) walk(below, pointer(path, key));
      return;
    }
    const text = Array.isArray(part)
      ? JSON.stringify(rawList(part, path))
      : String(spots.get(path)?.raw ?? part);
    written[steps(path).join('.')] = isSecret(schema, value, path) ? shownSecret(text) : shown(text, path);
  };
  const rawList = (list: readonly unknown[], path: string): unknown[] =>
    list.map((item, i) => spots.get(pointer(path, i))?.raw ?? item);
  for (const key of KEYS) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) walk(part, pointer('', key));
  }
  return written;
}

function shown(text: string, path: string): string {
  if (path.startsWith('/notifiers/') || path.startsWith('/heartbeat/')) return maskUrls(text);
  // It may quote the very thing that is to be hidden.
  return path === '/redact' ? `sha256 ${sha256(text).slice(0, 12)}` : maskCredentials(text);
}

function shownSecret(text: string): string {
  const variable = VARIABLE.exec(text)?.[1];
  return variable === undefined ? '(secret)' : `\${${variable}}`;
}

/** Whether the schema says so of the value, or of anything that it is part of. */
function isSecret(schema: Schema, value: unknown, path: string): boolean {
  const way = steps(path);
  const type = way[0] === 'notifiers' ? typeOf(value, way[1] ?? '') : undefined;
  const branch = schema.definitions?.['notifier']?.oneOf?.find((each) =>
    typesOfBranch(each).some((known) => known === type),
  );
  const [root, rest] = branch === undefined ? [schema, way] : [branch, way.slice(2)];
  // References lead to definitions of the whole.
  const from = { ...root, definitions: schema.definitions ?? {} };
  return rest.some((_, i) => schemaAt(from, rest.slice(0, i + 1))?.writeOnly === true);
}

function typeOf(value: unknown, name: string): unknown {
  return (value as { notifiers?: Record<string, { type?: unknown }> }).notifiers?.[name]?.type;
}
