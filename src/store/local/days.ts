import type { Day } from '../../core/model/daily.ts';

const DATE_LENGTH = '2026-01-15'.length;

/**
 * Returns the id by which the journal knows a day of a job. All dates have one length, so the two parts can be told
 * apart.
 */
export function dayId(jobId: string, date: string): string {
  return `${jobId}.${date}`;
}

/** The daily figures of all jobs. A change costs the same however many jobs there are. */
export class DayTable {
  /**
   * Holds the days of each job, oldest first. A list is replaced and never changed, so that a snapshot can be read at
   * leisure.
   */
  readonly #byJob = new Map<string, readonly Day[]>();

  get(jobId: string, date: string): Day | undefined {
    return this.of(jobId).findLast((day) => day.date === date);
  }

  /** Lists the days of a job, oldest first. */
  of(jobId: string): readonly Day[] {
    return this.#byJob.get(jobId) ?? [];
  }

  /** Lists at most `limit` days from before a date. */
  before(date: string, limit: number): Day[] {
    const found: Day[] = [];
    for (const days of this.#byJob.values()) {
      for (const day of days) {
        if (found.length >= limit) return found;
        if (day.date >= date) break;
        found.push(day);
      }
    }
    return found;
  }

  put(day: Day): void {
    const days = this.of(day.job_id);
    const before = days.findLastIndex(({ date }) => date < day.date) + 1;
    const isKnown = days[before]?.date === day.date;
    this.#byJob.set(day.job_id, [
      ...days.slice(0, before),
      day,
      ...days.slice(isKnown ? before + 1 : before),
    ]);
  }

  delete(id: string): void {
    const jobId = id.slice(0, -DATE_LENGTH - 1);
    const date = id.slice(-DATE_LENGTH);
    const days = this.of(jobId).filter((day) => day.date !== date);
    if (days.length > 0) this.#byJob.set(jobId, days);
    else this.#byJob.delete(jobId);
  }

  has(id: string): boolean {
    return this.get(id.slice(0, -DATE_LENGTH - 1), id.slice(-DATE_LENGTH)) !== undefined;
  }

  /** Returns all days as they are now, whatever changes while they are read. The call costs O(jobs). */
  snapshot(): Iterable<Day> {
    const jobs = [...this.#byJob.values()];
    return (function* (): Generator<Day> {
      for (const days of jobs) yield* days;
    })();
  }
}
