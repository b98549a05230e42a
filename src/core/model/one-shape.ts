import type { BadKind } from './reasons.ts';
import type { DeliveryFacts, Incident } from './records.ts';

/**
 * Clients of the API and receivers of webhooks read one shape of incidents and deliveries. In that shape trouble of
 * Cronflow itself reads as one failure; its records hold no such figures.
 */
export const SYSTEM_BAD_COUNT = 1;

/** Returns the kinds of trouble that an incident reads as. */
export function kindsOf(incident: Incident): readonly BadKind[] {
  return incident.kind === 'job' ? incident.kinds : ['failure'];
}

/** Returns how many bad outcomes in a row the facts of a message read as. */
export function badCountOf(facts: DeliveryFacts): number {
  return facts.job_name === null ? SYSTEM_BAD_COUNT : facts.bad_count;
}
