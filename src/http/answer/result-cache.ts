import type { Clock } from '../../clock.ts';

/** A result is given out for this many times as long as it took to make. */
const KEPT_TIMES = 4;

/**
 * Shares a costly result, so that making it takes at most a fifth of the time, however often it is asked for. Callers
 * that ask while it is made get the same result, and so do those that ask soon after where making it took long.
 */
export function shared<T>(clock: Clock, make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    if (made !== null) return made;
    const startedMs = clock.monotonic();
    const making = make();
    made = making;
    const forget = (): void => {
      if (made === making) made = null;
    };
    const keep = (): void => {
      const keptMs = Math.round(KEPT_TIMES * (clock.monotonic() - startedMs));
      if (keptMs === 0) forget();
      else clock.after(keptMs, forget);
    };
    making.then(keep, forget);
    return making;
  };
}
