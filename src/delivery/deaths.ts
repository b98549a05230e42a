import type { Delivery } from '../core/model.ts';
import type { Store, Tx } from '../store/store.ts';

/**
 * How many messages to a notifier were given up since one last got through. Stored, so that neither a
 * restart nor another instance forgets that the next message must say so.
 */
interface Deaths {
  count: number;
}

const PAGE = 500;
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

/**
 * Owes the notifier again the openings that were given up and whose incidents are still open (DESIGN.md §7).
 * @param nowAt from which their 24 hours count
 * @returns how many
 */
export async function reviveOpenings(store: Store, notifier: string, nowAt: number): Promise<number> {
  const openings: Delivery[] = [];
  for (let skip = 0; ; skip += PAGE) {
    const page = await store.deliveries({ status: 'dead', notifier, skip, limit: PAGE });
    openings.push(...page.items.filter(({ kind }) => kind === 'opened'));
    if (page.items.length < PAGE) break;
  }
  let revived = 0;
  for (let from = 0; from < openings.length; from += BATCH) {
    revived += await reviveBatch(store, openings.slice(from, from + BATCH), nowAt);
  }
  return revived;
}

function reviveBatch(store: Store, openings: readonly Delivery[], nowAt: number): Promise<number> {
  const scope = {
    delivery_ids: openings.map(({ id }) => id),
    incident_ids: openings.map(({ incident_id }) => incident_id),
  };
  return store.transact(scope, (tx) => {
    let revived = 0;
    for (const { id } of openings) {
      const delivery = tx.delivery(id);
      if (delivery?.status !== 'dead' || tx.incident(delivery.incident_id)?.closed_at !== null) continue;
      const again = { status: 'pending', attempts: 0, created_at: nowAt, next_attempt_at: nowAt } as const;
      // With what it was merged depends on what waits now.
      const { merged_ids: _ids, merged_into: _into, ...alone } = delivery;
      tx.putDelivery({ ...alone, ...again, finished_at: null });
      revived += 1;
    }
    return revived;
  });
}
