import { siblingIdOf } from '../../core/model/delivery-id.ts';
import type { Delivery, Incident } from '../../core/model/records.ts';
import type { Store } from '../../store/store.ts';
import type { MergedItem } from '../message/merged.ts';

/** Deliveries that one message settles, or that need none. */
export interface Parcel {
  /** The claimed one, which decides about attempts and retries. */
  head: Delivery;
  /** Settled together with it. */
  merged: readonly Delivery[];
  /** The closing among `merged`, which the message tells of. */
  closing: Delivery | null;
  /** What the message lists, where it is one that tells of several incidents; null for all others. */
  items: readonly MergedItem[] | null;
  /** Why nobody needs to be told of it; null: send it. */
  silentBecause: string | null;
}

/** Reminders looked at when an opening and its closing merge: more were never pending in practice. */
const REMINDERS_MAX = 100;

/**
 * What goes out with a claimed delivery, decided at every attempt anew from what is stored (docs/design.md §7:
 * "an opening not yet sent and its closing merge into one message"); but what was merged in a storm stays so.
 * @param keepsState of the notifier
 * @throws CronflowError when the store cannot be read
 */
export async function parcelOf(store: Store, head: Delivery, keepsState: boolean): Promise<Parcel> {
  if (head.merged_ids !== undefined) return mergedParcelOf(store, head, head.merged_ids);
  const alone: Parcel = { head, merged: [], closing: null, items: null, silentBecause: null };
  if (head.kind === 'closed_silently' && !keepsState) {
    return { ...alone, silentBecause: 'closed without a message' };
  }
  const incident = await store.incident(head.incident_id);
  if (incident === undefined) return alone;
  if (head.kind === 'reminder' && isOvertaken(head, incident)) {
    return { ...alone, silentBecause: 'overtaken by what came after' };
  }
  if (head.kind !== 'opened' || incident.closed_at === null) return alone;
  const later = await pendingAfter(store, head, incident);
  const closing = later.find(({ kind }) => kind === 'closed') ?? null;
  // Closed by pausing or removing: the trouble was real and nobody knows of it, so the opening still goes.
  return closing === null ? alone : { ...alone, merged: later, closing };
}

/** What an earlier attempt had decided to tell together, as far as it is still owed. */
async function mergedParcelOf(store: Store, head: Delivery, ids: readonly string[]): Promise<Parcel> {
  const merged = await store.transact({ delivery_ids: ids }, (tx) =>
    ids.flatMap((id) => {
      const delivery = tx.delivery(id);
      return delivery?.status === 'pending' && delivery.merged_into === head.id ? [delivery] : [];
    }),
  );
  const items = await itemsOf(store, [head, ...merged]);
  return { head, merged, closing: null, items, silentBecause: null };
}

/**
 * What a merged message lists: of an incident whose opening and closing are both among them one item, and no
 * reminder beside its opening.
 */
export function itemsOf(store: Store, deliveries: readonly Delivery[]): Promise<MergedItem[]> {
  const closings = new Map(deliveries.map((each) => [each.id, each]));
  const opened = new Set(deliveries.filter(isOpening).map(({ incident_id: id }) => id));
  const told = deliveries.filter((each) => isOpening(each) || !opened.has(each.incident_id));
  return Promise.all(
    told.map(async (delivery) => {
      const [incident, job] = await Promise.all([
        store.incident(delivery.incident_id),
        delivery.job_id === null ? undefined : store.jobById(delivery.job_id),
      ]);
      const closing = isOpening(delivery) ? closings.get(siblingIdOf(delivery, 'closed')) : undefined;
      return { delivery, incident: incident ?? null, job: job ?? null, closing: closing?.facts ?? null };
    }),
  );
}

function isOpening({ kind }: Delivery): boolean {
  return kind === 'opened';
}

/** The incident is over, or a newer reminder follows: only the newest says how things stand. */
function isOvertaken(reminder: Delivery, incident: Incident): boolean {
  if (incident.closed_at !== null) return true;
  return reminder.id !== reminderId(reminder, incident.reminder_count);
}

/** Pending deliveries of the same incident to the same notifier, by their ids. */
async function pendingAfter(store: Store, head: Delivery, incident: Incident): Promise<Delivery[]> {
  const ids = [siblingIdOf(head, 'closed')];
  const oldest = Math.max(1, incident.reminder_count - REMINDERS_MAX + 1);
  for (let count = oldest; count <= incident.reminder_count; count++) ids.push(reminderId(head, count));
  return store.transact({ delivery_ids: ids }, (tx) =>
    ids.flatMap((id) => {
      const delivery = tx.delivery(id);
      return delivery?.status === 'pending' ? [delivery] : [];
    }),
  );
}

function reminderId(delivery: Delivery, count: number): string {
  return siblingIdOf(delivery, `reminder.${count}`);
}

/** The delivery merged with no other: with which it is may be decided anew. */
export function aloneOf(delivery: Delivery): Delivery {
  const { merged_ids: _ids, merged_into: _into, ...alone } = delivery;
  return alone;
}

/**
 * From when on the 24 hours of a message count: those of a storm are given up together, and none before its time. Of
 * others only the head is.
 */
export function youngestOf({ head, merged, items }: Parcel): number {
  const together = items === null ? [] : merged;
  return Math.max(head.created_at, ...together.map((each) => each.created_at));
}
