import type { Clock } from '../clock.ts';
import { HOUR_MS } from '../schedule/units.ts';

/**
 * Limits lines of the log that clients can cause: only so many are written in an hour, and the last of them says that
 * there were more.
 */
export class LineLimit {
  readonly #clock: Clock;
  readonly #linesMax: number;
  /** The start of the hour, on the monotonic clock. */
  #sinceMs = -Infinity;
  #count = 0;

  constructor(clock: Clock, linesMax: number) {
    this.#clock = clock;
    this.#linesMax = linesMax;
  }

  /**
   * Tells whether one more line may be written. `last` marks the one after which there is none for the rest of the
   * hour.
   */
  take(): 'yes' | 'last' | 'no' {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#sinceMs >= HOUR_MS) [this.#sinceMs, this.#count] = [nowMs, 0];
    this.#count += 1;
    if (this.#count < this.#linesMax) return 'yes';
    return this.#count === this.#linesMax ? 'last' : 'no';
  }
}
