import type {
  Delivery,
  DeliveryFacts,
  Incident,
  Job,
  JobState,
  Run,
} from '../../../src/core/model/records.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

/** The cast: one job in Berlin, due at 02:00, that failed on web1 in the night to Thursday, 15 January 2026. */
export const SLOT_AT = Date.UTC(2026, 0, 15, 1);

const state: JobState = {
  status: 'failure',
  expected_at: SLOT_AT + 86_400_000,
  deadline_at_min: 0,
  due_at: null,
  seen: true,
  paused_by_api: false,
  settled_at: SLOT_AT,
  run_count: 1,
  incident_count: 1,
  last_start_at: SLOT_AT,
  last_success_at: SLOT_AT - 86_400_000,
  last_outcome: 'failure',
  last_outcome_at: SLOT_AT,
  bad: [],
  unclaimed: [],
  gaps: [],
};

export function aJob(changes: Partial<Job> = {}): Job {
  const declaration = {
    schedule: '0 2 * * *',
    timezone: 'Europe/Berlin',
    description: 'Dumps every database to the vault',
    runbook: 'https://wiki.example.com/backup',
    owner: 'data team',
  };
  return {
    id: 'j1',
    name: 'daily-database-backup',
    source: 'file',
    place: { file: 'cronflow.yaml', line: 12 },
    declared: declaration,
    declaration,
    created_at: 0,
    updated_at: 0,
    removed_at: null,
    state,
    ...changes,
  };
}

export function aRun(changes: Partial<Run> = {}): Run {
  return {
    id: 'j1-7',
    job_id: 'j1',
    rid: 'abc',
    slot_at: SLOT_AT,
    late: false,
    started_at: SLOT_AT,
    start_received: true,
    replaces_run_id: null,
    ended_at: SLOT_AT + 252_000,
    duration_ms: 252_000,
    limit_at: null,
    outcome: 'failure',
    reason: 'exit_code',
    detail: null,
    counted: true,
    exit_code: 1,
    signal: null,
    host: 'web1',
    output_bytes: 0,
    output_dropped_bytes: 0,
    count: 1,
    first_slot_at: null,
    ...changes,
  };
}

export function anIncident(changes: Partial<Incident> = {}): Incident {
  return {
    id: 'j1-i1',
    job_id: 'j1',
    job_name: 'daily-database-backup',
    kind: 'job',
    opened_at: SLOT_AT + 252_000,
    closed_at: null,
    reason: 'exit_code',
    opened_by_run_id: 'j1-7',
    close_reason: null,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [],
    newest_bad_at: SLOT_AT,
    good_run_ids: [],
    told: ['ops'],
    next_reminder_at: null,
    reminder_count: 0,
    announce_at: null,
    acknowledged_until_at: null,
    ...changes,
  };
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
    last_success_at: SLOT_AT - 86_400_000 + 12 * MINUTE_MS,
    next_slot_at: SLOT_AT + 86_400_000,
    incident_opened_at: SLOT_AT + 252_000,
    detail: null,
    ...changes,
  };
}

export function aDelivery(changes: Partial<Delivery> = {}): Delivery {
  const incidentId = changes.incident_id ?? 'j1-i1';
  const notifier = changes.notifier ?? 'ops';
  const kind = changes.kind ?? 'opened';
  const suffix = kind === 'closed_silently' ? 'closed' : kind === 'reminder' ? 'reminder.1' : kind;
  return {
    id: `${incidentId}.${notifier}.${suffix}`,
    job_id: 'j1',
    incident_id: incidentId,
    notifier,
    kind,
    created_at: SLOT_AT + 252_000,
    status: 'pending',
    attempts: 0,
    next_attempt_at: SLOT_AT + 252_000,
    finished_at: null,
    last_error: null,
    facts: someFacts(),
    ...changes,
  };
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
