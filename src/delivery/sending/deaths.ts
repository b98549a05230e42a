import { isEndKind, siblingIdOf } from '../../core/model/delivery-id.ts';
import type { Delivery } from '../../core/model/records.ts';
import type { Store, Tx } from '../../store/store.ts';
import { aloneOf } from './parcel.ts';

/**
 * How many messages to a notifier were given up since one last got through. Stored, so that neither a
 * restart nor another instance forgets that the next message must say so.
 */
interface Deaths {
  count: number;
}

/** Each page costs a look at everything that is kept. */
const PAGE = 5_000;
/** Revived in one commit. */
const BATCH = 100;

function keyOf(notifier: string): string {
  return `undelivered.${notifier}`;
}

/** Messages given up since one last got through to the notifier. */
export async function undeliveredCount(store: Store, notifier: string): Promise<number> {
  return countOf(await store.meta(keyOf(notifier)));
}

/** Counts more, in the commit that gives them up. */
export function countUndelivered(tx: Tx, notifier: string, more: number): void {
  if (more === 0) return;
  const count = countOf(tx.meta(keyOf(notifier))) + more;
  tx.putMeta(keyOf(notifier), { count } satisfies Deaths);
}

/** Takes off the count what a message that got through has told of. */
export function forgetUndelivered(tx: Tx, notifier: string, told: number): void {
  const count = countOf(tx.meta(keyOf(notifier))) - told;
  tx.putMeta(keyOf(notifier), count > 0 ? ({ count } satisfies Deaths) : undefined);
}

function countOf(value: unknown): number {
  return (value as Deaths | undefined)?.count ?? 0;
}

/** What is owed again of what was given up. */
export interface Revival {
  /** What became of it: given up, or only logged, by a notifier that had no address. */
  of: 'dead' | 'logged';
  /** From which the 24 hours of each count. */
  nowAt: number;
  /** Of the notifier: whether it takes for open what it was told of until it hears of the end. */
  keepsState: boolean;
  /** Whether somebody mended it; else a message got through, of which many may come. */
  isMended: boolean;
  /** Those first that were given up longest ago. */
  countMax?: number;
  /** Openings that were owed again already and given up after this are left for later. */
  notSinceAt?: number;
}

export interface Revived {
  /** How many are owed again. */
  count: number;
  /** How many were left for later. */
  leftCount: number;
}

/**
 * Owes the notifier again what nobody was told and matters still: openings of incidents still open (docs/design.md §7),
 * and the ends of those that it keeps as open, which nothing else would close.
 */
export async function reviveLost(store: Store, notifier: string, revival: Revival): Promise<Revived> {
  const lost: Delivery[] = [];
  for (let skip = 0; ; skip += PAGE) {
    const page = await store.deliveries({ status: revival.of, notifier, skip, limit: PAGE });
    lost.push(...page.items.filter((each) => each.kind === 'opened' || isLostEnd(each, revival)));
    if (page.items.length < PAGE) break;
  }
  lost.reverse().sort((a, b) => (a.finished_at ?? 0) - (b.finished_at ?? 0));
  const { countMax = Infinity } = revival;
  const revived: Revived = { count: 0, leftCount: 0 };
  for (let from = 0; from < lost.length && revived.count < countMax; from += BATCH) {
    const batch = { ...revival, countMax: countMax - revived.count };
    const { count, leftCount } = await reviveBatch(store, lost.slice(from, from + BATCH), batch);
    revived.count += count;
    revived.leftCount += leftCount;
  }
  return revived;
}

/** One that is never taken must not come again, and be told of as lost, whenever another message gets through. */
function isLostEnd({ kind, owed_again: isAgain }: Delivery, { of, keepsState, isMended }: Revival): boolean {
  return of === 'dead' && keepsState && isEndKind(kind) && (isMended || isAgain !== true);
}

function reviveBatch(
  store: Store,
  lost: readonly Delivery[],
  { of, nowAt, countMax = Infinity, notSinceAt = Infinity }: Revival,
): Promise<Revived> {
  const scope = {
    delivery_ids: lost.flatMap((each) => [each.id, siblingIdOf(each, 'opened')]),
    incident_ids: lost.map(({ incident_id }) => incident_id),
  };
  return store.transact(scope, (tx) => {
    const revived: Revived = { count: 0, leftCount: 0 };
    for (const { id } of lost) {
      if (revived.count === countMax) break;
      const delivery = tx.delivery(id);
      if (delivery?.status !== of || !matters(tx, delivery)) continue;
      if (delivery.owed_again === true && (delivery.finished_at ?? 0) > notSinceAt) {
        revived.leftCount += 1;
        continue;
      }
      const again = { status: 'pending', attempts: 0, created_at: nowAt, next_attempt_at: nowAt } as const;
      // With what it is merged depends on what waits now.
      tx.putDelivery({ ...aloneOf(delivery), ...again, finished_at: null, owed_again: true });
      revived.count += 1;
    }
    return revived;
  });
}

/**
 * Whether somebody is still to hear of it: of trouble while it lasts, of an end where its beginning was told, be it
 * past the outbox.
 */
function matters(tx: Tx, delivery: Delivery): boolean {
  if (isEndKind(delivery.kind)) return tx.delivery(siblingIdOf(delivery, 'opened'))?.status !== 'dead';
  return tx.incident(delivery.incident_id)?.closed_at === null;
}
