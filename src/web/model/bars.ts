import type { Outcome, ShortRun } from '../../cli/api-types.ts';
import { clockText, durationText, instantOf } from './time.ts';
import { outcomeWord } from './words.ts';

/** The shapes of bars: an outcome is told by the shape as well as by the colour. */
export type BarKind = 'good' | 'failed' | 'slow' | 'missed' | 'idle' | 'open';

/** A run as a bar: how high it is, from 0 to 1, and what it says. */
export interface Bar {
  id: string;
  kind: BarKind;
  height: number;
  text: string;
}

const KINDS: Readonly<Record<Exclude<Outcome, null>, BarKind>> = {
  success: 'good',
  failure: 'failed',
  abandoned: 'failed',
  timeout: 'slow',
  missed: 'missed',
  skipped: 'idle',
  unknown: 'idle',
};
const HEIGHT_MIN = 0.25;

/**
 * Makes bars of the latest runs of a job, the oldest first. A run is as high as it took long, beside the longest of
 * them. What ended without a duration is as high as the row, so that it is seen.
 */
export function barsOf(runs: readonly ShortRun[], nowAt: number, timeZone: string): Bar[] {
  const longest = Math.max(1, ...runs.map((run) => run.duration_ms ?? 0));
  return runs.toReversed().map((run) => ({
    id: run.id,
    kind: run.outcome === null ? 'open' : KINDS[run.outcome],
    height: run.duration_ms === null ? 1 : Math.max(HEIGHT_MIN, run.duration_ms / longest),
    text: barText(run, nowAt, timeZone),
  }));
}

function barText(run: ShortRun, nowAt: number, timeZone: string): string {
  const at = instantOf(run.began_at);
  const when = at === null ? '' : `${clockText(at, nowAt, timeZone)} `;
  const times = run.count > 1 ? ` ${run.count} times` : '';
  const took = run.duration_ms === null ? '' : `, ${durationText(run.duration_ms)}`;
  return `${when}${outcomeWord(run.outcome)}${times}${took}`;
}

/** Says what bars show in one sentence, for who cannot see them. */
export function barsText(runs: readonly ShortRun[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of runs) {
    const word = outcomeWord(outcome);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return runs.length === 0 ? 'no runs yet' : `last ${runs.length}: ${parts.join(', ')}`;
}

/** A run counts as long once it takes this many times as long as usual, and a minute more. */
const LONG_FACTOR = 2;
const LONG_MORE_MS = 60_000;

/** Returns how long the runs of a job usually take: the median of the good ones; null where too few are known. */
export function usualMs(runs: readonly ShortRun[]): number | null {
  const durations = runs
    .filter(({ outcome, duration_ms: ms }) => outcome === 'success' && ms !== null)
    .map(({ duration_ms: ms }) => ms!)
    .toSorted((a, b) => a - b);
  return durations.length < 3 ? null : durations[Math.floor(durations.length / 2)]!;
}

/** Tells whether a run has gone on for longer than is usual for its job. */
export function isLong(elapsedMs: number, usual: number | null): boolean {
  return usual !== null && elapsedMs > usual * LONG_FACTOR && elapsedMs > usual + LONG_MORE_MS;
}
