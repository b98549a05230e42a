import { LIMITS } from './limits.ts';
import type { PingedRow, Row, Run } from './records.ts';
import { countWhere } from './ordered.ts';
import { hasRid, isAnonymous, isOpen } from './rows.ts';

/**
 * The runs of one job that may still matter: the open ones and those that ended last. The runs for which pings and
 * ticks ask are found without a look at the others, so that the cost is the same however many runs are kept.
 */
export interface Runs {
  get(id: string): Row | undefined;
  /** Returns the run or `skip` to which a client gave this run id, and of several the newest. */
  ofRid(rid: string): PingedRow | undefined;
  /** Returns the newest row that an end without a run id may be about; see `isAnonymous`. */
  anonymous(): PingedRow | undefined;
  /** Lists the runs that have not ended, oldest first. */
  open(): readonly Run[];
  /** Lists the rows that have ended, in the order of their ends. */
  ended(): readonly Row[];
  /** Lists all rows, oldest first. At worst this costs a copy of them all. */
  all(): readonly Row[];
}

/**
 * Orders the rows of a job as Cronflow learned of them. The order does not go by time, because a correction may date a
 * row anew.
 */
export function compareRuns(a: Row, b: Row): number {
  return a.number - b.number;
}

/** Orders rows by their ends. The run that ended last is the latest, however long ago it began. */
export function compareEnds(a: Row, b: Row): number {
  return endedAfter(a) - endedAfter(b) || compareRuns(a, b);
}

/** Returns the highest number that another row had when this one ended. What is no run ended as the newest row. */
export function endedAfter(row: Row): number {
  return (row.kind === 'run' ? row.ended_after_number : null) ?? row.number - 1;
}

/** Inserts a row at its place among others. It looks from the end, where almost every new row belongs. */
export function insertRun<R extends Row>(runs: R[], run: R, compare: (a: Row, b: Row) => number): void {
  const { length } = runs;
  const isNewest = length > 0 && compare(runs[length - 1]!, run) < 0;
  const at = isNewest ? length : countWhere(length, (index) => compare(runs[index]!, run) < 0);
  runs.splice(at, 0, run);
}

/** Lists a few rows, oldest first, without an index. */
export function listedRuns(runs: readonly Row[]): Runs {
  return {
    get: (id) => runs.find((run) => run.id === id),
    ofRid: (rid) => runs.findLast((row): row is PingedRow => hasRid(row, rid)),
    anonymous: () => runs.findLast(isAnonymous),
    open: () => runs.filter(isOpen),
    ended: () => runs.filter((row) => !isOpen(row)).sort(compareEnds),
    all: () => runs,
  };
}

export const NO_RUNS = listedRuns([]);

/** Returns the open runs and the `endedMax` runs that ended last. */
export function latestRuns(runs: Runs, endedMax: number): Runs {
  const ended = runs.ended();
  if (ended.length <= endedMax) return runs;
  const latest = ended.slice(ended.length - endedMax);
  return listedRuns([...runs.open(), ...latest].sort(compareRuns));
}

/**
 * Returns the part of a job's runs that the core reads.
 * @param keepRuns the number of settled runs that are kept of the job (docs/design.md §3.5)
 * @param isSurelyRecent tells of a row that has ended whether it is known without a look at the others that it belongs
 * to those that ended last
 */
export function recentRuns(
  runs: Runs,
  keepRuns: number,
  isSurelyRecent: (row: Row) => boolean = () => false,
): Runs {
  return new RecentRuns(runs, Math.min(LIMITS.recentRunsMax, keepRuns), isSurelyRecent);
}

/** The open runs and those that ended last. Only a question that needs it looks at all that have ended. */
class RecentRuns implements Runs {
  readonly #runs: Runs;
  readonly #endedMax: number;
  readonly #isSurelyRecent: (row: Row) => boolean;

  constructor(runs: Runs, endedMax: number, isSurelyRecent: (row: Row) => boolean) {
    this.#runs = runs;
    this.#endedMax = endedMax;
    this.#isSurelyRecent = isSurelyRecent;
  }

  get(id: string): Row | undefined {
    return this.#found(this.#runs.get(id), (runs) => runs.get(id));
  }

  ofRid(rid: string): PingedRow | undefined {
    return this.#found(this.#runs.ofRid(rid), (runs) => runs.ofRid(rid));
  }

  anonymous(): PingedRow | undefined {
    return this.#found(this.#runs.anonymous(), (runs) => runs.anonymous());
  }

  open(): readonly Run[] {
    return this.#runs.open();
  }

  ended(): readonly Row[] {
    return this.#latest().ended();
  }

  all(): readonly Row[] {
    return this.#latest().all();
  }

  #found<R extends Row>(row: R | undefined, find: (runs: Runs) => R | undefined): R | undefined {
    if (row === undefined || isOpen(row) || this.#isSurelyRecent(row)) return row;
    return find(this.#latest());
  }

  #latest(): Runs {
    return latestRuns(this.#runs, this.#endedMax);
  }
}

/** Runs as they are after changes that are not stored yet. */
export class ChangedRuns implements Runs {
  readonly #stored: Runs;
  readonly #changes: ReadonlyMap<string, Row | null>;

  /**
   * @param changes maps ids to new and changed runs, or to null for a run that was removed; it may grow while this is
   * used
   */
  constructor(stored: Runs, changes: ReadonlyMap<string, Row | null>) {
    this.#stored = stored;
    this.#changes = changes;
  }

  get(id: string): Row | undefined {
    const changed = this.#changes.get(id);
    return changed === undefined ? this.#stored.get(id) : (changed ?? undefined);
  }

  ofRid(rid: string): PingedRow | undefined {
    const stored = this.#stored.ofRid(rid);
    const changed = stored === undefined ? undefined : this.#changes.get(stored.id);
    // The stored row has this run id no more, and only a look at all tells whether an older one has it.
    if (changed === null || (changed !== undefined && !hasRid(changed, rid)))
      return this.all().findLast((row): row is PingedRow => hasRid(row, rid));
    let newest = changed === undefined ? stored : undefined;
    for (const row of this.#changes.values()) {
      if (row === null || !hasRid(row, rid)) continue;
      if (newest === undefined || compareRuns(newest, row) < 0) newest = row;
    }
    return newest;
  }

  anonymous(): PingedRow | undefined {
    const stored = this.#stored.anonymous();
    const changed = stored === undefined ? undefined : this.#changes.get(stored.id);
    // The stored row is none any more, and only a look at all tells which one takes its place.
    if (changed === null || (changed !== undefined && !isAnonymous(changed)))
      return this.all().findLast(isAnonymous);
    let newest = changed === undefined || !isAnonymous(changed) ? stored : changed;
    for (const row of this.#changes.values()) {
      if (row === null || !isAnonymous(row)) continue;
      if (newest === undefined || compareRuns(newest, row) < 0) newest = row;
    }
    return newest;
  }

  open(): readonly Run[] {
    return this.#merged(this.#stored.open(), (rows) => rows.filter(isOpen), compareRuns);
  }

  ended(): readonly Row[] {
    return this.#merged(this.#stored.ended(), (rows) => rows.filter((row) => !isOpen(row)), compareEnds);
  }

  all(): readonly Row[] {
    return this.#merged(this.#stored.all(), (rows) => rows, compareRuns);
  }

  #merged<R extends Row>(
    stored: readonly R[],
    pick: (changed: readonly Row[]) => readonly R[],
    compare: (a: Row, b: Row) => number,
  ): readonly R[] {
    if (this.#changes.size === 0) return stored;
    const merged = stored.filter((row) => !this.#changes.has(row.id));
    const changed = [...this.#changes.values()].filter((row) => row !== null);
    for (const row of pick(changed)) insertRun(merged, row, compare);
    return merged;
  }
}
