import type { Delivery, DeliveryKind, Incident } from './model.ts';
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
  const incident = systemIncident(`${trouble.kind}-${at}-${open.length}`, trouble, notify, at);
  return { incidents: [...replaced, incident], deliveries: systemDeliveries(incident, 'opened', at, at) };
}

/** Closes what is open of a kind and owes the end to those who were told. */
export function closeTrouble(open: readonly Incident[], kind: Trouble['kind'], at: number): SystemChange {
  const closed = open
    .filter((incident) => incident.kind === kind)
    .map((incident): Incident => ({ ...incident, closed_at: at, close_reason: 'recovered' }));
  return {
    incidents: closed,
    deliveries: closed.flatMap((incident) => systemDeliveries(incident, 'closed', at, at)),
  };
}

/** An open incident of no job, told to `told`. */
export function systemIncident(
  id: string,
  { kind, reason, detail }: Trouble,
  told: readonly string[],
  openedAt: number,
): Incident {
  return {
    id,
    job_id: null,
    job_name: null,
    kind,
    opened_at: openedAt,
    closed_at: null,
    reason,
    opened_by_run_id: null,
    close_reason: null,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [],
    newest_bad_at: openedAt,
    good_run_ids: [],
    told: [...new Set(told)],
    next_reminder_at: null,
    reminder_count: 0,
    announce_at: null,
    acknowledged_until_at: null,
    detail,
  };
}

/**
 * What is owed to everyone who is told of a system incident.
 * @param at the instant of what the message tells
 * @param owedAt from which it is owed
 */
export function systemDeliveries(
  incident: Incident,
  kind: DeliveryKind,
  at: number,
  owedAt: number,
): Delivery[] {
  return incident.told.map((notifier) => ({
    id: `${incident.id}.${notifier}.${kind}`,
    job_id: null,
    incident_id: incident.id,
    notifier,
    kind,
    created_at: owedAt,
    status: 'pending',
    attempts: 0,
    next_attempt_at: owedAt,
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
