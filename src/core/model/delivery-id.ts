import type { Delivery } from './records.ts';

/** The part of a delivery's id that differs among the deliveries of one incident to one notifier. */
export type DeliverySuffix = 'opened' | 'closed' | `reminder.${number}`;

/**
 * Returns the id of a delivery (docs/design.md §7). It is stable, so that a receiver can tell a repeat, and so that
 * other deliveries about the incident are found without a search.
 */
export function deliveryIdOf(incidentId: string, notifier: string, suffix: DeliverySuffix): string {
  return `${incidentId}.${notifier}.${suffix}`;
}

/** Returns the id of another delivery about the same incident to the same notifier. */
export function siblingIdOf(
  { incident_id: incidentId, notifier }: Pick<Delivery, 'incident_id' | 'notifier'>,
  suffix: DeliverySuffix,
): string {
  return deliveryIdOf(incidentId, notifier, suffix);
}

/** Tells whether a delivery or message of this kind says nothing but that the trouble is over. */
export function isEndKind(kind: string): boolean {
  return kind === 'closed' || kind === 'closed_silently';
}
