import { LIMITS } from './limits.ts';
import type { Run } from './model.ts';

/** The open runs and the latest `settledMax` settled ones of `runs`, in the order given (oldest first). */
export function withoutOldest(runs: readonly Run[], settledMax: number): Run[] {
  let surplus = runs.filter((run) => run.ended_at !== null).length - settledMax;
  return runs.filter((run) => run.ended_at === null || surplus-- <= 0);
}

/**
 * What the core reads of a job's runs.
 * @param runs oldest first, as Cronflow learned of them
 * @param keepRuns how many settled runs are kept of the job (DESIGN.md §3.5)
 */
export function recentRuns(runs: readonly Run[], keepRuns: number): Run[] {
  return withoutOldest(runs, Math.min(LIMITS.recentRunsMax, keepRuns));
}
