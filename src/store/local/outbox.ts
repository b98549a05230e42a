import type { Delivery } from '../../core/model/records.ts';
import type { ClaimedLane, ClaimOptions, DeliveryCounts, LaneLease, LaneNote } from '../store.ts';
import { Heap } from './heap.ts';

interface Entry {
  delivery: Delivery;
  /** Counts deliveries in the order in which they were first put, which is their order within a line. */
  order: number;
}

/** Who may send what is owed to one notifier. It is in memory only, so a crash ends every lease. */
interface Hold {
  /** Null once the owner has given the lane up. */
  owner: string | null;
  token: number;
  until_at: number;
  note: LaneNote;
  /** Maps each delivery that was claimed to the end of its own lease. */
  leases: Map<string, number>;
}

/** Who holds a lane, as a store keeps it that several instances share. */
export interface LaneRecord {
  notifier: string;
  owner: string | null;
  token: number;
  until_at: number;
  note: LaneNote;
}

/**
 * Keeps the deliveries and knows which may be sent next. Pending deliveries of one job (or system incident) to one
 * notifier form a line, of which only the oldest may be claimed. Each notifier has a queue of its lines, ordered by
 * when their heads may be tried. Each put, deletion and claim of a delivery costs O(log n) of the pending ones.
 */
export class Outbox {
  readonly #entries = new Map<string, Entry>();
  readonly #byJob = new Map<string, Set<string>>();
  /** Maps a line to the ids of its pending deliveries, oldest first. */
  readonly #lines = new Map<string, Heap>();
  /** Maps a notifier to its lines, ordered by the instant at which their heads may be claimed. */
  readonly #queues = new Map<string, Heap>();
  /** Maps a notifier to who holds its lane. */
  readonly #holds = new Map<string, Hold>();
  #count = 0;

  get(id: string): Delivery | undefined {
    return this.#entries.get(id)?.delivery;
  }

  /** Lists all deliveries in the order in which they were first put. */
  *all(): Generator<Delivery> {
    for (const entry of this.#entries.values()) yield entry.delivery;
  }

  /** Counts the deliveries of each notifier in one pass over all of them. The counts come ordered by notifier. */
  counts(): DeliveryCounts[] {
    const counts = new Map<string, DeliveryCounts>();
    for (const { notifier, status, created_at: at } of this.all()) {
      const count = counts.get(notifier) ?? {
        notifier,
        pending: 0,
        sent: 0,
        logged: 0,
        dead: 0,
        oldest_pending_at: null,
      };
      counts.set(notifier, count);
      count[status] += 1;
      if (status === 'pending') count.oldest_pending_at = Math.min(count.oldest_pending_at ?? at, at);
    }
    return [...counts.values()].sort((a, b) => (a.notifier < b.notifier ? -1 : 1));
  }

  idsOf(jobId: string): Iterable<string> {
    return this.#byJob.get(jobId) ?? [];
  }

  put(delivery: Delivery): void {
    const before = this.#entries.get(delivery.id);
    if (before !== undefined && lineOf(before.delivery) !== lineOf(delivery)) this.delete(delivery.id);
    const order = before?.order ?? this.#count++;
    this.#entries.set(delivery.id, { delivery, order });
    // The worker that merges others into a delivery, or takes them out, is about to send it, so its lease stays.
    const isRegrouped = (delivery.merged_ids === undefined) !== (before?.delivery.merged_ids === undefined);
    if (!isRegrouped || delivery.status !== 'pending')
      this.#holds.get(delivery.notifier)?.leases.delete(delivery.id);
    if (delivery.job_id !== null) {
      const ids = this.#byJob.get(delivery.job_id) ?? new Set<string>();
      this.#byJob.set(delivery.job_id, ids.add(delivery.id));
    }
    const line = this.#lines.get(lineOf(delivery)) ?? new Heap();
    this.#lines.set(lineOf(delivery), line);
    if (delivery.status === 'pending') line.set(delivery.id, order, 0);
    else line.delete(delivery.id);
    this.#requeue(delivery);
    this.#requeueMerged(delivery);
  }

  delete(id: string): void {
    const delivery = this.get(id);
    if (delivery === undefined) return;
    this.#entries.delete(id);
    this.#holds.get(delivery.notifier)?.leases.delete(id);
    if (delivery.job_id !== null) {
      const ids = this.#byJob.get(delivery.job_id);
      ids?.delete(id);
      if (ids?.size === 0) this.#byJob.delete(delivery.job_id);
    }
    this.#lines.get(lineOf(delivery))?.delete(id);
    this.#requeue(delivery);
    this.#requeueMerged(delivery);
  }

  /**
   * Leases the heads of all lines whose instant has come, in the lanes that the owner holds or can have. The one that is
   * longest due comes first.
   */
  claim(claim: ClaimOptions): ClaimedLane[] {
    const { owner, now_at: nowAt, lease_ms: leaseMs, limit, limits, notes } = claim;
    for (const [notifier, note] of notes ?? []) {
      const hold = this.#holds.get(notifier);
      if (hold?.owner === owner) hold.note = note;
    }
    const claimed: ClaimedLane[] = [];
    for (const [notifier, queue] of this.#queues) {
      const countMax = limits?.get(notifier) ?? limit;
      const taken = this.#take(notifier, claim, countMax > 0 && (queue.peek()?.key ?? Infinity) <= nowAt);
      if (taken === null) continue;
      const { hold, note } = taken;
      const deliveries = queue.upTo(nowAt, countMax).map((line) => {
        const delivery = this.get(this.#lines.get(line)!.peek()!.id)!;
        hold.leases.set(delivery.id, nowAt + leaseMs);
        this.#requeue(delivery);
        return delivery;
      });
      if (deliveries.length === 0) continue;
      claimed.push({ lease: { notifier, owner, token: hold.token }, note, deliveries });
    }
    return claimed;
  }

  /**
   * Puts the holder of a lane in the place of the one that is known.
   * @param leases maps deliveries that the holder has claimed to the end of the lease of each
   */
  restoreLane(
    { notifier, note, ...hold }: LaneRecord,
    leases: ReadonlyMap<string, number> = new Map(),
  ): void {
    this.#holds.set(notifier, { ...hold, note: note ?? undefined, leases: new Map(leases) });
    for (const id of leases.keys()) {
      const delivery = this.get(id);
      if (delivery !== undefined) this.#requeue(delivery);
    }
  }

  /** Returns who holds the lane of a notifier; undefined where nobody ever did. */
  laneOf(notifier: string): LaneRecord | undefined {
    const hold = this.#holds.get(notifier);
    if (hold === undefined) return undefined;
    const { owner, token, until_at: untilAt, note } = hold;
    return { notifier, owner, token, until_at: untilAt, note };
  }

  /** Tells whether the lease was neither given up nor lost to another owner. */
  holds({ notifier, owner, token }: LaneLease): boolean {
    const hold = this.#holds.get(notifier);
    return hold?.owner === owner && hold.token === token;
  }

  /** Gives up all lanes of an owner, or that of one notifier. */
  leave(owner: string, notes: ReadonlyMap<string, LaneNote>, only?: string): void {
    for (const [notifier, hold] of this.#holds) {
      if (hold.owner !== owner || (only !== undefined && notifier !== only)) continue;
      hold.owner = null;
      hold.until_at = -Infinity;
      if (notes.has(notifier)) hold.note = notes.get(notifier);
      this.#endLeases(hold);
    }
  }

  /** Returns the earliest instant at which `claim` would find something for the owner, or null when nothing is pending. */
  earliestAt(owner: string, except?: ReadonlySet<string>): number | null {
    let earliest: number | null = null;
    for (const [notifier, queue] of this.#queues) {
      const first = queue.peek();
      if (first === undefined || except?.has(notifier) === true) continue;
      const hold = this.#holds.get(notifier);
      const isOthers = hold !== undefined && hold.owner !== null && hold.owner !== owner;
      const at = isOthers ? Math.max(first.key, hold.until_at) : first.key;
      if (earliest === null || at < earliest) earliest = at;
    }
    return earliest;
  }

  /**
   * Takes a lane for an owner, or renews its lease.
   * @param isWanted whether there is something to claim, without which no new lane is taken
   * @returns null where the lane is another's, or not wanted; the note where it was not the owner's before
   */
  #take(
    notifier: string,
    { owner, now_at: nowAt, lease_ms: leaseMs }: ClaimOptions,
    isWanted: boolean,
  ): { hold: Hold; note: LaneNote } | null {
    const until = nowAt + leaseMs;
    const hold = this.#holds.get(notifier);
    if (hold?.owner === owner) {
      hold.until_at = until;
      return { hold, note: undefined };
    }
    if (!isWanted || (hold !== undefined && isHeld(hold, nowAt, leaseMs))) return null;
    if (hold !== undefined) this.#endLeases(hold);
    const { token = 0, note } = hold ?? {};
    const taken: Hold = { owner, token: token + 1, until_at: until, note, leases: new Map() };
    this.#holds.set(notifier, taken);
    return { hold: taken, note };
  }

  /** Makes what the last holder had claimed ready to be claimed again. */
  #endLeases(hold: Hold): void {
    const ids = [...hold.leases.keys()];
    hold.leases.clear();
    for (const id of ids) {
      const delivery = this.get(id);
      if (delivery !== undefined) this.#requeue(delivery);
    }
  }

  /**
   * Tells whether another message that is still to be sent tells of the delivery. A message that was deleted or
   * finished does not.
   */
  #isMerged({ merged_into: into }: Delivery): boolean {
    return into !== undefined && this.get(into)?.status === 'pending';
  }

  /**
   * Puts the deliveries that are merged into this one into their queues again. They wait while it is pending and go
   * their own way once it is not, in whichever order they were put.
   */
  #requeueMerged({ merged_ids: ids = [] }: Delivery): void {
    for (const id of ids) {
      const member = this.get(id);
      if (member?.status === 'pending') this.#requeue(member);
    }
  }

  /** Moves the line of `delivery` to where its head belongs, or removes the line when it is empty. */
  #requeue(delivery: Delivery): void {
    const key = lineOf(delivery);
    const line = this.#lines.get(key);
    const queue = this.#queues.get(delivery.notifier) ?? new Heap();
    const first = line?.peek();
    if (first === undefined) {
      this.#lines.delete(key);
      queue.delete(key);
      if (queue.size === 0) this.#queues.delete(delivery.notifier);
      return;
    }
    // The whole line waits for the message that tells of its head.
    if (this.#isMerged(this.get(first.id)!)) {
      queue.delete(key);
      if (queue.size === 0) this.#queues.delete(delivery.notifier);
      return;
    }
    const leaseEndAt = this.#holds.get(delivery.notifier)?.leases.get(first.id) ?? 0;
    const at = Math.max(this.get(first.id)!.next_attempt_at, leaseEndAt);
    queue.set(key, at, first.key);
    this.#queues.set(delivery.notifier, queue);
  }
}

/** Tells whether the lease of a lane goes on. */
function isHeld({ owner, until_at: untilAt }: Hold, nowAt: number, leaseMs: number): boolean {
  // One that lies further off than any lease lasts was made by a clock that was set back since.
  return owner !== null && untilAt > nowAt && untilAt <= nowAt + 2 * leaseMs;
}

/** Names the line in which a delivery stands. */
export function lineOf(delivery: Delivery): string {
  const owner = delivery.job_id === null ? `incident ${delivery.incident_id}` : `job ${delivery.job_id}`;
  return `${delivery.notifier}\n${owner}`;
}
