import type { Delivery, Incident } from '../../core/model/records.ts';
import { cleanText } from './clean.ts';

/** Hides what the `redact` patterns of the configuration match. */
export type Redact = (text: string) => string;

/** Returns a record whose detail quotes no secrets. */
export function redactDetail<T extends { detail: string | null }>(record: T, redactText: Redact): T {
  const { detail } = record;
  return detail === null ? record : { ...record, detail: redactText(cleanText(detail)) };
}

/** Returns a delivery whose facts quote no secrets. */
export function redactDelivery(delivery: Delivery, redactText: Redact): Delivery {
  return delivery.job_id === null
    ? { ...delivery, facts: redactDetail(delivery.facts, redactText) }
    : { ...delivery, facts: redactDetail(delivery.facts, redactText) };
}

/** Returns an incident whose account of the trouble quotes no secrets. Only one of Cronflow itself has an account. */
export function redactIncident(incident: Incident, redactText: Redact): Incident {
  return incident.kind === 'job' ? incident : redactDetail(incident, redactText);
}
