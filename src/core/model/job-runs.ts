import type { Run } from './records.ts';
import { compareEnds, compareRuns, insertRun, type Runs } from './runs.ts';

/** The runs of one job, with indexes for the questions that pings ask. */
export class JobRuns implements Runs {
  readonly #byId: ReadonlyMap<string, Run>;
  readonly #byRid = new Map<string, Run>();
  readonly #open: Run[] = [];
  readonly #ended: Run[] = [];
  #all: Run[] = [];
  /** The generation of the snapshot that must not see later changes of `#all`. */
  #generation: number;

  /** @param byId the runs of all jobs, which the caller keeps */
  constructor(byId: ReadonlyMap<string, Run>, generation = 0) {
    this.#byId = byId;
    this.#generation = generation;
  }

  get(id: string): Run | undefined {
    return this.#byId.get(id);
  }

  ofRid(rid: string): Run | undefined {
    return this.#byRid.get(rid);
  }

  open(): readonly Run[] {
    return this.#open;
  }

  ended(): readonly Run[] {
    return this.#ended;
  }

  all(): readonly Run[] {
    return this.#all;
  }

  /**
   * Puts a run.
   * @param before the run as it is known so far
   */
  put(run: Run, before: Run | undefined, generation = 0): void {
    const all = this.#writable(generation);
    if (before === undefined) insertRun(all, run, compareRuns);
    else {
      all[all.lastIndexOf(before)] = run;
      take(before.ended_at === null ? this.#open : this.#ended, before);
    }
    if (run.ended_at === null) insertRun(this.#open, run, compareRuns);
    else insertRun(this.#ended, run, compareEnds);
    const ofRid = run.rid === null ? undefined : this.#byRid.get(run.rid);
    // A run id that comes again means the newest run with it, whichever was changed last.
    if (run.rid !== null && (ofRid === undefined || compareRuns(ofRid, run) <= 0))
      this.#byRid.set(run.rid, run);
  }

  delete(run: Run, generation = 0): void {
    take(this.#writable(generation), run);
    take(run.ended_at === null ? this.#open : this.#ended, run);
    if (run.rid !== null && this.#byRid.get(run.rid) === run) this.#byRid.delete(run.rid);
  }

  /** Returns the list of all runs, copied first if a snapshot may still be reading it. */
  #writable(generation: number): Run[] {
    if (this.#generation !== generation) this.#all = [...this.#all];
    this.#generation = generation;
    return this.#all;
  }
}

function take(runs: Run[], run: Run): void {
  runs.splice(runs.indexOf(run), 1);
}
