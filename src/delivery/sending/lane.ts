import type { Delivery } from '../../core/model/records.ts';
import { Storm } from './storm.ts';

/** A delivery this worker holds the lease of. */
export interface Claimed {
  delivery: Delivery;
  /** When others may claim it; on the monotonic clock. */
  leaseEndsMs: number;
}

/** The most one notifier may keep waiting here; the rest stays in the outbox. */
const QUEUE_LENGTH_MAX = 1_000;
/** A lease shorter than this is too short for an attempt and its commit. */
const LEASE_REST_MS_MIN = 6_000;

/** Deliveries on their way in one message, and what ends the attempt. */
export interface Departure {
  claimed: readonly Claimed[];
  abort: AbortController;
}

/** What waits for one notifier and what is on its way to it: so that a slow one holds up no other. */
export class Lane {
  readonly notifier: string;
  readonly storm = new Storm();
  /** Until then nothing is sent: the receiver asked for it. On the monotonic clock. */
  heldUntilMs = -Infinity;
  readonly #waiting = new Map<string, Claimed>();
  /** Ids of the deliveries on their way. */
  readonly #inFlight = new Set<string>();
  readonly #departures = new Set<Departure>();

  constructor(notifier: string) {
    this.notifier = notifier;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0;
  }

  /** How many more it takes. What is on its way may come back: it keeps its place. */
  get room(): number {
    return Math.max(0, QUEUE_LENGTH_MAX - this.#waiting.size - this.#inFlight.size);
  }

  /** How many wait that may be merged. */
  get mergeableCount(): number {
    let count = 0;
    for (const { delivery } of this.#waiting.values()) if (isMergeable(delivery)) count += 1;
    return count;
  }

  /** Takes a claimed delivery; one that is claimed again because its lease ran out is not sent twice. */
  add(claimed: Claimed): void {
    const { id } = claimed.delivery;
    if (this.#inFlight.has(id)) return;
    if (this.#waiting.has(id) || this.room > 0) this.#waiting.set(id, claimed);
  }

  /** Whether something may go now. */
  isFree(nowMs: number, concurrency: number): boolean {
    return nowMs >= this.heldUntilMs && this.#departures.size < concurrency;
  }

  /**
   * The next delivery to send, oldest claim first, which then counts as in flight; undefined when there is
   * none. Those whose lease is about to end wait until they are claimed again.
   */
  next(nowMs: number, accepts: (delivery: Delivery) => boolean = () => true): Departure | undefined {
    return this.#depart(nowMs, 1, accepts);
  }

  /** As many as may be merged, at most `countMax`, in the order in which they were claimed. */
  nextMany(nowMs: number, countMax: number): Departure | undefined {
    return this.#depart(nowMs, countMax, isMergeable);
  }

  #depart(nowMs: number, countMax: number, accepts: (delivery: Delivery) => boolean): Departure | undefined {
    const taken: Claimed[] = [];
    for (const [id, claimed] of this.#waiting) {
      if (taken.length === countMax) break;
      if (claimed.leaseEndsMs <= nowMs) this.#waiting.delete(id);
      if (claimed.leaseEndsMs - nowMs < LEASE_REST_MS_MIN || !accepts(claimed.delivery)) continue;
      this.#waiting.delete(id);
      this.#inFlight.add(id);
      taken.push(claimed);
    }
    if (taken.length === 0) return undefined;
    const departure = { claimed: taken, abort: new AbortController() };
    this.#departures.add(departure);
    return departure;
  }

  /** @param left those that were not sent and wait again */
  done(departure: Departure, left: readonly Claimed[] = []): void {
    this.#departures.delete(departure);
    for (const { delivery } of departure.claimed) this.#inFlight.delete(delivery.id);
    for (const claimed of left) this.add(claimed);
  }

  /** Ends what is in flight as soon as it can be. */
  abort(): void {
    for (const { abort } of this.#departures) abort.abort();
  }
}

/**
 * Whether it may go in one message with others. What only changes how an alert is shown tells nobody anything, and
 * what is merged already stays as it is.
 */
export function isMergeable({ kind, merged_ids: mergedIds }: Delivery): boolean {
  return kind !== 'closed_silently' && mergedIds === undefined;
}
