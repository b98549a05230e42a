import type { Plan } from './plan.ts';
import type { PlannedJob } from './planned-job.ts';

/**
 * Returns the jobs that a file declares, in the parts of the stored records where those say the same. What is declared
 * of a hundred thousand jobs is then in memory once, and not once for the file and once for the store.
 */
export function jobsAsStored(declared: readonly PlannedJob[], { unchanged }: Plan): PlannedJob[] {
  const same = new Map<PlannedJob, PlannedJob>();
  for (const { job, next, isSameRecord } of unchanged) {
    if (!isSameRecord || job.place === null || next.renamed_from_place !== undefined) continue;
    const { name, place, declared: written, declaration } = job;
    same.set(next, { name, place, declared: written, declaration });
  }
  return declared.map((next) => same.get(next) ?? next);
}
