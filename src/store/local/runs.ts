import { JobRuns } from '../../core/model/job-runs.ts';
import type { Row } from '../../core/model/records.ts';
import { NO_RUNS, type Runs } from '../../core/model/runs.ts';

/** The runs of all jobs. A change costs the same however many jobs there are. */
export class RunTable {
  readonly #byId = new Map<string, Row>();
  readonly #byJob = new Map<string, JobRuns>();
  #generation = 0;

  get(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  /** Returns the runs of a job, which are valid until the next change. */
  of(jobId: string): Runs {
    return this.#byJob.get(jobId) ?? NO_RUNS;
  }

  /** Returns the history of a job, with the lists that only reads of people need; undefined where it has none. */
  ofJob(jobId: string): JobRuns | undefined {
    return this.#byJob.get(jobId);
  }

  put(run: Row): void {
    const runs = this.#byJob.get(run.job_id) ?? new JobRuns(this.#byId, this.#generation);
    this.#byJob.set(run.job_id, runs);
    runs.put(run, this.#byId.get(run.id), this.#generation);
    this.#byId.set(run.id, run);
  }

  delete(id: string): void {
    const run = this.#byId.get(id);
    const runs = run === undefined ? undefined : this.#byJob.get(run.job_id);
    if (run === undefined || runs === undefined) return;
    runs.delete(run, this.#generation);
    this.#byId.delete(id);
    if (runs.all().length === 0) this.#byJob.delete(run.job_id);
  }

  /**
   * Drops the settled runs that ended first, beyond `keep`, and never an open one. Returns the ids of the dropped runs.
   */
  trim(jobId: string, keep: number): string[] {
    const ended = this.of(jobId).ended();
    const dropped = ended.slice(0, Math.max(0, ended.length - keep)).map((run) => run.id);
    for (const id of dropped) this.delete(id);
    return dropped;
  }

  /** Returns all runs as they are now, whatever changes while they are read. The call costs O(jobs), not O(runs). */
  snapshot(): Iterable<Row> {
    const all = [...this.#byJob.values()].map((runs) => runs.all());
    this.#generation += 1;
    return (function* (): Generator<Row> {
      for (const runs of all) yield* runs;
    })();
  }
}
