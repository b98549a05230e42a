import type { Declaration } from './declaration.ts';
import { BAD_KINDS } from './reasons.ts';

/** What holds for the jobs of a group, by its name. */
export type Groups = Readonly<Record<string, Declaration>>;

/** What fills jobs that do not say otherwise (docs/design.md §5). */
export interface Fill {
  defaults: Declaration;
  /** They go before the defaults. */
  groups?: Groups;
}

/**
 * Fills what a job does not declare from its group, then from `defaults` (docs/design.md §5), whole keys at a time: a
 * job's own list or mapping replaces that of the others. What comes out is what counts: `remind_every: off` has
 * gone, as has `renamed_from`, and a `failure_threshold` by kind names every kind, those left out at the default of 1.
 */
export function applyDefaults(declared: Declaration, { defaults, groups = {} }: Fill): Declaration {
  const group = declared.group ?? defaults.group;
  const ofGroup = group !== undefined && Object.hasOwn(groups, group) ? groups[group] : {};
  const filled: Declaration = { ...defaults, ...ofGroup, ...declared };
  // It says where the job's history comes from, nothing that counts.
  delete filled.renamed_from;
  if (filled.remind_every === 'off') delete filled.remind_every;
  if (typeof filled.failure_threshold === 'object') {
    const given = filled.failure_threshold;
    filled.failure_threshold = Object.fromEntries(BAD_KINDS.map((kind) => [kind, given[kind] ?? 1]));
  }
  return filled;
}
