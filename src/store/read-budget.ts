import type { Clock } from '../clock.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { PastLimits } from './store.ts';

/** Counts what a read of the log takes, and ends one that takes too much. */
export class ReadBudget {
  readonly #clock: Clock;
  readonly #limits: PastLimits;
  readonly #endMs: number;
  #bytes = 0;

  constructor(clock: Clock, limits: PastLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#endMs = clock.monotonic() + limits.ms_max;
  }

  /**
   * Notes that so many bytes were read.
   * @throws CronflowError `overloaded` beyond the limits
   */
  spend(bytes: number): void {
    this.#bytes += bytes;
    const { bytes_max: bytesMax, ms_max: msMax } = this.#limits;
    const isTooMuch = this.#bytes > bytesMax;
    if (!isTooMuch && this.#clock.monotonic() <= this.#endMs) return;
    const limit = isTooMuch ? `${Math.round(bytesMax / 2 ** 20)} MiB` : `${Math.round(msMax / 1000)} s`;
    throw new CronflowError(
      'overloaded',
      `The log up to that instant takes more than the ${limit} that a read may take. Ask for a later instant, or ask the data directory: cronflow why JOB --data-dir DIR.`,
    );
  }
}
