import { noteNotifierFails, noteNotifierWorks } from '../../apply/failing-notifiers.ts';
import type { Delivery, Refusal } from '../../core/model/records.ts';
import type { Tx } from '../../store/store.ts';
import { addDead } from './dead.ts';
import type { Parcel } from './parcel.ts';
import { withoutAttempts } from './refusals.ts';
import { MINUTE_MS } from '../../schedule/units.ts';

/** The result of handling a parcel. */
export type SendOutcome =
  | { type: 'sent'; receipt: string | null }
  /** Only the log has it; `notSentBecause` gives the reason where a person was meant to be told. */
  | { type: 'logged'; notSentBecause: string | null }
  /** It was settled without a message. */
  | { type: 'silent'; because: string }
  /**
   * It was not sent. The head is tried again, and the deliveries merged with it stay as they are. `refused` says that
   * this instance may not try again, and others may.
   */
  | { type: 'retry'; error: string; retryAt: number; refused?: Refusal }
  /** It was not sent and never will be, nor will the deliveries that were merged into the head. */
  | { type: 'dead'; error: string };

/** After this many attempts, about 20 minutes, others are told that the notifier fails. */
const FAILING_ATTEMPTS = 10;
/**
 * Others are told sooner if a message will not have got through for so long by its next attempt, because the receiver asks
 * for long pauses.
 */
const FAILING_MS = 30 * MINUTE_MS;

/**
 * Stores an outcome, and what it says about the notifier. The scope of the transaction holds all deliveries of the
 * parcel.
 * @returns the names of those who are told that the notifier fails, if that is news; else null
 */
export function recordOutcome(
  tx: Tx,
  { head, merged }: Parcel,
  outcome: SendOutcome,
  nowAt: number,
): readonly string[] | null {
  let count = 0;
  for (const { id } of outcome.type === 'retry' ? [head] : [head, ...merged]) {
    const delivery = tx.delivery(id);
    // The delivery was removed with its job, or settled by another instance after our lease ran out.
    if (delivery?.status !== 'pending') continue;
    const isHead = id === head.id;
    // A closing that was to go with its opening goes alone.
    if (outcome.type === 'dead' && !isHead && delivery.merged_into !== head.id) continue;
    count += 1;
    const before = outcome.type === 'retry' ? delivery : withoutAttempts(delivery);
    tx.putDelivery({ ...before, ...changeOf(outcome, delivery, isHead ? null : head.id, nowAt) });
  }
  switch (outcome.type) {
    case 'sent':
      noteNotifierWorks(tx, head.notifier, nowAt);
      return null;
    case 'logged':
      // If a person was meant to be told, the log is no success, so the notifier's failure stays as it was noted.
      if (outcome.notSentBecause === null) noteNotifierWorks(tx, head.notifier, nowAt);
      return null;
    case 'silent':
      return null;
    case 'retry': {
      // Each message counts once. Otherwise a message that is always refused would raise the alarm again whenever
      // another got through.
      return isFailingNow(head, outcome.retryAt, nowAt)
        ? noteNotifierFails(tx, head.notifier, outcome.error, nowAt)
        : null;
    }
    case 'dead':
      addDead(tx, head.notifier, count);
      return noteNotifierFails(tx, head.notifier, outcome.error, nowAt);
  }
}

/** Tells whether a message has failed for long enough by this attempt, and had not by the one before. */
function isFailingNow(head: Delivery, retryAt: number, nowAt: number): boolean {
  const { attempts, next_attempt_at: triedAt, failing_from_at: fromAt = nowAt } = head;
  const isLong = (tries: number, untilAt: number): boolean =>
    tries >= FAILING_ATTEMPTS || untilAt - fromAt >= FAILING_MS;
  return isLong(attempts + 1, retryAt) && !isLong(attempts, triedAt);
}

/** The part of a delivery that an attempt changes. */
type Progress = Pick<
  Delivery,
  | 'status'
  | 'attempts'
  | 'next_attempt_at'
  | 'finished_at'
  | 'last_error'
  | 'receipt'
  | 'refused'
  | 'failing_from_at'
>;

/** @param sentWith the delivery whose message told of this one, too; null for that delivery itself */
function changeOf(
  outcome: SendOutcome,
  delivery: Delivery,
  sentWith: string | null,
  nowAt: number,
): Partial<Progress> {
  const attempts = delivery.attempts + 1;
  switch (outcome.type) {
    case 'sent': {
      const note = sentWith === null ? null : `told with ${sentWith}`;
      const receipt = outcome.receipt === null ? {} : { receipt: outcome.receipt };
      return { status: 'sent', attempts, finished_at: nowAt, last_error: note, ...receipt };
    }
    case 'logged': {
      const together = sentWith === null ? null : `logged with ${sentWith}`;
      const because = outcome.notSentBecause === null ? null : `not sent: ${outcome.notSentBecause}`;
      return { status: 'logged', attempts, finished_at: nowAt, last_error: together ?? because };
    }
    case 'silent':
      return { status: 'sent', finished_at: nowAt, last_error: `no message: ${outcome.because}` };
    case 'retry': {
      const { refused, error, retryAt } = outcome;
      const by = refused === undefined ? {} : { refused: [...(delivery.refused ?? []), refused] };
      const { failing_from_at: fromAt = nowAt } = delivery;
      return { attempts, next_attempt_at: retryAt, last_error: error, failing_from_at: fromAt, ...by };
    }
    case 'dead':
      return { status: 'dead', attempts, finished_at: nowAt, last_error: outcome.error };
  }
}
