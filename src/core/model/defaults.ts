import type { Declaration } from './declaration.ts';
import { BAD_KINDS } from './reasons.ts';

/** The defaults for the jobs of each group, by its name. */
export type Groups = Readonly<Record<string, Declaration>>;

/** The values for jobs that do not say otherwise (docs/design.md §5). */
export interface Fill {
  defaults: Declaration;
  /** The defaults of groups go before those for all. */
  groups?: Groups;
}

/**
 * Fills what a job does not declare from its group, then from `defaults` (docs/design.md §5), whole keys at a time: a
 * job's own list or mapping replaces that of the others. In the result `remind_every: off` and `renamed_from` are
 * gone, and a `failure_threshold` by kind names every kind, with 1 for those left out.
 */
export function applyDefaults(declared: Declaration, { defaults, groups = {} }: Fill): Declaration {
  const group = declared.group ?? defaults.group;
  const ofGroup = group !== undefined && Object.hasOwn(groups, group) ? groups[group] : {};
  const filled: Declaration = { ...defaults, ...ofGroup, ...declared };
  // `renamed_from` says where the job's history comes from, and nothing that counts.
  delete filled.renamed_from;
  if (filled.remind_every === 'off') delete filled.remind_every;
  if (typeof filled.failure_threshold === 'object') {
    const given = filled.failure_threshold;
    filled.failure_threshold = Object.fromEntries(BAD_KINDS.map((kind) => [kind, given[kind] ?? 1]));
  }
  return filled;
}

/** Returns the names of the notifiers that are told of what belongs to no job: `defaults.notify`, else everyone. */
export function defaultNotifiers({ notify }: Declaration, everyone: readonly string[]): readonly string[] {
  return notify?.map((item) => (typeof item === 'string' ? item : item.to)) ?? everyone;
}
