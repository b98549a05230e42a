import type {
  Delivery,
  DeliveryFacts,
  Incident,
  Job,
  JobState,
  Run,
} from '../../../src/core/model/records.ts';
import { DAY_MS, MINUTE_MS } from '../../../src/schedule/units.ts';
import { delivery, incident, job, run } from '../../support/records.ts';

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

export function anIncident(changes: Partial<Incident> = {}): Incident {
  return incident('j1-i1', 'j1', {
    job_name: 'daily-database-backup',
    opened_at: SLOT_AT + 252_000,
    newest_bad_at: SLOT_AT,
    opened_by_run_id: 'j1-7',
    told: ['ops'],
    ...changes,
  });
}

export function someFacts(changes: Partial<DeliveryFacts> = {}): DeliveryFacts {
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

export function aDelivery(changes: Partial<Delivery> = {}): Delivery {
  const incidentId = changes.incident_id ?? 'j1-i1';
  const { notifier = 'ops', kind = 'opened' } = changes;
  const suffix = kind === 'closed_silently' ? 'closed' : kind === 'reminder' ? 'reminder.1' : kind;
  return delivery(`${incidentId}.${notifier}.${suffix}`, 'j1', {
    incident_id: incidentId,
    created_at: SLOT_AT + 252_000,
    next_attempt_at: SLOT_AT + 252_000,
    facts: someFacts(),
    ...changes,
  });
}

export function aClosing(changes: Partial<Delivery> = {}): Delivery {
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
