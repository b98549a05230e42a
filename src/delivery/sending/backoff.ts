import { HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';

const RETRY_DELAY_MS_MIN = 5_000;
/** Short enough that a receiver that is back hears of everything within minutes. */
const RETRY_DELAY_MS_MAX = 5 * MINUTE_MS;
/** No receiver may put a message off for longer at a time: nothing ever waits longer for its next attempt. */
export const WAIT_MS_MAX = HOUR_MS;
/** How long a delivery is tried in all (docs/design.md §7). */
const TRY_FOR_MS = 24 * HOUR_MS;
/**
 * What waited behind another delivery, or while Cronflow was down, is old before it is first tried: it
 * still gets this many attempts, about 20 minutes.
 */
const ATTEMPTS_MIN = 10;

/**
 * How long to wait before the next attempt: doubling from 5 s to 5 min, of which the second half is random,
 * so that what failed together is not tried together.
 * @param attempts made so far, at least 1
 * @param random in [0, 1)
 */
export function retryDelayMs(attempts: number, random: number): number {
  const delayMs = Math.min(RETRY_DELAY_MS_MIN * 2 ** Math.min(attempts - 1, 30), RETRY_DELAY_MS_MAX);
  return Math.round(delayMs / 2 + (delayMs / 2) * random);
}

/** A receiver's own wish, within reason. */
export function clampRetryAfterMs(afterMs: number): number {
  return Math.min(Math.max(0, afterMs), WAIT_MS_MAX);
}

/**
 * Whether a delivery has been tried for long enough.
 * @param attempts made so far, the failed one included
 */
export function isExhausted(createdAt: number, attempts: number, nowAt: number): boolean {
  return attempts >= ATTEMPTS_MIN && nowAt - createdAt >= TRY_FOR_MS;
}
