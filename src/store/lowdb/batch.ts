import type { Clock } from '../../clock.ts';
import type { Overlay } from '../local/overlay.ts';

/**
 * One commit takes at most this many transactions, for at most this time. The rest go into the next commit, so that no
 * flood blocks the process.
 */
const TRANSACTIONS_MAX = 1000;
const TIME_MS_MAX = 50;
/** Transactions that run beside a commit let it go on after this time, because its clients wait for its end. */
export const SLICE_MS_MAX = 5;

/** A transaction that waits for its commit. */
export interface Waiting {
  /** Runs the transaction. Returns a function that settles it once the commit is durable. */
  run(overlay: Overlay): () => void;
  reject(error: unknown): void;
}

/** The transactions of one commit, which have run, and what they write. */
export class Batch {
  readonly overlay: Overlay;
  readonly #clock: Clock;
  readonly #transactions: Waiting[] = [];
  readonly #settle: (() => void)[] = [];
  #tookMs = 0;

  constructor(overlay: Overlay, clock: Clock) {
    this.overlay = overlay;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#transactions.length === 0;
  }

  /** The transactions, in their order. */
  get transactions(): readonly Waiting[] {
    return this.#transactions;
  }

  /** Tells whether no more transactions belong into this commit. */
  get isFull(): boolean {
    return this.#transactions.length >= TRANSACTIONS_MAX || this.#tookMs >= TIME_MS_MAX;
  }

  /**
   * Runs as many of the waiting transactions as still belong into this commit, and takes them off the list.
   * @param sliceMsMax how long it goes on, but for the transaction that is under way then
   */
  take(waiting: Waiting[], sliceMsMax = TIME_MS_MAX): void {
    const untilMs = this.#tookMs + sliceMsMax;
    let taken = 0;
    for (const transaction of waiting) {
      if (this.isFull || this.#tookMs >= untilMs) break;
      const startedMs = this.#clock.monotonic();
      this.#settle.push(transaction.run(this.overlay));
      this.#tookMs += this.#clock.monotonic() - startedMs;
      this.#transactions.push(transaction);
      taken += 1;
    }
    waiting.splice(0, taken);
  }

  /** Settles every transaction, because what it wrote is durable, or because it wrote nothing. */
  settle(): void {
    for (const done of this.#settle) done();
  }

  /** Refuses every transaction, because nothing of what they wrote is stored. */
  reject(error: unknown): void {
    for (const transaction of this.#transactions) transaction.reject(error);
  }
}
