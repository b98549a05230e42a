import type { Delivery, DeliveryFacts } from '../../core/model/records.ts';
import type { MessageContext, MessageKind } from './message.ts';
import { redactDetail } from './redact.ts';

/** The facts from which the parts of one message are written. */
export interface Parts {
  /** The facts of the delivery; secrets that they quote are hidden, as in `closing`. */
  facts: DeliveryFacts;
  closing: DeliveryFacts | null;
  kind: Exclude<MessageKind, 'merged'>;
  timezone: string;
  context: MessageContext;
}

export function partsOf(delivery: Delivery, context: MessageContext): Parts {
  const isOver = delivery.kind === 'opened' && context.closing !== null;
  const told = redactDetail(delivery.facts, context.redact);
  return {
    // A reminder is dated at its own instant and not at the deadline at which the slot was given up, so it leaves the
    // deadline out.
    facts: delivery.kind === 'reminder' && told.job_name !== null ? { ...told, deadline_at: null } : told,
    closing: context.closing === null ? null : redactDetail(context.closing, context.redact),
    kind: isOver ? 'opened_and_closed' : delivery.kind,
    timezone: context.job?.declaration.timezone ?? context.timezone,
    context,
  };
}
