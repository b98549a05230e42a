import type { Fault, Lint } from '../model/errors.ts';
import type { Job } from '../model/records.ts';
import type { PlannedJob } from './planned-job.ts';
import { DAY_MS } from '../../schedule/units.ts';

/** Pings under a former name count for this long, and a revert finds the history again (docs/design.md §5). */
export const FORMER_NAME_MS = 30 * DAY_MS;

/** A stored job that goes on under another name. */
export interface Rename {
  job: Job;
  next: PlannedJob;
  /** The job that is stored under the new name. It has no history, so it makes way. */
  replaced: Job | undefined;
}

export interface Renames {
  /** Maps the new name to its rename. */
  renames: ReadonlyMap<string, Rename>;
  faults: readonly Fault[];
  lints: readonly Lint[];
}

/** So many jobs are looked at before a pause. */
const LOOKED_AT_ONCE = 5_000;

/**
 * Finds the jobs that a plan renames (docs/design.md §5). Either `renamed_from` names a job of the file that leaves as
 * the new one appears, or a rename is reverted, which needs no `renamed_from`. A history is never put onto another. It pauses now and
 * then.
 * @param stored the jobs by name; a removed job stands for its name only where no other has it
 */
export function* planRenames(
  stored: ReadonlyMap<string, Job>,
  declared: readonly PlannedJob[],
): Generator<undefined, Renames> {
  let looked = 0;
  const isPause = (): boolean => ++looked % LOOKED_AT_ONCE === 0;
  const names = new Set<string>();
  for (const { name } of declared) {
    if (isPause()) yield;
    names.add(name);
  }
  const leaving = (job: Job | undefined): job is Job =>
    job !== undefined && job.removed_at === null && job.source === 'file' && !names.has(job.name);
  const formerly = new Map<string, Job>();
  for (const job of stored.values()) {
    if (isPause()) yield;
    if (leaving(job)) for (const { from } of job.renamed ?? []) formerly.set(from, job);
  }
  const renames = new Map<string, Rename>();
  const taken = new Set<Job>();
  const faults: Fault[] = [];
  const lints: Lint[] = [];
  for (const next of declared) {
    if (isPause()) yield;
    const from = next.declared.renamed_from;
    if (from === undefined && formerly.size === 0) continue;
    const existing = stored.get(next.name);
    const old = from === undefined ? formerly.get(next.name) : stored.get(from);
    // The reader of the files already says that the old name is declared, too.
    if (from !== undefined && (names.has(from) || isFormerNameOf(existing, from))) continue;
    if (leaving(old) && !taken.has(old)) {
      if (existing === undefined || !hasHistory(existing)) {
        renames.set(next.name, { job: old, next, replaced: existing });
        taken.add(old);
      } else if (from !== undefined) faults.push(ontoHistory(next, from));
    } else if (from !== undefined) {
      lints.push(nothingToRename(next, from, old));
    }
  }
  return { renames, faults, lints };
}

/**
 * Returns the former names of a job once it has another name. Each stands once, with the latest time, and its own name
 * is not among them.
 */
export function formerNames(job: Job, to: string, at: number): NonNullable<Job['renamed']> {
  const others = (job.renamed ?? []).filter(({ from }) => from !== to && from !== job.name);
  return [...others, { from: job.name, at }];
}

function isFormerNameOf(job: Job | undefined, name: string): boolean {
  return job?.renamed?.some(({ from }) => from === name) ?? false;
}

/** Tells whether a history would be lost if another took the place of the job's. */
export function hasHistory(job: Job): boolean {
  return job.state.run_count > 0;
}

function ontoHistory(next: PlannedJob, from: string): Fault {
  const message =
    `"${next.name}" has a history of its own, so that of "${from}" cannot be put in its place; ` +
    'take another name, or take renamed_from out to go on without the history of the old one';
  return { code: 'rename_onto_history', ...placeOf(next), message };
}

function nothingToRename(next: PlannedJob, from: string, old: Job | undefined): Lint {
  const why =
    old === undefined
      ? `no job "${from}" is known (any more); take it out if the rename is done`
      : old.removed_at !== null
        ? `"${from}" was removed earlier; to take over its history, declare it again, then rename it in one change`
        : `"${from}" is registered over the API and stays`;
  return { code: 'renames_nothing', ...placeOf(next), message: `renames nothing: ${why}` };
}

function placeOf(next: PlannedJob): Pick<Fault, 'path' | 'file' | 'line' | 'column'> {
  return { path: `jobs.${next.name}.renamed_from`, ...(next.renamed_from_place ?? next.place) };
}
