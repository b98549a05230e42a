import type { Event } from '../core/model/event.ts';
import type { Tx } from '../store/store.ts';

/** What happened to time itself, which every job is told of. */
export type TimeEvent = Extract<Event, { type: 'gap' | 'clock_set_back' }>;

/** Meta key of the last instant at which Cronflow is known to have been able to take pings. */
export const LIVENESS_KEY = 'liveness';
export const LIVENESS_WRITE_EVERY_MS = 10_000;
/** A clock that steps back by less is only a little off (docs/design.md §3.4). */
export const CLOCK_STEP_MS_MIN = 60_000;
/** Longer than this without a stored sign of life, and pings may have been refused. */
export const GAP_MS_MIN = 3 * LIVENESS_WRITE_EVERY_MS;

/**
 * The time before `at` in which Cronflow could not take pings, if nothing noted it yet: what wakes up first
 * after a suspension or a full disk may be a ping or a tick, and it must not be judged as if somebody had
 * been listening (docs/design.md §3.4).
 */
export function gapBefore(tx: Tx, at: number): { from_at: number; to_at: number } | null {
  const aliveAt = tx.meta(LIVENESS_KEY) as number | undefined;
  if (aliveAt === undefined || at - aliveAt <= GAP_MS_MIN) return null;
  return { from_at: aliveAt, to_at: at };
}

/**
 * Whether the wall clock was set back since the last sign of life, which then lies far ahead. What happens before the
 * next sign of life must know of it: dated by the clock as it was, a message about it would be due only when the clock
 * comes by again.
 * @param at now
 */
export function isClockSetBack(aliveAt: number | undefined, at: number): boolean {
  return aliveAt !== undefined && aliveAt - at > CLOCK_STEP_MS_MIN;
}

/** What every job has to be told before an event at `at`; null where nothing happened since the last sign of life. */
export function unnotedBefore(tx: Tx, at: number): TimeEvent | null {
  if (isClockSetBack(tx.meta(LIVENESS_KEY) as number | undefined, at)) return { type: 'clock_set_back', at };
  const gap = gapBefore(tx, at);
  return gap === null ? null : { type: 'gap', ...gap };
}
