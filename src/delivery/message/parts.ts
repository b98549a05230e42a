import type { Delivery, DeliveryFacts } from '../../core/model/records.ts';
import type { MessageContext, MessageKind } from './message.ts';
import { redactDetail } from './redact.ts';

/** Everything about one message that its parts are written from. */
export interface Parts {
  /** Without the secrets they quote, and so is the closing. */
  facts: DeliveryFacts;
  closing: DeliveryFacts | null;
  kind: Exclude<MessageKind, 'merged'>;
  timezone: string;
  /** Null: it is about Cronflow itself. */
  name: string | null;
  context: MessageContext;
}

export function partsOf(delivery: Delivery, context: MessageContext): Parts {
  const isOver = delivery.kind === 'opened' && context.closing !== null;
  const told = redactDetail(delivery.facts, context.redact);
  return {
    // A reminder is dated at its own instant, which is not the one at which the slot was given up.
    facts: delivery.kind === 'reminder' ? { ...told, deadline_at: null } : told,
    closing: context.closing === null ? null : redactDetail(context.closing, context.redact),
    kind: isOver ? 'opened_and_closed' : delivery.kind,
    timezone: context.job?.declaration.timezone ?? context.timezone,
    name: told.job_name,
    context,
  };
}
