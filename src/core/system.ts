import type { Delivery, Incident } from './model.ts';
import type { Reason } from './reasons.ts';

/** What is wrong with Cronflow itself. */
export interface Trouble {
  kind: Exclude<Incident['kind'], 'job'>;
  reason: Reason;
  /** In full, for people. */
  detail: string;
}

/** Records of a system incident that are new or changed. */
export interface SystemChange {
  incidents: Incident[];
  deliveries: Delivery[];
}

/**
 * Opens a system incident (DESIGN.md §3.3). The same trouble again changes nothing: it is told once, also
 * over restarts. Other trouble of the same kind replaces it, so that the end is told once too.
 * @param open the open incidents of no job
 * @param notify names of the notifiers to tell
 */
export function openTrouble(
  open: readonly Incident[],
  trouble: Trouble,
  notify: readonly string[],
  at: number,
): SystemChange {
  const same = open.filter((incident) => incident.kind === trouble.kind);
  if (same.some((incident) => incident.detail === trouble.detail)) return { incidents: [], deliveries: [] };
  const replaced = same.map((incident): Incident => ({
    ...incident,
    closed_at: at,
    close_reason: 'recovered',
  }));
  const { kind, reason, detail } = trouble;
  const incident: Incident = {
    id: `${kind}-${at}-${open.length}`,
    job_id: null,
    job_name: null,
    kind,
    opened_at: at,
    closed_at: null,
    reason,
    opened_by_run_id: null,
    close_reason: null,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [],
    newest_bad_at: at,
    good_run_ids: [],
    told: [...notify],
    next_reminder_at: null,
    reminder_count: 0,
    acknowledged_until_at: null,
    detail,
  };
  return { incidents: [...replaced, incident], deliveries: deliveriesOf(incident, 'opened', at) };
}

/** Closes what is open of a kind and owes the end to those who were told. */
export function closeTrouble(open: readonly Incident[], kind: Trouble['kind'], at: number): SystemChange {
  const closed = open
    .filter((incident) => incident.kind === kind)
    .map((incident): Incident => ({ ...incident, closed_at: at, close_reason: 'recovered' }));
  return {
    incidents: closed,
    deliveries: closed.flatMap((incident) => deliveriesOf(incident, 'closed', at)),
  };
}

function deliveriesOf(incident: Incident, kind: 'opened' | 'closed', at: number): Delivery[] {
  return incident.told.map((notifier) => ({
    id: `${incident.id}.${notifier}.${kind}`,
    job_id: null,
    incident_id: incident.id,
    notifier,
    kind,
    created_at: at,
    status: 'pending',
    attempts: 0,
    next_attempt_at: at,
    finished_at: null,
    last_error: null,
    facts: {
      job_name: null,
      outcome: null,
      reason: incident.reason,
      at,
      run_id: null,
      exit_code: null,
      signal: null,
      host: null,
      duration_ms: null,
      expected_at: null,
      deadline_at: null,
      bad_count: 1,
      last_success_at: null,
      next_slot_at: null,
      incident_opened_at: incident.opened_at,
      detail: incident.detail ?? null,
    },
  }));
}
