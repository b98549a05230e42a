import type { Event } from '../core/model/event.ts';
import type { View } from '../store/store.ts';
import { MINUTE_MS } from '../schedule/units.ts';

/** An event of time itself, which every job is told. */
export type TimeEvent = Extract<Event, { type: 'gap' | 'clock_set_back' }>;

/** The meta key of the last instant at which Cronflow is known to have been able to take pings. */
export const LIVENESS_KEY = 'liveness';
export const LIVENESS_WRITE_EVERY_MS = 10_000;
/** A clock that is set back by no more than this is only a little off (docs/design.md §3.4). */
export const CLOCK_STEP_MS_MIN = MINUTE_MS;
/** Pings may have been refused if no sign of life was stored for longer than this. */
export const GAP_MS_MIN = 3 * LIVENESS_WRITE_EVERY_MS;

/**
 * Returns the time before `at` in which Cronflow could not take pings, if nothing noted it yet. The first event after a
 * suspension or a full disk may be a ping or a tick, and it must not be judged as if somebody had been listening
 * (docs/design.md §3.4).
 */
export function gapBefore(tx: Pick<View, 'meta'>, at: number): { from_at: number; to_at: number } | null {
  const aliveAt = tx.meta(LIVENESS_KEY) as number | undefined;
  if (aliveAt === undefined || at - aliveAt <= GAP_MS_MIN) return null;
  return { from_at: aliveAt, to_at: at };
}

/**
 * Tells whether the wall clock was set back since the last sign of life, which then lies far ahead. Events before the
 * next sign of life must know of it. A message about them would otherwise be dated by the clock as it was, and be due
 * only when the clock comes by again.
 * @param at now
 */
export function isClockSetBack(aliveAt: number | undefined, at: number): boolean {
  return aliveAt !== undefined && aliveAt - at > CLOCK_STEP_MS_MIN;
}

/**
 * Returns the event of time that every job has to be told before an event at `at`, or null where nothing happened since
 * the last sign of life.
 */
export function unnotedBefore(tx: Pick<View, 'meta'>, at: number): TimeEvent | null {
  if (isClockSetBack(tx.meta(LIVENESS_KEY) as number | undefined, at)) return { type: 'clock_set_back', at };
  const gap = gapBefore(tx, at);
  return gap === null ? null : { type: 'gap', ...gap };
}
