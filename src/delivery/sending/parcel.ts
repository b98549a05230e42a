import { siblingIdOf } from '../../core/model/delivery-id.ts';
import type { Delivery, Incident } from '../../core/model/records.ts';
import type { Store } from '../../store/store.ts';
import type { MergedItem } from '../message/merged.ts';

/** Deliveries that one message settles, or that need no message. */
export interface Parcel {
  /** The claimed one, which decides about attempts and retries. */
  head: Delivery;
  /** Deliveries that are settled together with the head. */
  merged: readonly Delivery[];
  /** The closing among `merged`, which the message tells of. */
  closing: Delivery | null;
  /** The items of a message that tells of several incidents; null for all others. */
  items: readonly MergedItem[] | null;
  /** The reason why no message is needed; null where it is to be sent. */
  silentBecause: string | null;
}

/** Reminders that are looked at when an opening and its closing merge; in practice no more were ever pending. */
const REMINDERS_MAX = 100;

/**
 * Returns the deliveries that go out with a claimed one. This is decided at every attempt anew from what is stored
 * (docs/design.md §7: "an opening not yet sent and its closing merge into one message"). But deliveries that were
 * merged in a storm stay so.
 * @param keepsState as the notifier has it
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
  // Without a closing to send, the job was paused or removed. The trouble was real and nobody knows of it, so the
  // opening still goes.
  return closing === null ? alone : { ...alone, merged: later, closing };
}

/** Returns the deliveries that an earlier attempt had merged, as far as they are still owed. */
async function mergedParcelOf(store: Store, head: Delivery, ids: readonly string[]): Promise<Parcel> {
  const merged = await store.view({ delivery_ids: ids }, (view) =>
    ids.flatMap((id) => {
      const delivery = view.delivery(id);
      return delivery?.status === 'pending' && delivery.merged_into === head.id ? [delivery] : [];
    }),
  );
  const items = await itemsOf(store, [head, ...merged]);
  return { head, merged, closing: null, items, silentBecause: null };
}

/**
 * Returns the items that a merged message lists. An incident whose opening and closing are both among them is one
 * item, and a reminder beside its opening is none.
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

/** Tells whether the incident is over or a newer reminder follows, because only the newest says how things stand. */
function isOvertaken(reminder: Delivery, incident: Incident): boolean {
  if (incident.closed_at !== null) return true;
  return reminder.id !== reminderId(reminder, incident.reminder_count);
}

/** Returns the pending deliveries of the same incident to the same notifier, which are found by their ids. */
async function pendingAfter(store: Store, head: Delivery, incident: Incident): Promise<Delivery[]> {
  const ids = [siblingIdOf(head, 'closed')];
  const oldest = Math.max(1, incident.reminder_count - REMINDERS_MAX + 1);
  for (let count = oldest; count <= incident.reminder_count; count++) ids.push(reminderId(head, count));
  return store.view({ delivery_ids: ids }, (view) =>
    ids.flatMap((id) => {
      const delivery = view.delivery(id);
      return delivery?.status === 'pending' ? [delivery] : [];
    }),
  );
}

function reminderId(delivery: Delivery, count: number): string {
  return siblingIdOf(delivery, `reminder.${count}`);
}

/** Returns a delivery without its merging, so that this can be decided anew. */
export function aloneOf(delivery: Delivery): Delivery {
  const { merged_ids: _ids, merged_into: _into, ...alone } = delivery;
  return alone;
}

/**
 * Returns the instant from which the 24 hours of a message count. Deliveries merged in a storm are given up together,
 * so the youngest counts and none is given up before its time. Otherwise the head alone counts.
 */
export function youngestOf({ head, merged, items }: Parcel): number {
  const together = items === null ? [] : merged;
  return Math.max(head.created_at, ...together.map((each) => each.created_at));
}
