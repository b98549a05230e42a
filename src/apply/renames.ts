import type { Job } from '../core/model/records.ts';
import type { Spec } from '../core/model/spec.ts';
import { FORMER_NAME_MS, formerNames } from '../core/plan/rename.ts';
import type { Store, Tx } from '../store/store.ts';
import { applyEvent } from './events.ts';

/** Maps a former name to the job that had it and to the instant at which the job gave it up. */
type Renames = Readonly<Record<string, { job_id: string; at: number }>>;

/** The meta key of the index that finds a job by a name it no longer has. The jobs themselves hold the same facts. */
export const RENAMES_KEY = 'renames';

/**
 * Lets a job go on under another name, with its history (docs/design.md §5). Its open incident takes the new name.
 * @param next the job with its new name and its present declaration
 * @param replaced the job without history that has the new name so far
 * @param previous the spec of the job until now
 */
export function renameJob(
  tx: Tx,
  { job, next, replaced }: { job: Job; next: Job; replaced: Job | undefined },
  previous: Spec,
  at: number,
): void {
  if (replaced !== undefined) tx.deleteJob(replaced.id);
  const renamed = formerNames(job, next.name, at);
  applyEvent(tx, { ...next, renamed }, { type: 'spec_changed', at, previous });
  const incident = tx.openIncidentOf(job.id);
  if (incident !== undefined) tx.putIncident({ ...incident, job_name: next.name });
  const { [next.name]: _ownAgain, ...others } = (tx.meta(RENAMES_KEY) ?? {}) as Renames;
  tx.putMeta(RENAMES_KEY, { ...others, [job.name]: { job_id: job.id, at } } satisfies Renames);
}

/** Returns the id of the job that had a name which no job has now, for as long as pings under that name count. */
export async function formerOwnerId(store: Store, name: string, now: number): Promise<string | undefined> {
  const renames = ((await store.meta(RENAMES_KEY)) ?? {}) as Renames;
  const former = Object.hasOwn(renames, name) ? renames[name] : undefined;
  return former === undefined || former.at < formerNamesEndBefore(now) ? undefined : former.job_id;
}

/** Returns the instant before which a name was given up whose pings count no more. */
export function formerNamesEndBefore(now: number): number {
  return now - FORMER_NAME_MS;
}

/** Drops former names past their time, those of the given jobs and those in the index. */
export function forgetFormerNames(tx: Tx, jobs: readonly Job[], now: number): void {
  const isKept = ({ at }: { at: number }): boolean => at >= formerNamesEndBefore(now);
  for (const job of jobs) {
    const kept = job.renamed?.filter(isKept) ?? [];
    if (kept.length < (job.renamed?.length ?? 0)) tx.putJob({ ...job, renamed: kept });
  }
  const renames = (tx.meta(RENAMES_KEY) ?? {}) as Renames;
  const kept = Object.entries(renames).filter(([, former]) => isKept(former));
  if (kept.length < Object.keys(renames).length) tx.putMeta(RENAMES_KEY, Object.fromEntries(kept));
}
