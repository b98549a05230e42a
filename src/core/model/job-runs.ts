import type { PingedRow, Row, Run, SlotsRow } from './records.ts';
import { beganAtOf, isAnonymous, isOpen } from './rows.ts';
import { compareEnds, compareRuns, insertRun, type Runs } from './runs.ts';

/** The runs of one job, with indexes for the questions that pings ask. */
export class JobRuns implements Runs {
  readonly #byId: ReadonlyMap<string, Row>;
  readonly #byRid = new Map<string, PingedRow>();
  readonly #open: Run[] = [];
  readonly #ended: Row[] = [];
  #all: Row[] = [];
  /** The newest row that an end without a run id may be about; null where it has to be looked for. */
  #anonymous: { row: PingedRow | undefined } | null = { row: undefined };
  /** The rows in the order in which they began: `same` where `#all` is, null where nobody has looked since a change. */
  #byBeginning: 'same' | readonly Row[] | null = 'same';
  /** The rows that stand for several slots; null where nobody has looked since a change. */
  #streaks: readonly SlotsRow[] | null = [];
  /** The generation of the snapshot that must not see later changes of `#all`. */
  #generation: number;

  /** @param byId the runs of all jobs, which the caller keeps */
  constructor(byId: ReadonlyMap<string, Row>, generation = 0) {
    this.#byId = byId;
    this.#generation = generation;
  }

  get(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  ofRid(rid: string): PingedRow | undefined {
    return this.#byRid.get(rid);
  }

  anonymous(): PingedRow | undefined {
    this.#anonymous ??= { row: this.#all.findLast(isAnonymous) };
    return this.#anonymous.row;
  }

  open(): readonly Run[] {
    return this.#open;
  }

  ended(): readonly Row[] {
    return this.#ended;
  }

  all(): readonly Row[] {
    return this.#all;
  }

  /**
   * Lists all rows in the order in which they began, and those that began together by their numbers. That is almost
   * always the order in which Cronflow learned of them, and then no list is made.
   */
  byBeginning(): readonly Row[] {
    if (this.#byBeginning === null) {
      const isSorted = this.#all.every(
        (row, at) => at === 0 || compareBeginnings(this.#all[at - 1]!, row) <= 0,
      );
      this.#byBeginning = isSorted ? 'same' : this.#all.toSorted(compareBeginnings);
    }
    return this.#byBeginning === 'same' ? this.#all : this.#byBeginning;
  }

  /** Lists the rows that stand for several slots, oldest first. */
  streaks(): readonly SlotsRow[] {
    this.#streaks ??= this.#all.filter(isStreak);
    return this.#streaks;
  }

  /**
   * Puts a run.
   * @param before the run as it is known so far
   */
  put(run: Row, before: Row | undefined, generation = 0): void {
    const all = this.#writable(generation);
    this.#noteOrder(run, before);
    if (before === undefined) insertRun(all, run, compareRuns);
    else {
      all[all.lastIndexOf(before)] = run;
      take(isOpen(before) ? this.#open : this.#ended, before);
    }
    if (isOpen(run)) insertRun(this.#open, run, compareRuns);
    else insertRun(this.#ended, run, compareEnds);
    this.#noteAnonymous(run, before);
    if (run.kind === 'slots' || run.rid === null) return;
    // A run id that comes again means the newest run with it, whichever was changed last.
    const ofRid = this.#byRid.get(run.rid);
    if (ofRid === undefined || compareRuns(ofRid, run) <= 0) this.#byRid.set(run.rid, run);
  }

  delete(run: Row, generation = 0): void {
    take(this.#writable(generation), run);
    if (this.#byBeginning !== 'same') this.#byBeginning = null;
    if (isStreak(run)) this.#streaks = null;
    take(isOpen(run) ? this.#open : this.#ended, run);
    if (this.#anonymous?.row === run) this.#anonymous = null;
    if (run.kind === 'slots' || run.rid === null) return;
    if (this.#byRid.get(run.rid) === run) this.#byRid.delete(run.rid);
  }

  /** Keeps the lists that only reads of people need as long as they hold. It looks at no other row than the newest. */
  #noteOrder(run: Row, before: Row | undefined): void {
    if (isStreak(run) || (before !== undefined && isStreak(before))) this.#streaks = null;
    const newest = this.#all.at(-1);
    const keepsOrder =
      before === undefined
        ? newest === undefined || (newest.number < run.number && beganAtOf(newest) <= beganAtOf(run))
        : beganAtOf(before) === beganAtOf(run);
    if (!keepsOrder || this.#byBeginning !== 'same') this.#byBeginning = null;
  }

  #noteAnonymous(run: Row, before: Row | undefined): void {
    if (this.#anonymous === null) return;
    const { row } = this.#anonymous;
    if (isAnonymous(run)) {
      if (row === undefined || compareRuns(row, run) <= 0) this.#anonymous = { row: run };
    } else if (row !== undefined && row === before) this.#anonymous = null;
  }

  /** Returns the list of all runs, copied first if a snapshot may still be reading it. */
  #writable(generation: number): Row[] {
    if (this.#generation !== generation) this.#all = [...this.#all];
    this.#generation = generation;
    return this.#all;
  }
}

function take(runs: Row[], run: Row): void {
  runs.splice(runs.indexOf(run), 1);
}

/** Orders rows of a job by when they began. */
function compareBeginnings(a: Row, b: Row): number {
  return beganAtOf(a) - beganAtOf(b) || compareRuns(a, b);
}

function isStreak(row: Row): row is SlotsRow {
  return row.kind === 'slots' && row.slot_at > row.first_slot_at;
}
