import { HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';

const RETRY_DELAY_MS_MIN = 5_000;
/** The limit is short enough that a receiver that is back hears of everything within minutes. */
const RETRY_DELAY_MS_MAX = 5 * MINUTE_MS;
/**
 * The longest time for which a receiver may put a message off at once. So no message waits longer for its next
 * attempt.
 */
export const WAIT_MS_MAX = HOUR_MS;
/** The time for which a delivery is tried in all (docs/design.md §7). */
const TRY_FOR_MS = 24 * HOUR_MS;
/**
 * A delivery that waited behind another, or while Cronflow was down, is old before its first attempt. It still gets
 * this many attempts, which take about 20 minutes.
 */
const ATTEMPTS_MIN = 10;

/**
 * Returns the wait before the next attempt. It doubles from 5 s to 5 min, and its second half is random, so that
 * deliveries that failed together are not tried together.
 * @param attempts made so far, at least 1
 * @param random in [0, 1)
 */
export function retryDelayMs(attempts: number, random: number): number {
  const delayMs = Math.min(RETRY_DELAY_MS_MIN * 2 ** Math.min(attempts - 1, 30), RETRY_DELAY_MS_MAX);
  return Math.round(delayMs / 2 + (delayMs / 2) * random);
}

/** Limits the wait that a receiver asks for. */
export function clampRetryAfterMs(afterMs: number): number {
  return Math.min(Math.max(0, afterMs), WAIT_MS_MAX);
}

/**
 * Tells whether a delivery has been tried for long enough.
 * @param attempts made so far, the failed one included
 */
export function isExhausted(createdAt: number, attempts: number, nowAt: number): boolean {
  return attempts >= ATTEMPTS_MIN && nowAt - createdAt >= TRY_FOR_MS;
}
