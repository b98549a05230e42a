import type { Clock } from '../../clock.ts';

/**
 * Others have this time, beyond that until the next attempt, to claim a lane that was left to them. They look every ten
 * seconds.
 */
const OTHERS_TRY_MS = 15_000;

/**
 * The lanes that this instance leaves to others for a while, because it could not reach the receiver or was refused by it.
 * Another machine may do better, and nobody would hear of anything for as long as this one holds the lane and fails.
 */
export class LeftLanes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #hasOthers: () => boolean;
  /** Maps each notifier to the instant on the monotonic clock from which this instance tries again. */
  readonly #untilMs = new Map<string, number>();

  /** @param hasOthers tells whether anybody else lives, without whom no lane is left */
  constructor(clock: Pick<Clock, 'monotonic'>, hasOthers: () => boolean) {
    this.#clock = clock;
    this.#hasOthers = hasOthers;
  }

  /** Leaves a lane until others have had their turn. */
  add(notifier: string, retryMs: number): void {
    if (!this.#hasOthers()) return;
    this.#untilMs.set(notifier, this.#clock.monotonic() + retryMs + OTHERS_TRY_MS);
  }

  delete(notifier: string): void {
    this.#untilMs.delete(notifier);
  }

  /** Lists the notifiers whose lanes are left at this moment. */
  names(): string[] {
    // Whoever is left alone has nobody to wait for.
    if (!this.#hasOthers()) this.#untilMs.clear();
    const nowMs = this.#clock.monotonic();
    for (const [name, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(name);
    return [...this.#untilMs.keys()];
  }

  has(notifier: string): boolean {
    return this.names().includes(notifier);
  }
}
