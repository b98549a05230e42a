import { plainSpelling } from '../../core/text/nearest.ts';

/** The keys of a ping beside its output (docs/design.md §8). */
export const PARAMETERS = [
  'rid',
  'exit_code',
  'signal',
  'duration_ms',
  'delay_ms',
  'host',
  'output_dropped_bytes',
  'captured',
] as const;
export type Parameter = (typeof PARAMETERS)[number];

/** The values that a request gives for known keys, in their order; those spelled as documented come first. */
export type Given = ReadonlyMap<Parameter | 'output', readonly unknown[]>;

/** So many values of one key are looked at: a client can send thousands. */
const VALUES_MAX = 10;

const KEYS = new Map([...PARAMETERS, 'output' as const].map((key) => [plainSpelling(key), key]));

/** Tells whether a key is meant for a known one: `Exit-Code`, `exitcode` and `exitCode` mean `exit_code`. */
export function isParameter(key: string): boolean {
  return KEYS.has(plainSpelling(key));
}

/** Tells whether any field has a known key. */
export function hasKnownKey(fields: readonly (readonly [string, unknown])[]): boolean {
  return fields.some(([key]) => isParameter(key));
}

/** Collects the values of known keys; a field that nobody filled in by `null` gives none. */
export function givenIn(fields: Iterable<readonly [string, unknown]>): Given {
  const given = new Map<Parameter | 'output', unknown[]>();
  const add = (key: Parameter | 'output', value: unknown): void => {
    const known = given.get(key);
    if (known === undefined) given.set(key, [value]);
    else if (known.length < VALUES_MAX) known.push(value);
  };
  const others: [Parameter | 'output', unknown][] = [];
  for (const [name, value] of fields) {
    const key = KEYS.get(plainSpelling(name));
    if (key === undefined || value === null || value === undefined) continue;
    if (key === name) add(key, value);
    else others.push([key, value]);
  }
  for (const [key, value] of others) add(key, value);
  return given;
}
