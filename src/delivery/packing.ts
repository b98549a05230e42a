import type { Delivery } from '../core/model.ts';
import type { Store } from '../store/store.ts';
import { mergedCountOf } from './merged.ts';
import { itemsOf, type Parcel, parcelOf } from './parcel.ts';

/** What goes into the next message. */
export interface Packed {
  /** Null: nothing of it needs to be told. */
  parcel: Parcel | null;
  /** Those of several that need no message. */
  silent: readonly Parcel[];
  /** Ids of those that did not fit. */
  left: ReadonlySet<string>;
}

/**
 * Packs what goes into one message. Where that is more than one delivery, what it holds is committed before anything
 * is sent (DESIGN.md §7, Storms): after a crash the same message goes out again, and none beside it that tells of
 * the same.
 * @param claimed to one notifier, at least one
 * @param keepsState of the notifier
 * @param lengthMax of what the notifier lists in one message; null: it takes each alone
 * @throws CronflowError when the store fails; nothing is merged then
 */
export async function pack(
  store: Store,
  claimed: readonly Delivery[],
  keepsState: boolean,
  lengthMax: number | null,
): Promise<Packed> {
  const [first] = claimed;
  if (first === undefined) throw new Error('nothing to send: a bug');
  if (claimed.length === 1 || lengthMax === null) {
    const parcel = await parcelOf(store, first, keepsState);
    return { parcel, silent: [], left: new Set(claimed.slice(1).map(({ id }) => id)) };
  }
  const all = await Promise.all(claimed.map((delivery) => parcelOf(store, delivery, keepsState)));
  const silent = all.filter(({ silentBecause }) => silentBecause !== null);
  const told = all.filter(({ silentBecause }) => silentBecause === null);
  if (told.length === 0) return { parcel: null, silent, left: new Set() };
  const { parcel, count } = await merge(store, told, lengthMax);
  return { parcel, silent, left: new Set(told.slice(count).map(({ head }) => head.id)) };
}

/** Makes one parcel of the first of several; of the first alone where no more fit. */
async function merge(
  store: Store,
  parcels: readonly Parcel[],
  lengthMax: number,
): Promise<{ parcel: Parcel; count: number }> {
  const first = parcels[0]!;
  const items = await itemsOf(store, deliveriesOf(parcels));
  const count = mergedCountOf(items, lengthMax);
  const [head, ...merged] = deliveriesOf(parcels.slice(0, count)) as [Delivery, ...Delivery[]];
  const isMerged = count > 1 && (await commitMerged(store, head, merged));
  if (!isMerged) return { parcel: first, count: 1 };
  const parcel = { head, merged, closing: null, items: items.slice(0, count), silentBecause: null };
  return { parcel, count };
}

/** @returns false when the head was settled meanwhile, by another instance or with its job */
function commitMerged(store: Store, head: Delivery, merged: readonly Delivery[]): Promise<boolean> {
  const ids = merged.map(({ id }) => id);
  return store.transact({ delivery_ids: [head.id, ...ids] }, (tx) => {
    const stored = tx.delivery(head.id);
    if (stored?.status !== 'pending') return false;
    for (const id of ids) {
      const delivery = tx.delivery(id);
      if (delivery?.status === 'pending') tx.putDelivery({ ...delivery, merged_into: head.id });
    }
    tx.putDelivery({ ...stored, merged_ids: ids });
    return true;
  });
}

/** Those of every parcel, each head before what goes with it. */
function deliveriesOf(parcels: readonly Parcel[]): Delivery[] {
  return parcels.flatMap(({ head, merged }) => [head, ...merged]);
}
