import type { Schema } from './schema.ts';

/** Values for keys whose pattern no example fits, because their examples are variables. */
const WORDS = [
  'https://example.com/',
  'x'.repeat(32),
  'xoxb-xxxxx',
  'UTC',
  'example.com',
  'ops@example.com',
  '-----BEGIN CERTIFICATE-----',
];

/** Returns a value that a key accepts, in place of one that is not known. */
export function standInFor(schema: Schema | undefined): unknown {
  const {
    type,
    enum: known = [],
    examples = [],
    default: usual,
    minimum,
    pattern,
  } = (schema ?? {}) as Schema & { minimum?: number };
  const types = new Set([type ?? 'string'].flat());
  const fits = (value: unknown): boolean => {
    if (typeof value === 'number') return types.has('integer');
    if (typeof value === 'boolean') return types.has('boolean');
    if (typeof value !== 'string' || !types.has('string') || value.includes('${')) return false;
    if (known.length > 0) return known.includes(value);
    return value !== '' && (pattern === undefined || new RegExp(pattern, 'u').test(value));
  };
  return [usual, ...examples, ...known, minimum, ...WORDS].find(fits) ?? null;
}
