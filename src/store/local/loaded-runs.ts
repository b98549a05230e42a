import type { PingedRow, Row, Run } from '../../core/model/records.ts';
import { isOpen, rowNumberOf } from '../../core/model/rows.ts';
import type { Runs } from '../../core/model/runs.ts';

/** The part of the history of a job that was loaded. */
export interface LoadedPart {
  jobId: string;
  /** The number of the newest row. */
  runCount: number;
  /** The run ids of clients whose newest rows are loaded. */
  rids: ReadonlySet<string>;
  /** Is called for what is not loaded, and throws. */
  lack: () => never;
}

/**
 * The stored runs of a job as far as a scope asked for them, as a store has them that loads rows over a network. A
 * question about any other row ends the transaction, which then runs again with the whole recent history.
 */
export class LoadedRuns implements Runs {
  readonly #runs: Runs;
  readonly #part: LoadedPart;

  constructor(runs: Runs, part: LoadedPart) {
    this.#runs = runs;
    this.#part = part;
  }

  get(id: string): Row | undefined {
    const { jobId, runCount, lack } = this.#part;
    const row = this.#runs.get(id);
    // A number that no row had yet is that of a row which is being made.
    if (row === undefined) return (rowNumberOf(jobId, id) ?? 0) > runCount ? undefined : lack();
    return this.#isLoaded(row) ? row : lack();
  }

  ofRid(rid: string): PingedRow | undefined {
    return this.#part.rids.has(rid) ? this.#runs.ofRid(rid) : this.#part.lack();
  }

  anonymous(): PingedRow | undefined {
    return this.#runs.anonymous();
  }

  open(): readonly Run[] {
    return this.#runs.open();
  }

  ended(): readonly Row[] {
    return this.#part.lack();
  }

  all(): readonly Row[] {
    return this.#part.lack();
  }

  #isLoaded(row: Row): boolean {
    const { runCount, rids } = this.#part;
    if (isOpen(row) || row.number === runCount || this.#runs.anonymous()?.id === row.id) return true;
    return row.kind !== 'slots' && row.rid !== null && rids.has(row.rid) && this.#runs.ofRid(row.rid) === row;
  }
}
