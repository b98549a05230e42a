import { LIMITS } from './limits.ts';
import type { Run } from './model.ts';

/**
 * Order of a job's runs: as Cronflow learned of them, which is the number their id ends in. Not by time,
 * since a correction may date a run anew.
 */
export function compareRuns(a: Run, b: Run): number {
  return numberOf(a.id) - numberOf(b.id) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * The settled runs that ended first: what ended last is the latest, however long ago it began.
 * @param runs oldest first
 * @param count how many
 */
export function endedFirst(runs: readonly Run[], count: number): Run[] {
  const ended = runs.filter((run) => run.ended_at !== null);
  // Mostly runs end in the order of their numbers, in which they are given.
  const inOrder = ended.every((run) => run.run_count_at_end === undefined);
  const ordered = inOrder ? ended : ended.sort((a, b) => endOrder(a) - endOrder(b) || compareRuns(a, b));
  return ordered.slice(0, count);
}

/** The open runs and the `settledMax` that ended last of `runs`, in the order given (oldest first). */
export function withoutOldest(runs: readonly Run[], settledMax: number): Run[] {
  const surplus = runs.filter((run) => run.ended_at !== null).length - settledMax;
  if (surplus <= 0) return [...runs];
  const dropped = new Set(endedFirst(runs, surplus));
  return runs.filter((run) => !dropped.has(run));
}

/**
 * What the core reads of a job's runs.
 * @param runs oldest first, as Cronflow learned of them
 * @param keepRuns how many settled runs are kept of the job (DESIGN.md §3.5)
 */
export function recentRuns(runs: readonly Run[], keepRuns: number): Run[] {
  return withoutOldest(runs, Math.min(LIMITS.recentRunsMax, keepRuns));
}

function endOrder(run: Run): number {
  const { id, run_count_at_end: countAtEnd } = run;
  // The newest run of then may have ended before.
  return countAtEnd === undefined ? numberOf(id) : countAtEnd + 0.5;
}

function numberOf(id: string): number {
  const number = Number(id.slice(id.lastIndexOf('-') + 1));
  return Number.isNaN(number) ? 0 : number;
}
