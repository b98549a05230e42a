import { type Clock, sleep } from '../../clock.ts';

/** Keeps turns at least `intervalMs` apart. */
export class Pacer {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** The instant of the next turn, on the monotonic clock. */
  #nextMs = -Infinity;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /**
   * Waits for the next turn.
   * @returns false when `signal` aborted first
   */
  async turn(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#clock.monotonic();
    const turnMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = turnMs + this.#intervalMs;
    if (turnMs > nowMs) await sleep(this.#clock, turnMs - nowMs, signal);
    return !signal.aborted;
  }

  /** Counts the interval from now, because a request that just ended may have arrived only now. */
  used(): void {
    this.#nextMs = Math.max(this.#nextMs, this.#clock.monotonic() + this.#intervalMs);
  }
}
