/** The `group_wait` of docs/design.md §7, Storms. */
export const GROUP_WAIT_MS = 10_000;
/** The number of deliveries that go out one by one within that time; further ones wait for its end. */
const ALONE_MAX = 5;
/**
 * With more than these waiting, not even the rest of the five go one by one. At the pace of Slack they would only
 * delay the message that tells of all.
 */
const WAITING_MAX = 100;

/** The next step for the deliveries that wait for a notifier. */
export type Turn = 'alone' | 'wait' | 'merge';

/** The window of a notifier at a wall-clock instant, for the instance that sends to it next. */
export interface StormNote {
  start_at: number;
  sent_count: number;
  is_holding: boolean;
  is_behind: boolean;
}

/**
 * Decides for one notifier which deliveries go out at once and alone, and which go out together once their number is
 * clear (docs/design.md §7, Storms). All instants are on the monotonic clock. A restart forgets the window: then the
 * first goes alone.
 */
export class Storm {
  /** The instant at which the first delivery of the current window was sent. */
  #startMs = -Infinity;
  #sentCount = 0;
  /** True if a delivery was made to wait for the end of the window and has not been sent yet. */
  #isHolding = false;
  /** True if more deliveries waited than go out within one window, so that the receiver is slower than they come. */
  #isBehind = false;
  /** The number of messages with several incidents that are being put together or sent. */
  #mergingCount = 0;

  /**
   * Decides what may be done next.
   * @param waitingCount how many deliveries wait, the next one included; at least 1
   */
  turn(nowMs: number, waitingCount: number): Turn {
    // While a merged message is on its way, it is not yet known which deliveries are left. A notifier that takes two
    // at a time would get them beside it.
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

  /** Tells whether the last window has ended. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.endMs;
  }

  get endMs(): number {
    return this.#startMs + GROUP_WAIT_MS;
  }

  /** Notes that a delivery goes out alone. */
  alone(nowMs: number): void {
    if (this.isOver(nowMs)) this.#begin(nowMs, 0);
    this.#sentCount += 1;
  }

  /** Takes back a delivery that went out alone: it was not taken, or needed no message. */
  undo(): void {
    this.#sentCount = Math.max(0, this.#sentCount - 1);
    if (this.#sentCount > 0) return;
    this.#startMs = -Infinity;
    this.#isBehind = false;
  }

  /** Notes that several are about to go out together; `merged` or `notMerged` follows. */
  merging(): void {
    this.#mergingCount += 1;
  }

  /**
   * Notes that several went out together: deliveries that come within the next window wait for its end.
   * @param nowMs the end of the sending, not its beginning, because sending may take as long as the window
   * @param restCount how many did not fit and go at once, in the next message
   */
  merged(nowMs: number, restCount: number): void {
    this.#mergingCount -= 1;
    if (restCount === 0) this.#begin(nowMs, ALONE_MAX);
    else this.#isHolding = true;
  }

  /** Notes that they were not taken, or needed no message. */
  notMerged(): void {
    this.#mergingCount -= 1;
  }

  /**
   * Returns the window for whoever sends to the notifier next; null where there is none.
   * @param offsetMs how far the wall clock is ahead of the monotonic one
   */
  note(offsetMs: number): StormNote | null {
    if (this.#startMs === -Infinity) return null;
    return {
      start_at: this.#startMs + offsetMs,
      sent_count: this.#sentCount,
      is_holding: this.#isHolding,
      is_behind: this.#isBehind,
    };
  }

  /**
   * Goes on with the window of another instance. If its clock was ahead, the window has begun now.
   * @param nowMs now, by the monotonic clock
   */
  goOn(note: StormNote, offsetMs: number, nowMs: number): void {
    this.#startMs = Math.min(note.start_at - offsetMs, nowMs);
    this.#sentCount = note.sent_count;
    this.#isHolding = note.is_holding;
    this.#isBehind = note.is_behind;
  }

  #begin(nowMs: number, sentCount: number): void {
    this.#startMs = nowMs;
    this.#sentCount = sentCount;
    this.#isHolding = false;
    this.#isBehind = false;
  }
}
