import type { Row } from '../../core/model/records.ts';
import { isRegularId, jobIdIn } from '../../core/model/rows.ts';
import { NO_RUNS, type Runs } from '../../core/model/runs.ts';
import { type HistorySnapshot, JobHistory, type Packed, packedSnapshot, rowsOf } from './job-history.ts';

/** The packed part of the history of one job, as a snapshot on disk holds it. */
export interface PackedHistory extends Packed {
  job_id: string;
}

/** This many histories stay unpacked after a question, because another about the same job often follows. */
const UNPACKED_MAX = 128;

/** The runs of all jobs. A change costs the same however many jobs there are. */
export class RunTable {
  readonly #byJob = new Map<string, JobHistory>();
  /** Maps the id of each row from which its job cannot be told to that job. */
  readonly #oddIds = new Map<string, string>();
  /** The histories that were unpacked, the one that was longest ago first. */
  readonly #unpacked = new Set<JobHistory>();
  #isPacking = false;

  /** Packs rows from now on, and those that are there already. */
  beginPacking(): void {
    this.#isPacking = true;
    for (const history of this.#byJob.values()) history.pack();
    this.#unpacked.clear();
  }

  get(id: string): Row | undefined {
    return this.#historyOf(id)?.get(id);
  }

  /** Tells whether there is such a row, without a look at what it says. */
  has(id: string): boolean {
    return this.#historyOf(id)?.has(id) ?? false;
  }

  /** Returns the runs of a job, which are valid until the next change. */
  of(jobId: string): Runs {
    return this.#byJob.get(jobId) ?? NO_RUNS;
  }

  /** Returns the history of a job, with the lists that only reads of people need; undefined where it has none. */
  ofJob(jobId: string): JobHistory | undefined {
    return this.#byJob.get(jobId);
  }

  put(run: Row): void {
    if (!isRegularId(run)) this.#oddIds.set(run.id, run.job_id);
    const history = this.#byJob.get(run.job_id) ?? this.#added(run.job_id);
    history.put(run);
    if (this.#isPacking && history.isLoose && !this.#unpacked.has(history)) history.pack();
  }

  /** Puts the packed part of the history of a job that has none yet. */
  putPacked({ job_id: jobId, ...packed }: PackedHistory): void {
    this.#added(jobId).load(packed);
  }

  delete(id: string): void {
    const row = this.get(id);
    if (row === undefined) return;
    const history = this.#byJob.get(row.job_id)!;
    history.delete(id);
    this.#oddIds.delete(id);
    if (history.size > 0) return;
    this.#byJob.delete(row.job_id);
    this.#unpacked.delete(history);
  }

  /**
   * Drops the settled runs that ended first, beyond `keep`, and never an open one. Returns the ids of the dropped runs.
   */
  trim(jobId: string, keep: number): string[] {
    const history = this.#byJob.get(jobId);
    const dropped = history?.trim(keep) ?? [];
    if (dropped.length === 0) return dropped;
    for (const id of dropped) this.#oddIds.delete(id);
    if (history?.size === 0) this.#byJob.delete(jobId);
    return dropped;
  }

  /** Returns all runs as they are now, whatever changes while they are read. The call costs O(jobs), not O(runs). */
  snapshot(): Iterable<Row> {
    const all = this.#snapshots();
    return (function* (): Generator<Row> {
      for (const { jobId, packed, rows } of all) {
        if (packed !== null) yield* rowsOf(jobId, packed);
        yield* rows;
      }
    })();
  }

  /** Returns all runs as they are now, packed as far as they can be. It costs as much as `snapshot`. */
  packedSnapshot(): Iterable<{ packed: PackedHistory | null; rows: readonly Row[] }> {
    const all = this.#snapshots();
    return (function* (): Generator<{ packed: PackedHistory | null; rows: readonly Row[] }> {
      for (const history of all) {
        const { packed, rows } = packedSnapshot(history);
        yield { packed: packed === null ? null : { job_id: history.jobId, ...packed }, rows };
      }
    })();
  }

  /** Returns the history in which a row with this id is, if there is one. */
  #historyOf(id: string): JobHistory | undefined {
    const jobId = this.#oddIds.size === 0 ? undefined : this.#oddIds.get(id);
    return this.#byJob.get(jobId ?? jobIdIn(id));
  }

  #snapshots(): HistorySnapshot[] {
    return Array.from(this.#byJob.values(), (history) => history.snapshot());
  }

  #added(jobId: string): JobHistory {
    const history = new JobHistory(jobId, this.#noteUnpacked);
    this.#byJob.set(jobId, history);
    return history;
  }

  /** One function for all histories, since each of a hundred thousand refers to it. */
  readonly #noteUnpacked = (history: JobHistory): void => {
    if (!this.#isPacking) return;
    this.#unpacked.add(history);
    for (const longest of this.#unpacked) {
      if (this.#unpacked.size <= UNPACKED_MAX) return;
      this.#unpacked.delete(longest);
      longest.pack();
    }
  };
}
