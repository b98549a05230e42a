import { CronflowError } from '../core/model/errors.ts';
import type { Incident } from '../core/model/records.ts';
import type { Tx } from '../store/store.ts';
import { applyEvent } from './events.ts';

/**
 * Keeps an open incident from reminding anyone until `untilAt`. It closes as usual (docs/design.md §3.3).
 * @throws CronflowError `not_found`, `incident_closed`
 */
export function acknowledgeIncident(tx: Tx, id: string, untilAt: number, at: number): Incident {
  const incident = openIncident(tx, id);
  const job = incident.kind === 'job' ? tx.jobById(incident.job_id) : undefined;
  if (job === undefined) tx.putIncident({ ...incident, acknowledged_until_at: untilAt });
  else applyEvent(tx, job, { type: 'acknowledged', at, until_at: untilAt });
  return openIncident(tx, id);
}

/** Returns the error for an id that no incident has. */
export function unknownIncident(id: string): CronflowError {
  const shown = JSON.stringify(id.slice(0, 200));
  return new CronflowError(
    'not_found',
    `There is no incident ${shown}. GET /incidents lists those that are kept.`,
  );
}

function openIncident(tx: Tx, id: string): Incident {
  const incident = tx.incident(id);
  if (incident === undefined) throw unknownIncident(id);
  if (incident.closed_at === null) return incident;
  const closedAt = new Date(incident.closed_at).toISOString();
  throw new CronflowError(
    'incident_closed',
    `The incident closed at ${closedAt}, so nobody is reminded of it.`,
  );
}
