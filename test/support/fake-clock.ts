import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms` and runs due timers in order, each at its own instant. Promises and I/O that is already done
   * get their turn between timers and at the end. A test must itself await everything that waits for a socket.
   */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock, as NTP or an operator does: no timer runs and `monotonic` does not move. */
  set(nowAt: number): void;
  /** The number of timers that wait. */
  readonly timerCount: number;
}

interface Timer {
  /** The instant on the monotonic clock at which it is due. */
  dueMs: number;
  callback: () => void;
}

/** This is 2026-01-15 12:00 UTC, an ordinary winter day with no change of the clocks near. */
export const DEFAULT_START_AT = Date.UTC(2026, 0, 15, 12);

/**
 * Between two timers others get this many turns of the event loop, which is enough for chains of promises and file I/O.
 */
const TURNS = 5;

/**
 * Returns a clock that moves only when it is told to.
 * @param startAt the time of the wall clock in milliseconds since the Unix epoch
 */
export function createFakeClock(startAt: number = DEFAULT_START_AT): FakeClock {
  let monotonicMs = 0;
  let offsetMs = startAt;
  const timers = new Set<Timer>();

  const nextDue = (untilMs: number): Timer | undefined => {
    let next: Timer | undefined;
    // A Set keeps the order in which timers were set, so timers of one instant fire in that order.
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
