import type { Job } from '../../cli/api-types.ts';
import { instantOf } from './time.ts';

/** Most jobs start soon after their slot, and the page hears of that. So it waits this long before it asks. */
const AFTER_MS = 3_000;
/** A clock of the reader that is ahead makes it ask too soon, so it asks again. */
const AGAIN_MS = 30_000;

/**
 * Finds the jobs whose slot has come while nothing was heard of them. That a job is late is a matter of time alone, so
 * no event tells of it.
 */
export class DueJobs {
  #askedAt = new Map<string, number>();

  /** Returns the jobs to look at again. A job is returned once for a slot, and again after a while. */
  take(jobs: Iterable<Job>, nowAt: number): Job[] {
    const askedAt = new Map<string, number>();
    const found: Job[] = [];
    for (const job of jobs) {
      const expectedAt = instantOf(job.expected_at);
      if (job.late || expectedAt === null || expectedAt + AFTER_MS > nowAt) continue;
      const key = `${job.id} ${expectedAt}`;
      const lastAt = this.#askedAt.get(key) ?? -Infinity;
      if (nowAt - lastAt >= AGAIN_MS) found.push(job);
      askedAt.set(key, nowAt - lastAt >= AGAIN_MS ? nowAt : lastAt);
    }
    this.#askedAt = askedAt;
    return found;
  }
}
