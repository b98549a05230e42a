/**
 * The time and timers, which are read and set here only. Everything else is handed a `Clock`, so that tests and the
 * simulator can run months in seconds.
 */
export interface Clock {
  /** Returns wall-clock time in milliseconds since the Unix epoch. */
  now(): number;
  /** Returns milliseconds on a clock that never steps; only differences mean anything. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; returns a function that cancels it. Never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/**
 * Node fires timers beyond 2^31-1 ms at once. Longer ones are cut, so a caller looks at the time again when its timer
 * fires.
 */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** What a clock showed at one moment, by the wall and by the clock that never steps. */
export interface Reading {
  /** The instant on the wall clock. */
  at: number;
  /** The instant on the monotonic clock. */
  ms: number;
}

/** A clock that is corrected by less than this since a reading counts as one that only went on. */
const SET_MS_MIN = 1_000;

export function readingOf(clock: Clock): Reading {
  return { at: clock.now(), ms: clock.monotonic() };
}

/**
 * Returns by how much a clock was set since a reading; 0 where it only went on. A clock that follows that of a database
 * learns with each transaction that the other one was set. So what was decided by an instant from before the
 * transaction has to be decided again.
 */
export function setSince(clock: Clock, { at, ms }: Reading): number {
  const setMs = clock.now() - at - (clock.monotonic() - ms);
  return Math.abs(setMs) > SET_MS_MIN ? Math.round(setMs) : 0;
}

/** What another clock said, and when it was asked by the clock of this process that never steps. */
export interface ClockSample {
  /** The instant on the other clock. */
  other_at: number;
  sent_ms: number;
  received_ms: number;
}

/** A clock that follows another one, such as that of a database which several instances share. */
export interface FollowingClock extends Clock {
  /** Takes note of what the other clock said. */
  follow(sample: ClockSample): void;
}

/** Two clocks drift apart by at most this part of the time that passes. */
const DRIFT_MAX = 0.0005;
/** A correction backwards by less is made by standing still, so that small ones never turn instants round. */
const STAND_STILL_MS_MAX = 1_000;

/**
 * Returns a clock that shows the time of another clock. The wall clock of this process counts only until the first
 * sample, so it may be wrong, or be set, without any effect.
 *
 * The other clock was read between the question and the answer, so each sample bounds the difference between the two,
 * and so do all samples before it, as far as drift allows. The difference that is in use is kept while it is within
 * these bounds: a slow answer says little and changes nothing. Samples that contradict each other mean that the other
 * clock was set, and then the newest counts.
 */
export function createFollowingClock(own: Clock): FollowingClock {
  let differenceMs = own.now() - own.monotonic();
  let bounds: { low: number; high: number; atMs: number } | null = null;
  let lastAt = -Infinity;
  return {
    monotonic: () => own.monotonic(),
    after: (delayMs, callback) => own.after(delayMs, callback),
    now() {
      const at = Math.round(own.monotonic() + differenceMs);
      if (at < lastAt && lastAt - at <= STAND_STILL_MS_MAX) return lastAt;
      lastAt = at;
      return at;
    },
    follow({ other_at: otherAt, sent_ms: sentMs, received_ms: receivedMs }) {
      const [low, high] = [otherAt - receivedMs, otherAt - sentMs];
      const driftMs = bounds === null ? 0 : Math.max(0, receivedMs - bounds.atMs) * DRIFT_MAX;
      const known = bounds === null ? null : { low: bounds.low - driftMs, high: bounds.high + driftMs };
      if (known === null || low > known.high || high < known.low) {
        bounds = { low, high, atMs: receivedMs };
        differenceMs = (low + high) / 2;
        return;
      }
      bounds = { low: Math.max(low, known.low), high: Math.min(high, known.high), atMs: receivedMs };
      differenceMs = Math.min(Math.max(differenceMs, bounds.low), bounds.high);
    },
  };
}

/**
 * Keeps the process alive until the returned function is called. A command that waits for nothing but a timer would
 * otherwise end in the middle.
 */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, TIMER_MS_MAX);
  return () => clearInterval(timer);
}

/** Resolves after `delayMs`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
