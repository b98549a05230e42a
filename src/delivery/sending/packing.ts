import type { Delivery } from '../../core/model/records.ts';
import type { Logger } from '../../observe/log.ts';
import type { LaneLease, Store } from '../../store/store.ts';
import { type MergedItem, mergedCountOf } from '../message/merged.ts';
import { aloneOf, itemsOf, type Parcel, parcelOf } from './parcel.ts';
import { errorText } from '../../core/model/errors.ts';

interface PackingOptions {
  store: Store;
  logger: Logger;
  /** The lease of the lane from which the deliveries were claimed. */
  lease: LaneLease;
}

/** The content of the next message. */
export interface Packed {
  /** Null where none of the deliveries needs a message. */
  parcel: Parcel | null;
  /** Parcels that need no message. */
  silent: readonly Parcel[];
  /** Ids of the deliveries that did not fit. */
  left: ReadonlySet<string>;
}

/**
 * Packs the deliveries of one message. Where there are several, the selection is committed before anything is sent
 * (docs/design.md §7, Storms). So after a crash the same message goes out again, and no other one tells of the same
 * incidents. A merged message is taken apart again where the notifier has since changed to one that takes less at a
 * time, or each delivery alone.
 * @param claimed deliveries to one notifier, at least one
 * @param keepsState as the notifier has it
 * @param lengthMax the limit for what the notifier lists in one message; null: it takes each alone
 * @throws CronflowError when the store fails, or `lease_lost`; nothing is merged then
 */
export async function pack(
  options: PackingOptions,
  claimed: readonly Delivery[],
  keepsState: boolean,
  lengthMax: number | null,
): Promise<Packed> {
  const { store } = options;
  const [first] = claimed;
  if (first === undefined) throw new Error('nothing to send: a bug');
  if (claimed.length === 1 || lengthMax === null) {
    const packed = await parcelOf(store, first, keepsState);
    const fits = packed.items === null || countOf(options, packed.items, lengthMax) === packed.items.length;
    const parcel = fits ? packed : await parcelOf(store, await takeApart(options, packed), keepsState);
    return { parcel, silent: [], left: new Set(claimed.slice(1).map(({ id }) => id)) };
  }
  const all = await Promise.all(claimed.map((delivery) => parcelOf(store, delivery, keepsState)));
  const silent = all.filter(({ silentBecause }) => silentBecause !== null);
  const told = all.filter(({ silentBecause }) => silentBecause === null);
  if (told.length === 0) return { parcel: null, silent, left: new Set() };
  const { parcel, count } = await merge(options, told, lengthMax);
  return { parcel, silent, left: new Set(told.slice(count).map(({ head }) => head.id)) };
}

/** Makes one parcel of the first of several, or of the very first alone where no more fit. */
async function merge(
  options: PackingOptions,
  parcels: readonly Parcel[],
  lengthMax: number,
): Promise<{ parcel: Parcel; count: number }> {
  const { store } = options;
  const first = parcels[0]!;
  const items = await itemsOf(store, deliveriesOf(parcels));
  const count = countOf(options, items, lengthMax);
  const [head, ...merged] = deliveriesOf(parcels.slice(0, count)) as [Delivery, ...Delivery[]];
  const isMerged = count > 1 && (await commitMerged(options, head, merged));
  if (!isMerged) return { parcel: first, count: 1 };
  const parcel = { head, merged, closing: null, items: items.slice(0, count), silentBecause: null };
  return { parcel, count };
}

/**
 * Counts how many of the first items go into one message. That is none where a notifier takes each alone. It is one
 * where a bug keeps them from being counted, because an item that cannot be listed must not hold up all the others.
 */
function countOf({ logger }: PackingOptions, items: readonly MergedItem[], lengthMax: number | null): number {
  if (lengthMax === null) return 0;
  try {
    return mergedCountOf(items, lengthMax);
  } catch (error) {
    const delivery = items[0]?.delivery.id;
    logger.error('several messages could not be put together', { delivery, error: errorText(error) });
    return 1;
  }
}

/**
 * Takes a merged parcel apart.
 * @returns the head, which goes alone from now on, as each of the others does
 */
function takeApart({ store, lease }: PackingOptions, { head, merged }: Parcel): Promise<Delivery> {
  const ids = [head, ...merged].map(({ id }) => id);
  return store.transact({ delivery_ids: ids, lane: lease }, (tx) => {
    for (const id of ids) {
      const delivery = tx.delivery(id);
      if (delivery?.status === 'pending') tx.putDelivery(aloneOf(delivery));
    }
    return tx.delivery(head.id) ?? aloneOf(head);
  });
}

/**
 * Commits that deliveries are merged into a head.
 * @returns false when the head was settled meanwhile, as with its job
 */
function commitMerged(
  { store, lease }: PackingOptions,
  head: Delivery,
  merged: readonly Delivery[],
): Promise<boolean> {
  const ids = merged.map(({ id }) => id);
  return store.transact({ delivery_ids: [head.id, ...ids], lane: lease }, (tx) => {
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

/** Returns the deliveries of all parcels, each head before those that go with it. */
function deliveriesOf(parcels: readonly Parcel[]): Delivery[] {
  return parcels.flatMap(({ head, merged }) => [head, ...merged]);
}
