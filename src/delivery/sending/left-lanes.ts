import type { Clock } from '../../clock.ts';

/**
 * Others have this time, beyond that until the next attempt, to claim a lane that was left to them. They look every ten
 * seconds.
 */
const OTHERS_TRY_MS = 15_000;

/**
 * The lanes that this instance leaves to others for a while, because it could not reach the receiver. Another machine may,
 * and nobody would hear of anything for as long as this one holds the lane and fails.
 */
export class LeftLanes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Maps each notifier to the instant on the monotonic clock from which this instance tries again. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Leaves a lane until others have had their turn. */
  add(notifier: string, retryMs: number): void {
    this.#untilMs.set(notifier, this.#clock.monotonic() + retryMs + OTHERS_TRY_MS);
  }

  delete(notifier: string): void {
    this.#untilMs.delete(notifier);
  }

  /** Lists the notifiers whose lanes are left at this moment. */
  names(): string[] {
    const nowMs = this.#clock.monotonic();
    for (const [name, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(name);
    return [...this.#untilMs.keys()];
  }

  has(notifier: string): boolean {
    return this.names().includes(notifier);
  }
}
