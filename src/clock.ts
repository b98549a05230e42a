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
