import { jobOf } from '../../core/model/job-shape.ts';
import type { Job } from '../../core/model/records.ts';
import type { Changes } from '../local/changes.ts';

/**
 * Returns the jobs whose declarations a commit writes, with what they live through.
 * @param before finds a job as it is before the commit
 */
export function wholeJobs(
  { jobs = [], states = [] }: Changes['put'],
  before: (id: string) => Job | undefined,
): Job[] {
  if (jobs.length === 0) return [];
  const lived = new Map(states.map(({ job_id, state }) => [job_id, state]));
  return jobs.map((declared) => {
    const state = lived.get(declared.id) ?? declared.state ?? before(declared.id)?.state;
    if (state === undefined) throw new Error(`The job "${declared.id}" has no state: a bug.`);
    return jobOf(declared, state);
  });
}
