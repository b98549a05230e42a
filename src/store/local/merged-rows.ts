import { countWhere } from '../../core/model/ordered.ts';
import type { Job, Row, SlotsRow } from '../../core/model/records.ts';
import { beganAtOf } from '../../core/model/rows.ts';
import { runPlaceOf } from '../run-place.ts';
import type { AllRunsFilter, RunPlace, RunsStretch } from '../store.ts';
import type { LazyList } from './job-history.ts';
import { rowMatcher } from './row-filter.ts';

/**
 * One call looks at this many rows. A filter that selects few of a million rows would otherwise hold up pings while
 * those few are looked for.
 */
const ROWS_LOOKED_AT_MAX = 20_000;

/** The part of a history that is merged; `JobRuns` says what its lists are. */
interface History {
  byBeginning(): LazyList<Row>;
  streaks(): readonly SlotsRow[];
}

/** A list of rows of one job, oldest first, of which those up to `at` are still to come. */
interface Head {
  job: Job;
  rows: LazyList<Row>;
  at: number;
  /** The row at `at`. */
  row: Row;
}

/**
 * Lists rows of several jobs, those that began last first. It merges the histories of the jobs by a heap of their
 * newest rows, so that nothing is kept for it while pings come: one page looks at each job once and then at the rows
 * that it lists or leaves out.
 * @param jobs the jobs whose rows are wanted, and their histories
 */
export function mergedRows(jobs: Iterable<readonly [Job, History]>, filter: AllRunsFilter): RunsStretch {
  const heap = new HeadHeap(headsOf(jobs, filter));
  const isSelected = rowMatcher(filter);
  const items: RunsStretch['items'] = [];
  let place: RunPlace | null = null;
  for (let looked = 0; ; looked += 1) {
    const head = heap.top;
    if (head === undefined) return { items, next: null };
    if (items.length >= filter.limit || looked >= ROWS_LOOKED_AT_MAX) return { items, next: place };
    const { row } = head;
    place = runPlaceOf(row);
    if (isSelected(row)) items.push({ job: head.job, row });
    heap.advance(filter.since_at ?? -Infinity);
  }
}

function headsOf(jobs: Iterable<readonly [Job, History]>, filter: AllRunsFilter): Head[] {
  const { since_at: sinceAt = -Infinity, until_at: untilAt = Infinity, after } = filter;
  const isBelow = (row: Row): boolean =>
    beganAtOf(row) < untilAt && (after === undefined || compare(row, after.began_at, after) < 0);
  const heads: Head[] = [];
  for (const [job, runs] of jobs) {
    const rows = runs.byBeginning();
    const at = lastIndexWhere(rows, isBelow);
    const newest = at < 0 ? undefined : rows.at(at);
    if (newest !== undefined && beganAtOf(newest) >= sinceAt) heads.push({ job, rows, at, row: newest });
    if (sinceAt === -Infinity) continue;
    // Misses that began before and went on are found here, because the rows above end at `since`.
    for (const row of runs.streaks())
      if (row.slot_at >= sinceAt && row.first_slot_at < sinceAt && isBelow(row))
        heads.push({ job, rows: [row], at: 0, row });
  }
  return heads;
}

/** Returns the index of the last row that passes; -1 for none. All rows that pass come before those that do not. */
function lastIndexWhere(rows: LazyList<Row>, isTrue: (row: Row) => boolean): number {
  const { length } = rows;
  if (length > 0 && isTrue(rows.at(length - 1)!)) return length - 1;
  return countWhere(length, (index) => isTrue(rows.at(index)!)) - 1;
}

function compare(row: Row, beganAt: number, { job_id: jobId, number }: Row | RunPlace): number {
  const difference = beganAtOf(row) - beganAt;
  if (difference !== 0) return difference;
  if (row.job_id !== jobId) return row.job_id < jobId ? -1 : 1;
  return row.number - number;
}

/** A heap of lists of rows. The list whose next row began last is on top. */
class HeadHeap {
  readonly #heads: Head[];

  constructor(heads: Head[]) {
    this.#heads = heads;
    for (let at = (heads.length >> 1) - 1; at >= 0; at -= 1) this.#down(at);
  }

  get top(): Head | undefined {
    return this.#heads[0];
  }

  /** Takes the next row of the list on top. A list ends where its rows began before `sinceAt`. */
  advance(sinceAt: number): void {
    const head = this.#heads[0]!;
    head.at -= 1;
    const row = head.at < 0 ? undefined : head.rows.at(head.at);
    if (row === undefined || beganAtOf(row) < sinceAt) {
      const last = this.#heads.pop()!;
      if (last === head) return;
      this.#heads[0] = last;
    } else head.row = row;
    this.#down(0);
  }

  #down(from: number): void {
    const heads = this.#heads;
    const head = heads[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heads.length) break;
      if (child + 1 < heads.length && isLater(heads[child + 1]!, heads[child]!)) child += 1;
      if (!isLater(heads[child]!, head)) break;
      heads[at] = heads[child]!;
      at = child;
    }
    heads[at] = head;
  }
}

function isLater(a: Head, b: Head): boolean {
  return compare(a.row, beganAtOf(b.row), b.row) > 0;
}
