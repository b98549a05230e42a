import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms`, running due timers in order, each at its own instant. Between timers, and at the
   * end, promises and I/O that is already done get their turn; what waits for a socket must be awaited by
   * the test itself.
   */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock, as NTP or an operator does: no timer runs and `monotonic` does not move. */
  set(nowAt: number): void;
  /** How many timers are waiting. */
  readonly timerCount: number;
}

interface Timer {
  /** On the monotonic clock. */
  dueMs: number;
  callback: () => void;
}

/** 2026-01-15 12:00 UTC: an ordinary winter day, no change of the clocks near. */
export const DEFAULT_START_AT = Date.UTC(2026, 0, 15, 12);

/** Turns of the event loop given to others between two timers: enough for chains of promises and file I/O. */
const TURNS = 5;

/**
 * A clock that moves only when told to.
 * @param startAt wall-clock time in milliseconds since the Unix epoch
 */
export function createFakeClock(startAt: number = DEFAULT_START_AT): FakeClock {
  let monotonicMs = 0;
  let offsetMs = startAt;
  const timers = new Set<Timer>();

  const nextDue = (untilMs: number): Timer | undefined => {
    let next: Timer | undefined;
    // A Set keeps the order in which timers were set, so equal instants fire in that order.
    for (const timer of timers)
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  };

  return {
    now: () => offsetMs + monotonicMs,
    monotonic: () => monotonicMs,
    after(delayMs, callback) {
      const timer = { dueMs: monotonicMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    async advance(ms) {
      const untilMs = monotonicMs + ms;
      await settle();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        monotonicMs = Math.max(monotonicMs, timer.dueMs);
        timer.callback();
        await settle();
      }
      monotonicMs = untilMs;
      await settle();
    },
    set(nowAt) {
      offsetMs = nowAt - monotonicMs;
    },
    get timerCount() {
      return timers.size;
    },
  };
}

/** Lets everything that is ready run, without any time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}
