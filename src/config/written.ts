import { maskCredentials, maskUrls } from './secrets/mask.ts';
import { sha256 } from './read.ts';
import { type Schema, schemaAt, typesOfBranch } from './schema.ts';
import { pointer, steps, type Tree } from './yaml/tree.ts';

/** The keys that a plan compares by themselves. All others belong to no job, so they are compared as written. */
const COMPARED_ELSEWHERE = new Set(['jobs', 'include', 'defaults', 'groups', 'replay_window']);
/** Matches a single variable. Its default is left out, because that may be a secret. */
const VARIABLE = /^\$\{([A-Za-z_]\w*)(?::[-?][^{}]*)?\}$/;

/**
 * Returns, for comparing two files, the settings about messages and about Cronflow itself as they are written: by
 * dotted path, with the names of variables in place of their values. A secret that is written out shows as
 * `(secret)`, so a changed one does not show.
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
  for (const key of Object.keys(schema.properties ?? {})) {
    if (COMPARED_ELSEWHERE.has(key)) continue;
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) walk(part, pointer('', key));
  }
  return written;
}

function shown(text: string, path: string): string {
  if (path.startsWith('/notifiers/') || path.startsWith('/heartbeat/')) return maskUrls(text);
  // A pattern may quote the very text that it is to hide.
  return path === '/redact' ? `sha256 ${sha256(text).slice(0, 12)}` : maskCredentials(text);
}

function shownSecret(text: string): string {
  const variable = VARIABLE.exec(text)?.[1];
  return variable === undefined ? '(secret)' : `\${${variable}}`;
}

/** Tells whether the schema calls the value secret, or anything that the value is part of. */
function isSecret(schema: Schema, value: unknown, path: string): boolean {
  const way = steps(path);
  const type = way[0] === 'notifiers' ? typeOf(value, way[1] ?? '') : undefined;
  const branch = schema.definitions?.['notifier']?.oneOf?.find((each) =>
    typesOfBranch(each).some((known) => known === type),
  );
  const [root, rest] = branch === undefined ? [schema, way] : [branch, way.slice(2)];
  // References lead to definitions of the whole schema.
  const from = { ...root, definitions: schema.definitions ?? {} };
  return rest.some((_, i) => schemaAt(from, rest.slice(0, i + 1))?.writeOnly === true);
}

function typeOf(value: unknown, name: string): unknown {
  return (value as { notifiers?: Record<string, { type?: unknown }> }).notifiers?.[name]?.type;
}
