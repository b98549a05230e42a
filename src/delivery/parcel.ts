import type { Delivery, Incident } from '../core/model.ts';
import type { Store } from '../store/store.ts';

/** Deliveries that one message settles, or that need none. */
export interface Parcel {
  /** The claimed one, which decides about attempts and retries. */
  head: Delivery;
  /** Settled together with it. */
  merged: readonly Delivery[];
  /** The closing among `merged`, which the message tells of. */
  closing: Delivery | null;
  /** Why nobody needs to be told of it; null: send it. */
  silentBecause: string | null;
}

/** Reminders looked at when an opening and its closing merge: more were never pending in practice. */
const REMINDERS_MAX = 100;

/**
 * What goes out with a claimed delivery, decided at every attempt anew from what is stored (DESIGN.md §7:
 * "an opening not yet sent and its closing merge into one message"). Merging storms has its place here.
 * @param keepsState of the notifier
 * @throws CronflowError when the store cannot be read
 */
export async function parcelOf(store: Store, head: Delivery, keepsState: boolean): Promise<Parcel> {
  const alone: Parcel = { head, merged: [], closing: null, silentBecause: null };
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

/** The incident is over, or a newer reminder follows: only the newest says how things stand. */
function isOvertaken(reminder: Delivery, incident: Incident): boolean {
  if (incident.closed_at !== null) return true;
  return reminder.id !== reminderId(reminder, incident.reminder_count);
}

/** Pending deliveries of the same incident to the same notifier, by their ids (core: `owe`). */
async function pendingAfter(store: Store, head: Delivery, incident: Incident): Promise<Delivery[]> {
  const ids = [idOf(head, 'closed')];
  const oldest = Math.max(1, incident.reminder_count - REMINDERS_MAX + 1);
  for (let count = oldest; count <= incident.reminder_count; count++) ids.push(reminderId(head, count));
  return store.transact({ delivery_ids: ids }, (tx) =>
    ids.flatMap((id) => {
      const delivery = tx.delivery(id);
      return delivery?.status === 'pending' ? [delivery] : [];
    }),
  );
}

function idOf(delivery: Delivery, suffix: string): string {
  return `${delivery.incident_id}.${delivery.notifier}.${suffix}`;
}

function reminderId(delivery: Delivery, count: number): string {
  return idOf(delivery, `reminder.${count}`);
}
