import { CronflowError } from '../core/model/errors.ts';

/** Lets one piece of work go on at a time, because each takes much of the disk. Others wait, so many at most. */
export class Turns {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Does the work when its turn has come.
   * @throws CronflowError `overloaded` where too many wait already
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting > this.#waitingMax)
      throw new CronflowError(
        'overloaded',
        'Too many explanations are being read from the log. Try again soon.',
      );
    this.#waiting += 1;
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}
