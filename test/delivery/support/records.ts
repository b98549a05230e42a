import { deliveryIdOf, type DeliverySuffix } from '../../../src/core/model/delivery-id.ts';
import type {
  DeliveryKind,
  Job,
  JobDelivery,
  JobFacts,
  JobIncident,
  JobState,
  NotifierIncident,
  Run,
  ServiceIncident,
  SystemDelivery,
  SystemFacts,
} from '../../../src/core/model/records.ts';
import { DAY_MS, MINUTE_MS } from '../../../src/schedule/units.ts';
import { delivery, incident, job, run, systemDelivery, systemIncident } from '../../support/records.ts';

/** The cast: one job in Berlin, due at 02:00, that failed on web1 in the night to Thursday, 15 January 2026. */
export const SLOT_AT = Date.UTC(2026, 0, 15, 1);

export function aJob(changes: Partial<Job> = {}): Job {
  const declaration = {
    schedule: '0 2 * * *',
    timezone: 'Europe/Berlin',
    description: 'Dumps every database to the vault',
    runbook: 'https://wiki.example.com/backup',
    owner: 'data team',
  };
  const made = {
    name: 'daily-database-backup',
    source: 'file',
    place: { file: 'cronflow.yaml', line: 12 },
    declared: declaration,
    declaration,
    created_at: 0,
    updated_at: 0,
  } as const;
  return { ...job('j1', made, STATE), ...changes };
}

const STATE: Partial<JobState> = {
  status: 'failure',
  expected_at: SLOT_AT + DAY_MS,
  seen: true,
  settled_at: SLOT_AT,
  run_count: 1,
  incident_count: 1,
  last_start_at: SLOT_AT,
  last_success_at: SLOT_AT - DAY_MS,
  last_outcome: 'failure',
  last_outcome_at: SLOT_AT,
};

export function aRun(changes: Partial<Run> = {}): Run {
  return run('j1', 7, {
    rid: 'abc',
    slot_at: SLOT_AT,
    started_at: SLOT_AT,
    ended_at: SLOT_AT + 252_000,
    duration_ms: 252_000,
    outcome: 'failure',
    reason: 'exit_code',
    exit_code: 1,
    host: 'web1',
    ...changes,
  });
}

export function anIncident(changes: Partial<JobIncident> = {}): JobIncident {
  return incident('j1-i1', 'j1', {
    job_name: 'daily-database-backup',
    opened_at: SLOT_AT + 252_000,
    newest_bad_at: SLOT_AT,
    opened_by_run_id: 'j1-7',
    told: ['ops'],
    ...changes,
  });
}

export function someFacts(changes: Partial<JobFacts> = {}): JobFacts {
  return {
    job_name: 'daily-database-backup',
    outcome: 'failure',
    reason: 'exit_code',
    at: SLOT_AT + 252_000,
    run_id: 'j1-7',
    exit_code: 1,
    signal: null,
    host: 'web1',
    duration_ms: 252_000,
    expected_at: SLOT_AT,
    deadline_at: null,
    bad_count: 1,
    last_success_at: SLOT_AT - DAY_MS + 12 * MINUTE_MS,
    next_slot_at: SLOT_AT + DAY_MS,
    incident_opened_at: SLOT_AT + 252_000,
    detail: null,
    ...changes,
  };
}

/** Trouble of Cronflow itself that night: its configuration was broken. */
export function aSystemIncident(changes: Partial<ServiceIncident> = {}): ServiceIncident {
  return systemIncident('config-1', { opened_at: SLOT_AT + 252_000, told: ['ops'], ...changes });
}

/** A notifier that failed that night. */
export function aNotifierIncident(changes: Partial<NotifierIncident> = {}): NotifierIncident {
  const trouble = { kind: 'notifier', reason: 'notifier_failing', subject: 'pager' } as const;
  return { ...aSystemIncident({ id: 'notifier-1' }), ...trouble, ...changes };
}

export function someSystemFacts(changes: Partial<SystemFacts> = {}): SystemFacts {
  return {
    job_name: null,
    reason: 'config_invalid',
    at: SLOT_AT + 252_000,
    incident_opened_at: SLOT_AT + 252_000,
    detail: null,
    ...changes,
  };
}

export function aSystemDelivery(changes: Partial<SystemDelivery> = {}): SystemDelivery {
  const incidentId = changes.incident_id ?? 'config-1';
  const { notifier = 'ops', kind = 'opened' } = changes;
  return systemDelivery(deliveryIdOf(incidentId, notifier, suffixOf(kind)), {
    incident_id: incidentId,
    created_at: SLOT_AT + 252_000,
    next_attempt_at: SLOT_AT + 252_000,
    facts: someSystemFacts(),
    ...changes,
  });
}

function suffixOf(kind: DeliveryKind): DeliverySuffix {
  if (kind === 'reminder') return 'reminder.1';
  return kind === 'closed_silently' ? 'closed' : kind;
}

export function aDelivery(changes: Partial<JobDelivery> = {}): JobDelivery {
  const incidentId = changes.incident_id ?? 'j1-i1';
  const { notifier = 'ops', kind = 'opened' } = changes;
  return delivery(deliveryIdOf(incidentId, notifier, suffixOf(kind)), 'j1', {
    incident_id: incidentId,
    created_at: SLOT_AT + 252_000,
    next_attempt_at: SLOT_AT + 252_000,
    facts: someFacts(),
    ...changes,
  });
}

export function aClosing(changes: Partial<JobDelivery> = {}): JobDelivery {
  const facts = someFacts({
    outcome: 'success',
    reason: 'succeeded',
    at: SLOT_AT + 252_000 + 130 * MINUTE_MS,
    run_id: 'j1-8',
    exit_code: 0,
    duration_ms: 11 * MINUTE_MS,
    expected_at: null,
    bad_count: 3,
    last_success_at: SLOT_AT + 252_000 + 130 * MINUTE_MS,
  });
  return aDelivery({ kind: 'closed', facts, ...changes });
}
