import type { Delivery } from '../core/model.ts';

/** A delivery this worker holds the lease of. */
export interface Claimed {
  delivery: Delivery;
  /** When others may claim it; on the monotonic clock. */
  leaseEndsMs: number;
}

/** The most one notifier may keep waiting here; what is claimed beyond comes back when its lease ends. */
const QUEUE_LENGTH_MAX = 1_000;
/** A lease shorter than this is too short for an attempt and its commit. */
const LEASE_REST_MS_MIN = 6_000;

/** What waits for one notifier and what is on its way to it: so that a slow one holds up no other. */
export class Lane {
  readonly notifier: string;
  /** Until then nothing is sent: the receiver asked for it. On the monotonic clock. */
  heldUntilMs = -Infinity;
  readonly #waiting = new Map<string, Claimed>();
  readonly #inFlight = new Map<string, AbortController>();

  constructor(notifier: string) {
    this.notifier = notifier;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0;
  }

  /** Takes a claimed delivery; one that is claimed again because its lease ran out is not sent twice. */
  add(claimed: Claimed): void {
    const { id } = claimed.delivery;
    if (this.#inFlight.has(id)) return;
    if (this.#waiting.has(id) || this.#waiting.size < QUEUE_LENGTH_MAX) this.#waiting.set(id, claimed);
  }

  /**
   * The next delivery to send, oldest claim first, which then counts as in flight; undefined when there is
   * none, or no room for another. Those whose lease is about to end wait until they are claimed again.
   */
  next(nowMs: number, concurrency: number): (Claimed & { abort: AbortController }) | undefined {
    if (nowMs < this.heldUntilMs || this.#inFlight.size >= concurrency) return undefined;
    for (const [id, claimed] of this.#waiting) {
      if (claimed.leaseEndsMs <= nowMs) this.#waiting.delete(id);
      if (claimed.leaseEndsMs - nowMs < LEASE_REST_MS_MIN) continue;
      this.#waiting.delete(id);
      const abort = new AbortController();
      this.#inFlight.set(id, abort);
      return { ...claimed, abort };
    }
    return undefined;
  }

  done(deliveryId: string): void {
    this.#inFlight.delete(deliveryId);
  }

  /** Ends what is in flight as soon as it can be. */
  abort(): void {
    for (const controller of this.#inFlight.values()) controller.abort();
  }
}
