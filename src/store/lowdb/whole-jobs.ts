import type { Job } from '../../core/model/records.ts';
import type { Changes } from '../local/changes.ts';

/**
 * Returns the jobs that a commit changes, as its line holds them. The line has the change of each record against the
 * record before, so there is nothing to gain from a record of its own for what a job lives through.
 * @param before finds a job as it is before the commit
 */
export function wholeJobs(
  { jobs = [], states = [] }: Changes['put'],
  before: (id: string) => Job | undefined,
): Job[] {
  const lived = new Map(states.map(({ job_id, state }) => [job_id, state]));
  const whole: Job[] = [];
  for (const declared of jobs) {
    const state = lived.get(declared.id) ?? declared.state ?? before(declared.id)?.state;
    lived.delete(declared.id);
    if (state === undefined) throw new Error(`The job "${declared.id}" has no state: a bug.`);
    whole.push({ ...declared, state });
  }
  for (const [id, state] of lived) {
    const job = before(id);
    if (job === undefined) throw new Error(`There is no job "${id}" for a state: a bug.`);
    whole.push({ ...job, state });
  }
  return whole;
}
