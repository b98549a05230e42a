/** `group_wait` of DESIGN.md §7, Storms. */
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
 * (DESIGN.md §7, Storms). All instants are on the monotonic clock. A restart forgets it: then the first goes alone.
 */
export class Storm {
  /** When the first delivery of the current window was sent. */
  #startMs = -Infinity;
  #sentCount = 0;
  /** Whether something was made to wait for the end of the window, and has not been sent yet. */
  #isHolding = false;

  /** @param waitingCount how many deliveries wait, the next one included; at least 1 */
  turn(nowMs: number, waitingCount: number): Turn {
    if (this.isOver(nowMs)) return this.#isHolding && waitingCount > 1 ? 'merge' : 'alone';
    if (this.#sentCount < ALONE_MAX && waitingCount <= WAITING_MAX) return 'alone';
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
    if (this.#sentCount === 0) this.#startMs = -Infinity;
  }

  /**
   * Several went out together: whatever comes within the next window waits for its end.
   * @param restCount how many did not fit and go at once, in the next message
   */
  merged(nowMs: number, restCount: number): void {
    if (restCount === 0) this.#begin(nowMs, ALONE_MAX);
  }

  #begin(nowMs: number, sentCount: number): void {
    this.#startMs = nowMs;
    this.#sentCount = sentCount;
    this.#isHolding = false;
  }
}
