import { CronflowError } from '../core/model/errors.ts';

/** Lets one piece of work go on at a time, because each takes much of the disk. Others wait, so many at most. */
export class Turns {
  readonly #waitingMax: number;
  readonly #refusal: string;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param refusal says that too many wait, and of what */
  constructor(waitingMax: number, refusal: string) {
    this.#waitingMax = waitingMax;
    this.#refusal = refusal;
  }

  /**
   * Does the work when its turn has come.
   * @throws CronflowError `overloaded` where too many wait already
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting > this.#waitingMax) throw new CronflowError('overloaded', this.#refusal);
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
