import { isEndKind, siblingIdOf } from '../../core/model/delivery-id.ts';
import type { Delivery } from '../../core/model/records.ts';
import type { LaneLease, Store, Tx } from '../../store/store.ts';
import { aloneOf } from './parcel.ts';
import { withoutAttempts } from './refusals.ts';

/**
 * The number of messages to a notifier that were given up since one last got through. It is stored, so that neither a
 * restart nor another instance forgets to say so in the next message.
 */
interface DeadCount {
  count: number;
}

/** Pages are large, because each one costs a look at all deliveries that are kept. */
const PAGE = 5_000;
/** The number of deliveries that are redelivered in one commit. */
const BATCH = 100;

/** Returns the meta key of the count of dead messages to a notifier. */
export function deadKeyOf(notifier: string): string {
  return `dead.${notifier}`;
}

/** Returns how many messages to the notifier were given up since one last got through. */
export async function readDeadCount(store: Store, notifier: string): Promise<number> {
  return countOf(await store.meta(deadKeyOf(notifier)));
}

/**
 * Does as `readDeadCount`, under a lease.
 * @throws CronflowError `lease_lost` where another instance sends to the notifier by now
 */
export function readDeadCountUnder(store: Store, lease: LaneLease): Promise<number> {
  const key = deadKeyOf(lease.notifier);
  return store.view({ meta: [key], lane: lease }, (view) => countOf(view.meta(key)));
}

/** Adds to the count, in the commit that gives the messages up. */
export function addDead(tx: Tx, notifier: string, more: number): void {
  if (more === 0) return;
  const count = countOf(tx.meta(deadKeyOf(notifier))) + more;
  tx.putMeta(deadKeyOf(notifier), { count } satisfies DeadCount);
}

/** Takes off the count those messages of which one that got through has told. */
export function forgetDead(tx: Tx, notifier: string, told: number): void {
  const count = countOf(tx.meta(deadKeyOf(notifier))) - told;
  tx.putMeta(deadKeyOf(notifier), count > 0 ? ({ count } satisfies DeadCount) : undefined);
}

function countOf(value: unknown): number {
  return (value as DeadCount | undefined)?.count ?? 0;
}

/** Says which of the messages that nobody got are owed again. */
export interface Redelivery {
  /** The status of these messages: given up, or only logged, by a notifier that had no address. */
  of: 'dead' | 'logged';
  /** The instant from which the 24 hours of each count. */
  nowAt: number;
  /** True for a notifier that keeps trouble as open until it hears of the end. */
  keepsState: boolean;
  /** True if somebody may have mended the notifier. False if only a message got through, which may happen often. */
  isMended: boolean;
  /** The most messages to revive, oldest first. */
  countMax?: number;
  /** Deliveries that were owed again once already, and given up after this instant, are left for later. */
  notSinceAt?: number;
}

export interface Redelivered {
  /** The number of deliveries that are owed again. */
  count: number;
  /** The number of deliveries that were left for later. */
  leftCount: number;
}

/**
 * Owes the notifier again the messages that nobody got and that still matter. These are the openings of incidents
 * that are still open (docs/design.md §7), and the ends of those that the notifier keeps as open, because nothing
 * else would close them.
 */
export async function redeliver(
  store: Store,
  notifier: string,
  redelivery: Redelivery,
): Promise<Redelivered> {
  const unheard: Delivery[] = [];
  for (let skip = 0; ; skip += PAGE) {
    const page = await store.deliveries({ status: redelivery.of, notifier, skip, limit: PAGE });
    unheard.push(...page.items.filter((each) => each.kind === 'opened' || isDeadEnd(each, redelivery)));
    if (page.items.length < PAGE) break;
  }
  unheard.reverse().sort((a, b) => (a.finished_at ?? 0) - (b.finished_at ?? 0));
  const { countMax = Infinity } = redelivery;
  const redelivered: Redelivered = { count: 0, leftCount: 0 };
  for (let from = 0; from < unheard.length && redelivered.count < countMax; from += BATCH) {
    const batch = { ...redelivery, countMax: countMax - redelivered.count };
    const { count, leftCount } = await redeliverBatch(store, unheard.slice(from, from + BATCH), batch);
    redelivered.count += count;
    redelivered.leftCount += leftCount;
  }
  return redelivered;
}

/**
 * Tells whether a delivery is an end that the notifier never got. An end that is always refused must not be owed again,
 * and be counted as dead again, whenever another message gets through.
 */
function isDeadEnd(
  { kind, redelivered: isAgain }: Delivery,
  { of, keepsState, isMended }: Redelivery,
): boolean {
  return of === 'dead' && keepsState && isEndKind(kind) && (isMended || isAgain !== true);
}

function redeliverBatch(
  store: Store,
  unheard: readonly Delivery[],
  { of, nowAt, countMax = Infinity, notSinceAt = Infinity }: Redelivery,
): Promise<Redelivered> {
  const scope = {
    delivery_ids: unheard.flatMap((each) => [each.id, siblingIdOf(each, 'opened')]),
    incident_ids: unheard.map(({ incident_id }) => incident_id),
  };
  return store.transact(scope, (tx) => {
    const redelivered: Redelivered = { count: 0, leftCount: 0 };
    for (const { id } of unheard) {
      if (redelivered.count === countMax) break;
      const delivery = tx.delivery(id);
      if (delivery?.status !== of || !matters(tx, delivery)) continue;
      if (delivery.redelivered === true && (delivery.finished_at ?? 0) > notSinceAt) {
        redelivered.leftCount += 1;
        continue;
      }
      const again = { status: 'pending', attempts: 0, created_at: nowAt, next_attempt_at: nowAt } as const;
      // The message that it was merged into may not suit any more. It is merged anew with those that wait now. An instance
      // of an earlier version finishes a delivery and keeps what it does not know.
      const alone = withoutAttempts(aloneOf(delivery));
      tx.putDelivery({ ...alone, ...again, finished_at: null, redelivered: true });
      redelivered.count += 1;
    }
    return redelivered;
  });
}

/**
 * Tells whether somebody must still hear of it: of trouble while it lasts, of an end where the beginning was told,
 * even if that went past the outbox.
 */
function matters(tx: Tx, delivery: Delivery): boolean {
  if (isEndKind(delivery.kind)) return tx.delivery(siblingIdOf(delivery, 'opened'))?.status !== 'dead';
  return tx.incident(delivery.incident_id)?.closed_at === null;
}
