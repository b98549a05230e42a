import type { Day, Tally } from '../../src/core/model/daily.ts';
import type {
  Job,
  JobDelivery,
  JobIncident,
  Ping,
  Run,
  ServiceIncident,
  SkipRow,
  SlotsRow,
  SystemDelivery,
} from '../../src/core/model/records.ts';
import type { PingKind } from '../../src/core/model/reasons.ts';
import type { MetaValue, Tx } from '../../src/store/store.ts';

/** These functions make records and fill in everything that a test does not care about. */
export const NOW_AT = Date.UTC(2026, 0, 15, 12);

export function job(id: string, changes: Partial<Job> = {}, state: Partial<Job['state']> = {}): Job {
  return {
    id,
    name: `job-${id}`,
    source: 'api',
    place: null,
    declared: {},
    declaration: {},
    created_at: NOW_AT,
    updated_at: NOW_AT,
    removed_at: null,
    ...changes,
    state: {
      status: 'pending',
      expected_at: null,
      deadline_at_min: 0,
      due_at: null,
      seen: false,
      paused_by_api: false,
      settled_at: NOW_AT,
      run_count: 0,
      incident_count: 0,
      last_start_at: null,
      last_success_at: null,
      last_outcome: null,
      last_outcome_at: null,
      bad: [],
      unclaimed: [],
      gaps: [],
      ...state,
    },
  };
}

/** Makes a run, which is settled unless the changes say otherwise. */
export function run(jobId: string, number: number, changes: Partial<Run> = {}): Run {
  return {
    kind: 'run',
    id: `${jobId}-${number}`,
    job_id: jobId,
    number,
    rid: null,
    slot_at: null,
    late: false,
    started_at: NOW_AT,
    ended_at: NOW_AT + 1_000,
    ended_after_number: number - 1,
    duration_ms: 1_000,
    start_received: true,
    replaces_run_id: null,
    limit_at: null,
    outcome: 'success',
    reason: 'succeeded',
    detail: null,
    counted: true,
    exit_code: 0,
    signal: null,
    host: null,
    output_bytes: 0,
    output_dropped_bytes: 0,
    ...changes,
  };
}

/** Makes a row for one missed slot, or for the slots that the changes say. */
export function slotsRow(jobId: string, number: number, changes: Partial<SlotsRow> = {}): SlotsRow {
  return {
    kind: 'slots',
    id: `${jobId}-${number}`,
    job_id: jobId,
    number,
    count: 1,
    first_slot_at: NOW_AT,
    slot_at: NOW_AT,
    ended_at: NOW_AT + 1_000,
    outcome: 'missed',
    reason: 'missed',
    ...changes,
  };
}

/** Makes a `skip` that found the lock taken. */
export function skipRow(jobId: string, number: number, changes: Partial<SkipRow> = {}): SkipRow {
  return {
    kind: 'skip',
    id: `${jobId}-${number}`,
    job_id: jobId,
    number,
    rid: null,
    host: null,
    slot_at: null,
    ended_at: NOW_AT,
    outcome: 'skipped',
    reason: 'lock_held',
    counted: true,
    output_bytes: 0,
    output_dropped_bytes: 0,
    ...changes,
  };
}

/** Makes a day with one success of a second. */
export function day(jobId: string, date: string, changes: Partial<Day> = {}): Day {
  return { job_id: jobId, date, outcomes: { success: 1 }, durations: [347, 1], ...changes };
}

/** Makes the tally that leads to such a day. */
export function tally(date: string, changes: Partial<Tally> = {}): Tally {
  return { date, outcome: 'success', delta: 1, duration_ms: 1_000, ...changes };
}

export function openRun(jobId: string, number: number, changes: Partial<Run> = {}): Run {
  const open = { ended_at: null, ended_after_number: null };
  return run(jobId, number, { ...open, duration_ms: null, outcome: null, reason: 'started', ...changes });
}

export function incident(id: string, jobId: string, changes: Partial<JobIncident> = {}): JobIncident {
  return {
    id,
    job_id: jobId,
    job_name: `job-${jobId}`,
    kind: 'job',
    opened_at: NOW_AT,
    closed_at: null,
    reason: 'exit_code',
    close_reason: null,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [],
    newest_bad_at: NOW_AT,
    opened_by_run_id: null,
    good_run_ids: [],
    told: [],
    next_reminder_at: null,
    reminder_count: 0,
    announce_at: null,
    acknowledged_until_at: null,
    ...changes,
  };
}

/** Makes an incident of Cronflow itself. */
export function systemIncident(id: string, changes: Partial<ServiceIncident> = {}): ServiceIncident {
  return {
    id,
    kind: 'config',
    opened_at: NOW_AT,
    closed_at: null,
    reason: 'config_invalid',
    close_reason: null,
    told: [],
    next_reminder_at: null,
    reminder_count: 0,
    acknowledged_until_at: null,
    detail: 'line 3',
    ...changes,
  };
}

/** Makes a delivery about Cronflow itself. */
export function systemDelivery(id: string, changes: Partial<SystemDelivery> = {}): SystemDelivery {
  const { facts, ...owed } = delivery(id, 'system');
  return {
    ...owed,
    job_id: null,
    facts: {
      job_name: null,
      reason: 'config_invalid',
      at: facts.at,
      incident_opened_at: facts.incident_opened_at,
      detail: 'line 3',
    },
    ...changes,
  };
}

export function delivery(id: string, jobId: string, changes: Partial<JobDelivery> = {}): JobDelivery {
  return {
    id,
    job_id: jobId,
    incident_id: `${jobId}.1`,
    notifier: 'ops',
    kind: 'opened',
    created_at: NOW_AT,
    status: 'pending',
    attempts: 0,
    next_attempt_at: NOW_AT,
    finished_at: null,
    last_error: null,
    facts: {
      job_name: `job-${jobId}`,
      outcome: 'failure',
      reason: 'exit_code',
      at: NOW_AT,
      run_id: null,
      exit_code: 1,
      signal: null,
      host: null,
      duration_ms: null,
      expected_at: null,
      deadline_at: null,
      bad_count: 1,
      last_success_at: null,
      next_slot_at: null,
      incident_opened_at: NOW_AT,
      detail: null,
    },
    ...changes,
  };
}

/** Makes a ping that says nothing but its kind. */
export function pingOf(kind: PingKind, at: number, changes: Partial<Ping> = {}): Ping {
  return {
    kind,
    received_at: at,
    delay_ms: 0,
    rid: null,
    exit_code: null,
    signal: null,
    duration_ms: null,
    host: null,
    output: null,
    output_dropped_bytes: 0,
    ...changes,
  };
}

export function ping(changes: Partial<Ping> = {}): Ping {
  return pingOf('success', NOW_AT, { exit_code: 0, ...changes });
}

/** Lists ids in the order of the records. */
export function ids(records: readonly { id: string }[]): string[] {
  return records.map((record) => record.id);
}

/** Counts up by one under a key and returns the new count. */
export function increment(tx: Tx, key: string): number {
  const before: MetaValue = tx.meta(key) ?? 0;
  tx.putMeta(key, Number(before) + 1);
  return Number(before) + 1;
}
