import type { Delivery } from '../core/model.ts';
import type { Tx } from '../store/store.ts';
import { countUndelivered } from './deaths.ts';
import type { Parcel } from './parcel.ts';

/** What became of a parcel. */
export type Outcome =
  | { type: 'sent' }
  /** Settled without a message. */
  | { type: 'silent'; because: string }
  /** Not sent; the head is tried again, the rest stays as it is. */
  | { type: 'retry'; error: string; retryAt: number }
  /** Not sent and never will be; the rest stays as it is. */
  | { type: 'dead'; error: string };

/** Writes it down; the transaction's scope holds all deliveries of the parcel. */
export function recordOutcome(tx: Tx, { head, merged }: Parcel, outcome: Outcome, nowAt: number): void {
  const settlesAll = outcome.type === 'sent' || outcome.type === 'silent';
  for (const { id } of settlesAll ? [head, ...merged] : [head]) {
    const delivery = tx.delivery(id);
    // Removed with its job, or settled by another instance after our lease ran out.
    if (delivery?.status !== 'pending') continue;
    const isHead = id === head.id;
    tx.putDelivery({ ...delivery, ...changeOf(outcome, delivery, isHead ? null : head.id, nowAt) });
  }
  if (outcome.type === 'dead') countUndelivered(tx, head.notifier);
}

/** @param sentWith the delivery whose message told of this one, too; null for that one itself */
function changeOf(
  outcome: Outcome,
  delivery: Delivery,
  sentWith: string | null,
  nowAt: number,
): Partial<Delivery> {
  const attempts = delivery.attempts + 1;
  switch (outcome.type) {
    case 'sent': {
      const note = sentWith === null ? null : `told with ${sentWith}`;
      return { status: 'sent', attempts, finished_at: nowAt, last_error: note };
    }
    case 'silent':
      return { status: 'sent', finished_at: nowAt, last_error: `no message: ${outcome.because}` };
    case 'retry':
      return { attempts, next_attempt_at: outcome.retryAt, last_error: outcome.error };
    case 'dead':
      return { status: 'dead', attempts, finished_at: nowAt, last_error: outcome.error };
  }
}
