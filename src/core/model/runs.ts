import { LIMITS } from './limits.ts';
import type { Run } from './records.ts';

/**
 * The runs of one job that may still matter: the open ones and those that ended last. The runs for which pings and
 * ticks ask are found without a look at the others, so that the cost is the same however many runs are kept.
 */
export interface Runs {
  get(id: string): Run | undefined;
  /** Returns the run to which a client gave this run id, and of several the newest. */
  ofRid(rid: string): Run | undefined;
  /** Lists the runs that have not ended, oldest first. */
  open(): readonly Run[];
  /** Lists the runs that have ended, in the order of their ends. */
  ended(): readonly Run[];
  /** Lists all runs, oldest first. At worst this costs a copy of them all. */
  all(): readonly Run[];
}

/**
 * Orders the runs of a job as Cronflow learned of them, which is the number in which their ids end. The order does not
 * go by time, because a correction may date a run anew.
 */
export function compareRuns(a: Run, b: Run): number {
  return numberOf(a.id) - numberOf(b.id) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Orders runs by their ends. The run that ended last is the latest, however long ago it began. */
export function compareEnds(a: Run, b: Run): number {
  return endOrder(a) - endOrder(b) || compareRuns(a, b);
}

function endOrder(run: Run): number {
  const { id, run_count_at_end: countAtEnd } = run;
  // The run that was the newest at that time may have ended before this one.
  return countAtEnd === undefined ? numberOf(id) : countAtEnd + 0.5;
}

function numberOf(id: string): number {
  const number = Number(id.slice(id.lastIndexOf('-') + 1));
  return Number.isNaN(number) ? 0 : number;
}

/** Inserts a run at its place among others. It looks from the end, where almost every new run belongs. */
export function insertRun(runs: Run[], run: Run, compare: (a: Run, b: Run) => number): void {
  let low = 0;
  let high = runs.length;
  const last = runs.at(-1);
  if (last !== undefined && compare(last, run) < 0) low = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(runs[middle]!, run) < 0) low = middle + 1;
    else high = middle;
  }
  runs.splice(low, 0, run);
}

/** Lists a few runs, oldest first, without an index. */
export function listedRuns(runs: readonly Run[]): Runs {
  return {
    get: (id) => runs.find((run) => run.id === id),
    ofRid: (rid) => runs.findLast((run) => run.rid === rid),
    open: () => runs.filter((run) => run.ended_at === null),
    ended: () => runs.filter((run) => run.ended_at !== null).sort(compareEnds),
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
 */
export function recentRuns(runs: Runs, keepRuns: number): Runs {
  return latestRuns(runs, Math.min(LIMITS.recentRunsMax, keepRuns));
}

/** Runs as they are after changes that are not stored yet. */
export class ChangedRuns implements Runs {
  readonly #stored: Runs;
  readonly #changes: ReadonlyMap<string, Run | null>;

  /**
   * @param changes maps ids to new and changed runs, or to null for a run that was removed; it may grow while this is
   * used
   */
  constructor(stored: Runs, changes: ReadonlyMap<string, Run | null>) {
    this.#stored = stored;
    this.#changes = changes;
  }

  get(id: string): Run | undefined {
    const changed = this.#changes.get(id);
    return changed === undefined ? this.#stored.get(id) : (changed ?? undefined);
  }

  ofRid(rid: string): Run | undefined {
    const stored = this.#stored.ofRid(rid);
    let newest = stored !== undefined && this.#changes.has(stored.id) ? undefined : stored;
    for (const run of this.#changes.values()) {
      if (run?.rid === rid && (newest === undefined || compareRuns(newest, run) < 0)) newest = run;
    }
    return newest;
  }

  open(): readonly Run[] {
    return this.#merged(this.#stored.open(), (run) => run.ended_at === null, compareRuns);
  }

  ended(): readonly Run[] {
    return this.#merged(this.#stored.ended(), (run) => run.ended_at !== null, compareEnds);
  }

  all(): readonly Run[] {
    return this.#merged(this.#stored.all(), () => true, compareRuns);
  }

  #merged(
    stored: readonly Run[],
    isIn: (run: Run) => boolean,
    compare: (a: Run, b: Run) => number,
  ): readonly Run[] {
    if (this.#changes.size === 0) return stored;
    const merged = stored.filter((run) => !this.#changes.has(run.id));
    for (const run of this.#changes.values()) if (run !== null && isIn(run)) insertRun(merged, run, compare);
    return merged;
  }
}
