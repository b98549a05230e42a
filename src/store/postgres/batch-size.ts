/** One commit takes at most this many transactions. The rest go into the next one. */
const TRANSACTIONS_MAX = 1_000;
/** A commit of no more than these says nothing about its size when it takes long: something else held it up. */
const TRANSACTIONS_FEW = 50;
/** A commit that takes more than this part of the time that it may is too large. */
const PART_MAX = 1 / 2;

/**
 * How many transactions one commit takes. A database under more load than it carries takes longer for each. If a commit
 * of as many as wait cannot be done in the time that it may take, all of them are refused and come again, and nothing
 * would ever be stored. So the next one is smaller, and it grows again while commits are quick.
 */
export class BatchSize {
  #max = TRANSACTIONS_MAX;

  get max(): number {
    return this.#max;
  }

  /** Notes that a commit of so many took that part of the time that it may. */
  committed(count: number, part: number): void {
    if (part > PART_MAX) this.#shrink(count);
    else this.#max = Math.min(TRANSACTIONS_MAX, this.#max * 2);
  }

  /** Notes that a commit of so many was given up. */
  refused(count: number): void {
    this.#shrink(count);
  }

  #shrink(count: number): void {
    if (count > TRANSACTIONS_FEW) this.#max = Math.max(TRANSACTIONS_FEW, Math.floor(count / 2));
  }
}
