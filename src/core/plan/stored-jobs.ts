import type { Plan } from './plan.ts';
import type { PlannedJob } from './planned-job.ts';

/** So many jobs are looked at before a pause. */
const LOOKED_AT_ONCE = 5_000;

/**
 * Returns the jobs that a file declares, in the parts of the stored records where those say the same. What is declared
 * of a hundred thousand jobs is then in memory once, and not once for the file and once for the store. It pauses now and
 * then.
 */
export function* jobsAsStored(
  declared: readonly PlannedJob[],
  { unchanged }: Plan,
): Generator<undefined, PlannedJob[]> {
  const same = new Map<PlannedJob, PlannedJob>();
  let looked = 0;
  for (const { job, next, isSameRecord } of unchanged) {
    if (++looked % LOOKED_AT_ONCE === 0) yield;
    if (!isSameRecord || job.place === null || next.renamed_from_place !== undefined) continue;
    const { name, place, declared: written, declaration } = job;
    same.set(next, { name, place, declared: written, declaration });
  }
  const jobs: PlannedJob[] = [];
  for (const next of declared) {
    if (++looked % LOOKED_AT_ONCE === 0) yield;
    jobs.push(same.get(next) ?? next);
  }
  return jobs;
}
