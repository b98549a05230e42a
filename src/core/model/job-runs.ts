import { countWhere } from './ordered.ts';
import type { PingedRow, Row, Run, SlotsRow } from './records.ts';
import { beganAtOf, hasRid, isAnonymous, isOpen, isRegularId, isStreak, numberIn } from './rows.ts';
import { compareEnds, compareRuns, type Runs } from './runs.ts';

/**
 * The runs of one job, in the orders in which pings and people ask for them. A list is replaced and never changed, so
 * that whoever has one can read it at leisure. It is made as long as it is, because a fleet has a hundred thousand.
 */
export class JobRuns implements Runs {
  #all: readonly Row[];
  #open: readonly Run[];
  #ended: readonly Row[];
  /** The newest row that an end without a run id may be about; null where it has to be looked for. */
  #anonymous: PingedRow | undefined | null = null;
  /** The rows in the order in which they began: `same` where `#all` is, null where nobody has looked since a change. */
  #byBeginning: 'same' | readonly Row[] | null = null;
  /** The rows that stand for several slots; null where nobody has looked since a change. */
  #streaks: readonly SlotsRow[] | null = null;
  /** Says that the number of a row may not be told from its id. */
  #hasOddIds: boolean;

  /** @param rows the rows that are known so far, ordered by number */
  constructor(rows: readonly Row[] = NONE) {
    this.#all = rows;
    this.#open = rows.some(isOpen) ? rows.filter(isOpen) : NONE;
    this.#ended = rows.length === 0 ? NONE : rows.filter((row) => !isOpen(row)).sort(compareEnds);
    this.#hasOddIds = !rows.every(isRegularId);
  }

  get(id: string): Row | undefined {
    const row = this.#all[placeOf(this.#all, numberIn(id))];
    if (row?.id === id) return row;
    return this.#hasOddIds ? this.#all.find((each) => each.id === id) : undefined;
  }

  ofRid(rid: string): PingedRow | undefined {
    // A run id that comes again means the newest run with it, whichever was changed last.
    return this.#all.findLast((row): row is PingedRow => hasRid(row, rid));
  }

  anonymous(): PingedRow | undefined {
    if (this.#anonymous === null) this.#anonymous = this.#all.findLast(isAnonymous);
    return this.#anonymous;
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
  put(run: Row, before: Row | undefined): void {
    this.#noteOrder(run, before);
    this.#noteAnonymous(run, before);
    if (!isRegularId(run)) this.#hasOddIds = true;
    if (before === undefined) this.#all = withRow(this.#all, run, compareRuns);
    else {
      this.#all = this.#all.with(this.#all.lastIndexOf(before), run);
      if (isOpen(before)) this.#open = without(this.#open, before);
      else this.#ended = without(this.#ended, before);
    }
    if (isOpen(run)) this.#open = withRow(this.#open, run, compareRuns);
    else this.#ended = withRow(this.#ended, run, compareEnds);
  }

  delete(run: Row): void {
    this.#all = without(this.#all, run);
    if (isOpen(run)) this.#open = without(this.#open, run);
    else this.#ended = without(this.#ended, run);
    if (this.#byBeginning !== 'same') this.#byBeginning = null;
    if (isStreak(run)) this.#streaks = null;
    if (this.#anonymous === run) this.#anonymous = null;
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
    const row = this.#anonymous;
    if (row === null) return;
    if (isAnonymous(run)) {
      if (row === undefined || compareRuns(row, run) <= 0) this.#anonymous = run;
    } else if (row !== undefined && row === before) this.#anonymous = null;
  }
}

/** Every empty list is this one. */
const NONE: readonly never[] = [];

/** Returns the index of the first row with this number or a higher one. It looks at the newest first. */
function placeOf(rows: readonly Row[], number: number): number {
  const last = rows.length - 1;
  if (last >= 0 && rows[last]!.number === number) return last;
  return countWhere(rows.length, (index) => rows[index]!.number < number);
}

function withRow<R extends Row>(
  rows: readonly R[],
  row: R,
  compare: (a: Row, b: Row) => number,
): readonly R[] {
  const last = rows.at(-1);
  // `toSpliced` makes a list that is as long as it says, where one that grows takes room for 16 more.
  if (last === undefined || compare(last, row) < 0) return rows.toSpliced(rows.length, 0, row);
  const at = rows.findIndex((each) => compare(each, row) >= 0);
  return rows.toSpliced(at === -1 ? rows.length : at, 0, row);
}

function without<R extends Row>(rows: readonly R[], row: Row): readonly R[] {
  const at = rows.lastIndexOf(row as R);
  if (at === -1) return rows;
  return rows.length === 1 ? NONE : rows.toSpliced(at, 1);
}

/** Orders rows of a job by when they began. */
function compareBeginnings(a: Row, b: Row): number {
  return beganAtOf(a) - beganAtOf(b) || compareRuns(a, b);
}
