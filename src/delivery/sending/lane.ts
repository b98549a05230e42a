import type { Delivery } from '../../core/model/records.ts';
import type { LaneLease } from '../../store/store.ts';
import { Storm } from './storm.ts';

/** A delivery whose lease this worker holds. */
export interface Claimed {
  delivery: Delivery;
  /** The instant at which others may claim it, on the monotonic clock. */
  leaseEndsMs: number;
}

/** The most deliveries that wait here for one notifier; the others stay in the outbox. */
const QUEUE_LENGTH_MAX = 1_000;
/** A lease that ends sooner is too short for an attempt and its commit. */
const LEASE_REST_MS_MIN = 6_000;

/** Deliveries on their way in one message, with the controller that ends the attempt. */
export interface Departure {
  claimed: readonly Claimed[];
  /** The lease under which the outcome may be stored. */
  lease: LaneLease;
  abort: AbortController;
}

/**
 * The deliveries that wait for one notifier or are on their way to it. Each notifier has a lane, so that a slow one
 * holds up no other.
 */
export class Lane {
  readonly notifier: string;
  readonly storm = new Storm();
  /** Nothing is sent before this instant on the monotonic clock, because the receiver asked for it. */
  heldUntilMs = -Infinity;
  /** The instant on the monotonic clock at which a message to the notifier last ended. */
  lastSentMs = -Infinity;
  /** The lease under which this instance holds the lane; null before the first, and once it is lost. */
  #lease: LaneLease | null = null;
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

  /**
   * The number of deliveries that it still takes. Those on their way keep their places, because they may come back.
   */
  get room(): number {
    return Math.max(0, QUEUE_LENGTH_MAX - this.#waiting.size - this.#inFlight.size);
  }

  /** The number of waiting deliveries that may be merged. */
  get mergeableCount(): number {
    let count = 0;
    for (const { delivery } of this.#waiting.values()) if (isMergeable(delivery)) count += 1;
    return count;
  }

  /**
   * Holds the lane under a lease. What was claimed under an earlier one belongs to another instance by now.
   * @returns whether the lane was not held before
   */
  hold(lease: LaneLease): boolean {
    if (this.#lease?.token === lease.token) return false;
    this.#lease = lease;
    this.#waiting.clear();
    return true;
  }

  /** Notes that another instance holds the lane. */
  lose({ token }: LaneLease): void {
    if (this.#lease?.token !== token) return;
    this.#lease = null;
    this.#waiting.clear();
  }

  /** Tells whether a delivery of a kind waits. */
  hasWaiting(isMeant: (delivery: Delivery) => boolean): boolean {
    return [...this.#waiting.values()].some(({ delivery }) => isMeant(delivery));
  }

  /** Leaves what waits to whoever claims it next. What is on its way goes on. */
  dropWaiting(): void {
    this.#waiting.clear();
  }

  /** Takes a claimed delivery. One that is claimed again because its lease ran out is not sent twice. */
  add(claimed: Claimed): void {
    const { id } = claimed.delivery;
    if (this.#inFlight.has(id)) return;
    if (this.#waiting.has(id) || this.room > 0) this.#waiting.set(id, claimed);
  }

  /** Tells whether another message may be sent now. */
  isFree(nowMs: number, concurrency: number): boolean {
    return nowMs >= this.heldUntilMs && this.#departures.size < concurrency;
  }

  /**
   * Takes the next delivery to send, oldest claim first, which then counts as in flight; undefined when there is
   * none. Deliveries whose lease is about to end wait until they are claimed again.
   */
  next(nowMs: number, accepts: (delivery: Delivery) => boolean = () => true): Departure | undefined {
    return this.#depart(nowMs, 1, accepts);
  }

  /** Takes the deliveries that may be merged, at most `countMax`, in the order in which they were claimed. */
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
    if (taken.length === 0 || this.#lease === null) return undefined;
    const departure = { claimed: taken, lease: this.#lease, abort: new AbortController() };
    this.#departures.add(departure);
    return departure;
  }

  /**
   * Ends a departure.
   * @param left deliveries that were not sent and wait again
   */
  done(departure: Departure, left: readonly Claimed[] = []): void {
    this.#departures.delete(departure);
    for (const { delivery } of departure.claimed) this.#inFlight.delete(delivery.id);
    if (departure.lease.token !== this.#lease?.token) return;
    for (const claimed of left) this.add(claimed);
  }

  /** Ends the attempts in flight as soon as possible. */
  abort(): void {
    for (const { abort } of this.#departures) abort.abort();
  }
}

/**
 * Tells whether a delivery may go in one message with others. One that only changes how an alert is shown tells
 * nobody anything, and one that is merged already stays as it is.
 */
export function isMergeable({ kind, merged_ids: mergedIds }: Delivery): boolean {
  return kind !== 'closed_silently' && mergedIds === undefined;
}
