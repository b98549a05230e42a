/** `group_wait` of docs/design.md §7, Storms. */
export const GROUP_WAIT_MS = 10_000;
/** Deliveries that go out one by one within that time; what is owed beyond them waits for its end. */
const ALONE_MAX = 5;
/**
 * With more than these waiting, not even the rest of the five go one by one: at the pace of Slack they would only
 * make the message longer in coming that tells of all.
 */
const WAITING_MAX = 100;

/** What may be done next with what waits for a notifier. */
export type Turn = 'alone' | 'wait' | 'merge';

/**
 * Decides for one notifier what goes out alone, at once, and what goes out together, once it is clear how much it is
 * (docs/design.md §7, Storms). All instants are on the monotonic clock. A restart forgets it: then the first goes
 * alone.
 */
export class Storm {
  /** When the first delivery of the current window was sent. */
  #startMs = -Infinity;
  #sentCount = 0;
  /** Whether something was made to wait for the end of the window, and has not been sent yet. */
  #isHolding = false;
  /** Whether more waited than go out within one window: the receiver is slower than what it is owed. */
  #isBehind = false;
  /** How many messages that tell of several are being put together or sent. */
  #mergingCount = 0;

  /** @param waitingCount how many deliveries wait, the next one included; at least 1 */
  turn(nowMs: number, waitingCount: number): Turn {
    // Until it is known what went into the last one, a notifier that takes two at a time would get the rest beside it.
    if (this.#mergingCount > 0) {
      this.#isHolding = true;
      return 'wait';
    }
    const isBehind = this.#isBehind && waitingCount > ALONE_MAX;
    if (this.isOver(nowMs)) return isBehind || (this.#isHolding && waitingCount > 1) ? 'merge' : 'alone';
    if (this.#sentCount < ALONE_MAX && waitingCount <= WAITING_MAX) {
      this.#isBehind = waitingCount > ALONE_MAX;
      return 'alone';
    }
    this.#isHolding = true;
    return 'wait';
  }

  /** Whether the last window has ended. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.endMs;
  }

  get endMs(): number {
    return this.#startMs + GROUP_WAIT_MS;
  }

  /** One goes out alone. */
  alone(nowMs: number): void {
    if (this.isOver(nowMs)) this.#begin(nowMs, 0);
    this.#sentCount += 1;
  }

  /** What went out alone was not taken, or needed no message. */
  undo(): void {
    this.#sentCount = Math.max(0, this.#sentCount - 1);
    if (this.#sentCount > 0) return;
    this.#startMs = -Infinity;
    this.#isBehind = false;
  }

  /** Several are about to go out together; `merged` or `notMerged` follows. */
  merging(): void {
    this.#mergingCount += 1;
  }

  /**
   * Several went out together: whatever comes within the next window waits for its end.
   * @param nowMs when they had gone out, not when that was begun: sending may take as long as the window
   * @param restCount how many did not fit and go at once, in the next message
   */
  merged(nowMs: number, restCount: number): void {
    this.#mergingCount -= 1;
    if (restCount === 0) this.#begin(nowMs, ALONE_MAX);
    else this.#isHolding = true;
  }

  /** They were not taken, or needed no message. */
  notMerged(): void {
    this.#mergingCount -= 1;
  }

  #begin(nowMs: number, sentCount: number): void {
    this.#startMs = nowMs;
    this.#sentCount = sentCount;
    this.#isHolding = false;
    this.#isBehind = false;
  }
}
