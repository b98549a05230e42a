import { formatDuration } from '../../schedule/duration.ts';
import type { Declaration } from '../model/declaration.ts';
import { applyDefaults, type Fill } from '../model/defaults.ts';
import type { Fault, Lint } from '../model/errors.ts';
import type { Job } from '../model/records.ts';
import { maxRuntimeMsOf } from '../model/spec.ts';
import { hideInValue } from '../text/redact.ts';
import type { PlannedJob } from './planned-job.ts';
import { planRenames, type Rename } from './rename.ts';

/** What became of one key of a declaration; undefined where it is not set. */
export interface KeyChange {
  key: keyof Declaration;
  from: unknown;
  to: unknown;
}

/** A stored job that a file declares, and what that changes about what counts. */
export interface Planned {
  job: Job;
  next: PlannedJob;
  keys: readonly KeyChange[];
}

/** What applying a configuration does to the stored jobs. Every stored or declared job is in at most one list. */
export interface Plan {
  added: readonly PlannedJob[];
  changed: readonly Planned[];
  /** Jobs of the file that it declares no longer. */
  removed: readonly Job[];
  /**
   * Nothing that counts changed; `place` and `declared` may have, so that the record needs writing when
   * `isSameRecord` says so.
   */
  unchanged: readonly Planned[];
  /** Registered over the API so far; from now on the file's. */
  adopted: readonly Planned[];
  /** Removed earlier, within the time that history is kept; they come back with it. */
  restored: readonly Planned[];
  /** They go on under another name, with their history. */
  renamed: readonly (Planned & Pick<Rename, 'replaced'>)[];
  /** Jobs of the API for which the file's `groups` or `defaults` changed what counts. */
  refilled: readonly { job: Job; declaration: Declaration; keys: readonly KeyChange[] }[];
  /** What cannot be done; a plan that has any must not be applied. */
  faults: readonly Fault[];
  lints: readonly Lint[];
}

/**
 * Compares what files declare with what is stored (docs/design.md §5, ownership). Jobs of the API are left alone,
 * unless the file declares their name or changes what fills them.
 * @param stored every job, removed ones included
 * @param declared the file's jobs; names are unique
 * @param fill the file's `defaults` and `groups`; without them, no job of the API is looked at
 */
export function planChanges(stored: readonly Job[], declared: readonly PlannedJob[], fill?: Fill): Plan {
  const byName = currentByName(stored);
  const { renames, faults, lints } = planRenames(byName, declared);
  const added: PlannedJob[] = [];
  const renamed: Plan['renamed'][number][] = [];
  const lists = { changed: [], unchanged: [], adopted: [], restored: [] } as Record<FoundList, Planned[]>;
  const names = new Set<string>();
  for (const next of declared) {
    names.add(next.name);
    const rename = renames.get(next.name);
    const job = byName.get(next.name);
    if (rename !== undefined) {
      renamed.push({ ...rename, keys: differences(rename.job.declaration, next.declaration) });
    } else if (job === undefined) {
      added.push(next);
    } else {
      const planned = { job, next, keys: differences(job.declaration, next.declaration) };
      lists[listOf(planned)].push(planned);
    }
  }
  const kept = new Set(renamed.map(({ job }) => job));
  const others = stored.filter((job) => job.removed_at === null && !names.has(job.name) && !kept.has(job));
  const refilled = fill === undefined ? [] : refill(others, fill);
  const removed = others.filter((job) => job.source === 'file');
  return { added, ...lists, removed, renamed, refilled, faults, lints };
}

/**
 * A change that removes this many jobs, and more than half of the file's, waits for a confirmation (docs/design.md §5).
 */
const HELD_REMOVED_MIN = 5;

/** How many of the file's jobs a plan removes, where it is so many that it looks like a truncated file; else null. */
export function massRemoval(plan: Plan): { removed: number; before: number } | null {
  const removed = plan.removed.length;
  const before = removed + plan.changed.length + plan.unchanged.length + plan.renamed.length;
  return removed < HELD_REMOVED_MIN || removed * 2 <= before ? null : { removed, before };
}

/** Whether applying a plan would change what counts. */
export function isEmptyPlan(plan: Plan): boolean {
  const { added, changed, removed, adopted, restored, renamed, refilled } = plan;
  return [added, changed, removed, adopted, restored, renamed, refilled].every((list) => list.length === 0);
}

/** Whether a planned job's stored record already says all that the file says. */
export function isSameRecord({ job, next }: Planned): boolean {
  return (
    isSame(job.declared, next.declared) &&
    job.place?.file === next.place.file &&
    job.place.line === next.place.line &&
    isSame(job.declaration, next.declaration)
  );
}

/** The keys in which two declarations differ, in alphabetical order. */
export function differences(from: Declaration, to: Declaration): KeyChange[] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)] as (keyof Declaration)[]);
  return [...keys]
    .sort()
    .filter((key) => !isSame(from[key], to[key]))
    .map((key) => ({ key, from: from[key], to: to[key] }));
}

/**
 * Writes a plan for people, one job a line (`+ added`, `~ changed`, `- removed`, `= unchanged`), the keys that
 * differ below it. What one change of `defaults` or of a group does to several jobs is said once, before them. At most
 * `linesMax` lines, the last one saying how many were left out.
 * @param hide leaves out of a text of a declaration what is surely a secret
 */
export function formatPlan(
  whole: Plan,
  hide: (text: string) => string,
  linesMax = Number.POSITIVE_INFINITY,
): string[] {
  const shown: Shown = (value) =>
    value === undefined ? '(not set)' : JSON.stringify(hideInValue(value, hide));
  const { plan, lines: sharedLines } = withoutShared(whole, shown);
  const lines = [
    ...sharedLines,
    ...plan.added.map((next) => `+ ${next.name}${summary(next.declaration)}`),
    ...plan.restored.flatMap((planned) => changeLines('+', planned, ' (restored with its history)', shown)),
    ...plan.adopted.flatMap((planned) =>
      changeLines('~', planned, ' (from the API, now declared in the file)', shown),
    ),
    ...plan.renamed.flatMap((planned) =>
      changeLines('~', planned, ` (renamed to ${planned.next.name}, with its history)`, shown),
    ),
    ...plan.changed.flatMap((planned) => changeLines('~', planned, '', shown)),
    ...plan.refilled.flatMap((planned) => changeLines('~', planned, ' (from the API, by defaults)', shown)),
    ...plan.removed.map((job) => `- ${job.name}`),
  ];
  if (plan.unchanged.length > 0) lines.push(`= ${plan.unchanged.length} unchanged`);
  if (lines.length <= linesMax) return lines;
  return [...lines.slice(0, linesMax), `... and ${lines.length - linesMax} more lines`];
}

/** How many jobs a plan adds, changes and removes, such as `0 added, 16 changed, 1 removed`. */
export function planTotals({ added, restored, changed, renamed, adopted, refilled, removed }: Plan): string {
  const changes = [changed, renamed, adopted, refilled].reduce((count, list) => count + list.length, 0);
  return `${added.length + restored.length} added, ${changes} changed, ${removed.length} removed`;
}

/** How many of the jobs that share a change are named. */
const SHARED_NAMES_MAX = 10;

/** Takes out of the changed jobs what the same change above them made of several, and says it once for all of these. */
function withoutShared(plan: Plan, shown: Shown): { plan: Plan; lines: string[] } {
  const sharing = new Map<string, { change: KeyChange; names: string[] }>();
  for (const planned of plan.changed) {
    for (const change of planned.keys) {
      const id = idOf(planned, change);
      if (id === null) continue;
      const { names } = sharing.get(id) ?? { names: [] };
      sharing.set(id, { change, names: [...names, planned.job.name] });
    }
  }
  const isShared = (id: string | null): boolean => id !== null && (sharing.get(id)?.names.length ?? 0) > 1;
  const changed = plan.changed
    .map((planned) => ({
      ...planned,
      keys: planned.keys.filter((change) => !isShared(idOf(planned, change))),
    }))
    .filter(({ keys }) => keys.length > 0);
  const lines = Array.from(sharing)
    .filter(([id]) => isShared(id))
    .map(
      ([, { change, names }]) =>
        `~ ${changeText(change, shown)} (by defaults or a group, in ${names.length} jobs: ${someOf(names)})`,
    );
  return { plan: { ...plan, changed }, lines };
}

/** What tells a change from others, where it is not the job itself that makes it. */
function idOf({ next }: Planned, { key, from, to }: KeyChange): string | null {
  return next.declared[key] === undefined ? JSON.stringify([key, from ?? null, to ?? null]) : null;
}

function someOf(names: readonly string[]): string {
  const more = names.length - SHARED_NAMES_MAX;
  return more <= 0 ? names.join(', ') : `${names.slice(0, SHARED_NAMES_MAX).join(', ')} and ${more} more`;
}

type FoundList = 'changed' | 'unchanged' | 'adopted' | 'restored';

function listOf({ job, keys }: Planned): FoundList {
  if (job.removed_at !== null) return 'restored';
  if (job.source === 'api') return 'adopted';
  return keys.length > 0 ? 'changed' : 'unchanged';
}

/** For each name the job that lives, else the one removed last: its history is what people expect back. */
function currentByName(stored: readonly Job[]): Map<string, Job> {
  const byName = new Map<string, Job>();
  for (const job of stored) {
    const other = byName.get(job.name);
    if (other === undefined || removedAt(job) > removedAt(other)) byName.set(job.name, job);
  }
  return byName;
}

function removedAt(job: Job): number {
  return job.removed_at ?? Number.POSITIVE_INFINITY;
}

function refill(jobs: readonly Job[], fill: Fill): Plan['refilled'] {
  return jobs
    .filter((job) => job.source === 'api')
    .map((job) => {
      const declaration = applyDefaults(job.declared, fill);
      return { job, declaration, keys: differences(job.declaration, declaration) };
    })
    .filter(({ keys }) => keys.length > 0);
}

function changeLines(
  sign: string,
  planned: Planned | Plan['refilled'][number],
  note: string,
  shown: Shown,
): string[] {
  const { job, keys } = planned;
  const next = 'next' in planned ? planned.next.declaration : planned.declaration;
  return [
    `${sign} ${job.name}${note}`,
    ...keys.map((change) => `    ${changeText(change, shown)}`),
    ...limitLines(job, next, keys),
  ];
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

/** After how long a run times out, declared or not. */
export function limitOf(declaration: Declaration): string {
  return formatDuration(maxRuntimeMsOf(declaration));
}

/** A limit that nobody declares follows the schedule and the overlap: a change of those may change it. */
function limitLines(job: Job, next: Declaration, keys: readonly KeyChange[]): string[] {
  if (keys.some(({ key }) => key === 'max_runtime')) return [];
  const [from, to] = [limitOf(job.declaration), limitOf(next)];
  return from === to ? [] : [`    limit in force: ${from} -> ${to}`];
}

/** How a value is written for people. */
type Shown = (value: unknown) => string;

/** Equality of JSON values; the order of keys does not count, that of lists does. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
  );
}
