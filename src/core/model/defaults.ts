import type { Declaration } from './declaration.ts';
import { BAD_KINDS, type BadKind } from './reasons.ts';

/** The defaults for the jobs of each group, by its name. */
export type Groups = Readonly<Record<string, Declaration>>;

/** The values for jobs that do not say otherwise (docs/design.md §5). */
export interface Fill {
  defaults: Declaration;
  /** The defaults of groups go before those for all. */
  groups?: Groups;
  /** Names the notifiers that are configured. Absent where a job is read that can name no other. */
  globals?: { notifiers: readonly string[] };
}

type Notify = NonNullable<Declaration['notify']>;

/**
 * Fills what a job does not declare from its group, then from `defaults` (docs/design.md §5), whole keys at a time: a
 * job's own list or mapping replaces that of the others. In the result `remind_every: off` and `renamed_from` are
 * gone, and a `failure_threshold` by kind names every kind, with 1 for those left out. A notifier that a job of the API
 * names and that is not configured any more is gone, too.
 */
export function applyDefaults(declared: Declaration, { defaults, groups = {}, globals }: Fill): Declaration {
  const group = declared.group ?? defaults.group;
  const ofGroup = group !== undefined && Object.hasOwn(groups, group) ? groups[group] : {};
  const filled: Declaration = { ...defaults, ...ofGroup, ...declared };
  // `renamed_from` says where the job's history comes from, and nothing that counts.
  delete filled.renamed_from;
  if (filled.remind_every === 'off') delete filled.remind_every;
  if (globals !== undefined && declared.notify !== undefined) {
    const otherwise = ofGroup?.notify ?? defaults.notify;
    const notify = notifyLeft(declared.notify, otherwise, globals.notifiers);
    if (notify === undefined) delete filled.notify;
    else filled.notify = notify;
  }
  if (typeof filled.failure_threshold === 'object') {
    const given = filled.failure_threshold;
    filled.failure_threshold = Object.fromEntries(BAD_KINDS.map((kind) => [kind, given[kind] ?? 1]));
  }
  return filled;
}

/**
 * Returns who is told where a job names notifiers of which some are not configured any more. Of the kinds of trouble that
 * nobody else takes those hear who would hear if the job named nobody: it must not be in trouble and tell nobody.
 * @param otherwise who is told of jobs that name nobody; undefined, everyone
 * @returns undefined for everyone, of every kind
 */
function notifyLeft(
  declared: Notify,
  otherwise: Notify | undefined,
  everyone: readonly string[],
): Notify | undefined {
  const left = declared.filter((item) => everyone.includes(nameIn(item)));
  if (left.length === declared.length) return declared;
  const lost = kindsOf(declared.filter((item) => !left.includes(item)));
  const heard = kindsOf(left);
  const unheard = lost.filter((kind) => !heard.includes(kind));
  if (unheard.length === BAD_KINDS.length && left.length === 0) return otherwise;
  const others: Notify = (otherwise ?? [...everyone]).flatMap((item) => {
    const on = kindsOf([item]).filter((kind) => unheard.includes(kind));
    return on.length === 0 ? [] : [{ to: nameIn(item), on }];
  });
  return [...left, ...others];
}

function nameIn(item: Notify[number]): string {
  return typeof item === 'string' ? item : item.to;
}

function kindsOf(items: Notify): BadKind[] {
  const ofItem = (item: Notify[number]): readonly BadKind[] =>
    typeof item === 'string' ? BAD_KINDS : (item.on ?? BAD_KINDS);
  return BAD_KINDS.filter((kind) => items.some((item) => ofItem(item).includes(kind)));
}

/** Returns the names of the notifiers that are told of what belongs to no job: `defaults.notify`, else everyone. */
export function defaultNotifiers({ notify }: Declaration, everyone: readonly string[]): readonly string[] {
  return notify?.map(nameIn) ?? everyone;
}
