import type { Declaration } from './declaration.ts';
import { BAD_KINDS } from './reasons.ts';

/**
 * Fills what a job does not declare from `defaults` (DESIGN.md §5), whole keys at a time: a job's own list or
 * mapping replaces that of the defaults. What comes out is what counts: `remind_every: off` has gone, and
 * a `failure_threshold` by kind names every kind, those left out at the default of 1.
 */
export function applyDefaults(declared: Declaration, defaults: Declaration): Declaration {
  const filled: Declaration = { ...defaults, ...declared };
  if (filled.remind_every === 'off') delete filled.remind_every;
  if (typeof filled.failure_threshold === 'object') {
    const given = filled.failure_threshold;
    filled.failure_threshold = Object.fromEntries(BAD_KINDS.map((kind) => [kind, given[kind] ?? 1]));
  }
  return filled;
}
