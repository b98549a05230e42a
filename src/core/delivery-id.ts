import type { Delivery, DeliveryKind } from './model.ts';

/** What tells the deliveries of one incident to one notifier apart. */
export type DeliverySuffix = 'opened' | 'closed' | `reminder.${number}`;

/**
 * The id of a delivery (docs/design.md §7): stable, so that a receiver can tell a repeat, and so that what else is owed
 * about an incident is found without a search.
 */
export function deliveryIdOf(incidentId: string, notifier: string, suffix: DeliverySuffix): string {
  return `${incidentId}.${notifier}.${suffix}`;
}

/** The id of another delivery about the same incident to the same notifier. */
export function siblingIdOf(
  { incident_id: incidentId, notifier }: Pick<Delivery, 'incident_id' | 'notifier'>,
  suffix: DeliverySuffix,
): string {
  return deliveryIdOf(incidentId, notifier, suffix);
}

/** Whether it tells of nothing but that the trouble is over. */
export function isEndKind(kind: DeliveryKind): boolean {
  return kind === 'closed' || kind === 'closed_silently';
}
