import { formatDuration } from '../../schedule/duration.ts';
import type { Declaration } from '../model/declaration.ts';
import { applyDefaults, type Fill } from '../model/defaults.ts';
import type { Fault, Lint } from '../model/errors.ts';
import type { Job } from '../model/records.ts';
import { maxRuntimeMsOf } from '../model/spec.ts';
import { firstOf } from '../text/counts.ts';
import { hideInValue } from '../text/redact.ts';
import { atOnce } from './at-once.ts';
import { Comparisons, differences, type KeyChange } from './comparisons.ts';
import type { PlannedJob } from './planned-job.ts';
import { planRenames, type Rename } from './rename.ts';

/** A stored job that a file declares, and the keys whose change counts. */
export interface Planned {
  job: Job;
  next: PlannedJob;
  keys: readonly KeyChange[];
  /** Says that the stored record already says all that the file says. */
  isSameRecord: boolean;
}

/**
 * The effect that applying a configuration has on the stored jobs. Every stored or declared job is in at most one list.
 */
export interface Plan {
  added: readonly PlannedJob[];
  changed: readonly Planned[];
  /** Jobs of the file that it no longer declares. */
  removed: readonly Job[];
  /**
   * Jobs of which nothing that counts changed. Their `place` and `declared` may have changed, so the record needs
   * writing unless it is the same (`isSameRecord`).
   */
  unchanged: readonly Planned[];
  /** Jobs that were registered over the API and belong to the file from now on. */
  adopted: readonly Planned[];
  /** Jobs that were removed earlier, within the time for which history is kept. They come back with their history. */
  restored: readonly Planned[];
  /** Jobs that go on under another name, with their history. */
  renamed: readonly (Planned & Pick<Rename, 'replaced'>)[];
  /** Jobs of the API for which the `groups` or `defaults` of the file changed something that counts. */
  refilled: readonly { job: Job; declaration: Declaration; keys: readonly KeyChange[] }[];
  /** The parts that cannot be done. A plan with faults must not be applied. */
  faults: readonly Fault[];
  lints: readonly Lint[];
}

/**
 * Compares the jobs that files declare with the stored ones (docs/design.md §5, ownership). Jobs of the API are left
 * alone, unless the file declares their name or changes the values that fill them.
 * @param stored every job, also removed ones
 * @param declared the jobs of the file; their names are unique
 * @param fill the `defaults` and `groups` of the file; without them, no job of the API is looked at
 * @param comparisons what is known of these declarations already; it makes the plan faster and changes nothing in it
 */
export function planChanges(
  stored: readonly Job[],
  declared: readonly PlannedJob[],
  fill?: Fill,
  comparisons = new Comparisons(),
): Plan {
  return atOnce(planInParts(stored, declared, fill, comparisons));
}

/** So many jobs are compared before a pause. It takes a few milliseconds. */
export const COMPARED_AT_ONCE = 500;
/** So many jobs are looked at before a pause, where none is compared. */
const LOOKED_AT_ONCE = 5_000;

/** Does as `planChanges`, and pauses now and then, so that whoever goes on with it can do something else in between. */
export function* planInParts(
  stored: readonly Job[],
  declared: readonly PlannedJob[],
  fill?: Fill,
  comparisons = new Comparisons(),
): Generator<undefined, Plan> {
  const byName = yield* currentByNameInParts(stored);
  const { renames, faults, lints } = yield* planRenames(byName, declared);
  const added: PlannedJob[] = [];
  const renamed: Plan['renamed'][number][] = [];
  const lists = { changed: [], unchanged: [], adopted: [], restored: [] } as Record<FoundList, Planned[]>;
  const names = new Set<string>();
  for (const [index, next] of declared.entries()) {
    if (index % COMPARED_AT_ONCE === 0) yield;
    names.add(next.name);
    const rename = renames.get(next.name);
    const job = byName.get(next.name);
    if (rename !== undefined) {
      const { keys, isSameRecord } = comparisons.of(rename.job, next);
      renamed.push({ ...rename, keys, isSameRecord });
    } else if (job === undefined) {
      added.push(next);
    } else {
      const { keys, isSameRecord } = comparisons.of(job, next);
      const planned = { job, next, keys, isSameRecord };
      lists[listOf(planned)].push(planned);
    }
  }
  yield;
  const kept = new Set(renamed.map(({ job }) => job));
  const others: Job[] = [];
  for (const [index, job] of stored.entries()) {
    if (index % LOOKED_AT_ONCE === 0) yield;
    if (job.removed_at === null && !names.has(job.name) && !kept.has(job)) others.push(job);
  }
  const refilled = fill === undefined ? [] : yield* refill(others, fill);
  const removed = others.filter((job) => job.source === 'file');
  return { added, ...lists, removed, renamed, refilled, faults, lints };
}

/**
 * A change that removes this many jobs, and more than half of those of the file, waits for a confirmation
 * (docs/design.md §5).
 */
const HELD_REMOVED_MIN = 5;

/**
 * Counts the jobs of the file that a plan removes, if they are so many that the file looks truncated. Returns null for
 * any other plan.
 */
export function massRemoval(plan: Plan): { removed: number; before: number } | null {
  const removed = plan.removed.length;
  const before = removed + plan.changed.length + plan.unchanged.length + plan.renamed.length;
  return removed < HELD_REMOVED_MIN || removed * 2 <= before ? null : { removed, before };
}

/** Tells whether applying a plan would change nothing that counts. */
export function isEmptyPlan(plan: Plan): boolean {
  const { added, changed, removed, adopted, restored, renamed, refilled } = plan;
  return [added, changed, removed, adopted, restored, renamed, refilled].every((list) => list.length === 0);
}

/**
 * Writes a plan for people: one job a line (`+ added`, `~ changed`, `- removed`, `= unchanged`) with the keys that
 * differ below it. A change of `defaults` or of a group that does the same to several jobs is written once, before
 * them. There are at most `linesMax` lines and one more, which says how many were left out.
 * @param hide takes everything that is surely a secret out of a text of a declaration
 */
export function formatPlan(
  whole: Plan,
  hide: (text: string) => string,
  linesMax = Number.POSITIVE_INFINITY,
): string[] {
  return atOnce(planLinesInParts(whole, hide, linesMax));
}

/**
 * Does as `formatPlan`, and pauses now and then. Of a plan of very many jobs only the lines that are shown are written,
 * since to hide secrets in all of them would take seconds; the others are counted.
 */
export function* planLinesInParts(
  whole: Plan,
  hide: (text: string) => string,
  linesMax: number,
): Generator<undefined, string[]> {
  const shown: Shown = (value) =>
    value === undefined ? '(not set)' : JSON.stringify(hideInValue(value, hide));
  const { plan, lines: sharedLines } = yield* withoutShared(whole, shown);
  const lines = sharedLines.slice(0, linesMax);
  let count = sharedLines.length;
  let looked = 0;
  for (const each of lineGroups(plan, shown)) {
    if (++looked % COMPARED_AT_ONCE === 0) yield;
    if (lines.length < linesMax) lines.push(...each.lines().slice(0, linesMax - lines.length));
    count += each.count;
  }
  return count <= linesMax ? lines : [...lines, `... and ${count - linesMax} more lines`];
}

/** Lines that belong together. They are written only where they are shown. */
interface LineGroup {
  count: number;
  lines: () => string[];
}

function* lineGroups(plan: Plan, shown: Shown): Generator<LineGroup> {
  const changes = function* <T extends Planned | Plan['refilled'][number]>(
    sign: string,
    list: Iterable<T>,
    noteOf: (planned: T) => string,
  ): Generator<LineGroup> {
    for (const planned of list) {
      const limitLine = limitLines(planned.job, nextOf(planned), planned.keys);
      yield {
        count: 1 + planned.keys.length + limitLine.length,
        lines: () => [...changeLines(sign, planned, noteOf(planned), shown), ...limitLine],
      };
    }
  };
  for (const next of plan.added) yield oneLine(() => `+ ${next.name}${summary(next.declaration)}`);
  yield* changes('+', plan.restored, () => ' (restored with its history)');
  yield* changes('~', plan.adopted, () => ' (from the API, now declared in the file)');
  yield* changes('~', plan.renamed, ({ next }) => ` (renamed to ${next.name}, with its history)`);
  yield* changes('~', plan.changed, () => '');
  yield* changes('~', plan.refilled, (planned) => ` (from the API, ${whyRefilled(planned)})`);
  for (const job of plan.removed) yield oneLine(() => `- ${job.name}`);
  if (plan.unchanged.length > 0) yield oneLine(() => `= ${plan.unchanged.length} unchanged`);
}

function whyRefilled({ job, declaration, keys }: Plan['refilled'][number]): string {
  const isOwn = job.declared.notify !== undefined && keys.some(({ key }) => key === 'notify');
  if (!isOwn) return 'by defaults';
  const isBack = differences(job.declared, declaration).every(({ key }) => key !== 'notify');
  return isBack
    ? 'whose notifier is configured again'
    : 'which names a notifier that is not configured any more';
}

function oneLine(text: () => string): LineGroup {
  return { count: 1, lines: () => [text()] };
}

/** Counts the jobs that a plan adds, changes and removes, such as `0 added, 16 changed, 1 removed`. */
export function planTotals({ added, restored, changed, renamed, adopted, refilled, removed }: Plan): string {
  const changes = [changed, renamed, adopted, refilled].reduce((count, list) => count + list.length, 0);
  return `${added.length + restored.length} added, ${changes} changed, ${removed.length} removed`;
}

/** At most this many of the jobs that share a change are named. */
const SHARED_NAMES_MAX = 10;

/**
 * Takes a change out of the changed jobs if their `defaults` or group made the same one to several, and writes it once
 * for all of these.
 */
function* withoutShared(plan: Plan, shown: Shown): Generator<undefined, { plan: Plan; lines: string[] }> {
  const sharing = new Map<string, { change: KeyChange; names: string[] }>();
  for (const [index, planned] of plan.changed.entries()) {
    if (index % COMPARED_AT_ONCE === 0) yield;
    for (const change of planned.keys) {
      const id = idOf(planned, change);
      if (id === null) continue;
      const known = sharing.get(id) ?? { change, names: [] };
      known.names.push(planned.job.name);
      sharing.set(id, known);
    }
  }
  const isShared = (id: string | null): boolean => id !== null && (sharing.get(id)?.names.length ?? 0) > 1;
  const changed: Planned[] = [];
  for (const [index, planned] of plan.changed.entries()) {
    if (index % COMPARED_AT_ONCE === 0) yield;
    const keys = planned.keys.filter((change) => !isShared(idOf(planned, change)));
    if (keys.length > 0) changed.push({ ...planned, keys });
  }
  const lines = Array.from(sharing)
    .filter(([id]) => isShared(id))
    .map(
      ([, { change, names }]) =>
        `~ ${changeText(change, shown)} (by defaults or a group, in ${names.length} jobs: ${firstOf(names, SHARED_NAMES_MAX)})`,
    );
  return { plan: { ...plan, changed }, lines };
}

/** Returns a text that is the same for equal changes, or null for a change that the job itself makes. */
function idOf({ next }: Planned, { key, from, to }: KeyChange): string | null {
  return next.declared[key] === undefined ? JSON.stringify([key, from ?? null, to ?? null]) : null;
}

type FoundList = 'changed' | 'unchanged' | 'adopted' | 'restored';

function listOf({ job, keys }: Planned): FoundList {
  if (job.removed_at !== null) return 'restored';
  if (job.source === 'api') return 'adopted';
  return keys.length > 0 ? 'changed' : 'unchanged';
}

/** Finds for each name the job that lives, or else the one that was removed last, whose history people expect back. */
export function currentByName(stored: readonly Job[]): Map<string, Job> {
  return atOnce(currentByNameInParts(stored));
}

function* currentByNameInParts(stored: readonly Job[]): Generator<undefined, Map<string, Job>> {
  const byName = new Map<string, Job>();
  for (const [index, job] of stored.entries()) {
    if (index % LOOKED_AT_ONCE === 0) yield;
    const other = byName.get(job.name);
    if (other === undefined || removedAt(job) > removedAt(other)) byName.set(job.name, job);
  }
  return byName;
}

function removedAt(job: Job): number {
  return job.removed_at ?? Number.POSITIVE_INFINITY;
}

function* refill(jobs: readonly Job[], fill: Fill): Generator<undefined, Plan['refilled']> {
  const refilled: Plan['refilled'][number][] = [];
  for (const [index, job] of jobs.entries()) {
    if (index % COMPARED_AT_ONCE === 0) yield;
    if (job.source !== 'api') continue;
    const declaration = applyDefaults(job.declared, fill);
    const keys = differences(job.declaration, declaration);
    if (keys.length > 0) refilled.push({ job, declaration, keys });
  }
  return refilled;
}

function changeLines(
  sign: string,
  planned: Planned | Plan['refilled'][number],
  note: string,
  shown: Shown,
): string[] {
  const { job, keys } = planned;
  return [`${sign} ${job.name}${note}`, ...keys.map((change) => `    ${changeText(change, shown)}`)];
}

function nextOf(planned: Planned | Plan['refilled'][number]): Declaration {
  return 'next' in planned ? planned.next.declaration : planned.declaration;
}

function changeText({ key, from, to }: KeyChange, shown: Shown): string {
  return `${key}: ${shown(from)} -> ${shown(to)}`;
}

function summary(declaration: Declaration): string {
  const limit = `limit ${limitOf(declaration)}`;
  if (declaration.every !== undefined) return ` (every ${declaration.every}, ${limit})`;
  if (declaration.schedule === undefined) return ` (${limit})`;
  return ` (${JSON.stringify(declaration.schedule)} ${declaration.timezone ?? 'UTC'}, ${limit})`;
}

/** Returns the time after which a run times out, declared or not. */
export function limitOf(declaration: Declaration): string {
  return formatDuration(maxRuntimeMsOf(declaration));
}

/**
 * Writes the change of a limit that nobody declares. Such a limit follows the schedule and the overlap, so a change of
 * those may change it.
 */
function limitLines(job: Job, next: Declaration, keys: readonly KeyChange[]): string[] {
  if (keys.some(({ key }) => key === 'max_runtime')) return [];
  const [from, to] = [limitOf(job.declaration), limitOf(next)];
  return from === to ? [] : [`    limit in force: ${from} -> ${to}`];
}

/** Writes a value for people. */
type Shown = (value: unknown) => string;
