import { Draft } from '../../core/job/draft.ts';
import { deadlineOf } from '../../core/job/due.ts';
import { lateEndsAdvice } from '../../core/job/why-missed.ts';
import { type Day, figuresOf } from '../../core/model/daily.ts';
import type {
  Delivery,
  DeliveryFacts,
  Incident,
  Job,
  JobIncident,
  Row,
  SystemIncident,
} from '../../core/model/records.ts';
import { kindsOf, badCountOf, SYSTEM_BAD_COUNT } from '../../core/model/one-shape.ts';
import { shownRow } from '../../core/model/rows.ts';
import { NO_RUNS } from '../../core/model/runs.ts';
import { type Globals, specOf } from '../../core/model/spec.ts';

type Json = Record<string, unknown>;

/** Matches the keys of instants: `at`, and names that end in `_at`. */
export const INSTANT_KEY = /^(?:.+_)?at$/;

/**
 * Writes a record for an answer: every key ending in `_at` (and `at` itself) becomes ISO 8601 UTC, at any depth;
 * everything else stays (docs/design.md §1).
 */
export function toWire(record: object): Json {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, wireValue(key, value)]));
}

function wireValue(key: string, value: unknown): unknown {
  if (typeof value === 'number' && INSTANT_KEY.test(key)) return isoOf(value);
  if (Array.isArray(value)) return value.map((item) => wireValue('', item));
  if (typeof value === 'object' && value !== null) return toWire(value);
  return value;
}

/** So many instants are kept as text: many pings come in one millisecond, and many jobs were declared in one. */
const TEXTS_KEPT = 64;
const keptTexts: { at: number; text: string }[] = Array.from({ length: TEXTS_KEPT }, () => ({
  at: NaN,
  text: '',
}));

/** Writes an instant; null for one that no calendar has, because a damaged record must not break a whole list. */
function isoOf(at: number): string | null {
  const kept = keptTexts[at % TEXTS_KEPT];
  if (kept?.at === at) return kept.text;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return null;
  const text = date.toISOString();
  if (kept !== undefined) Object.assign(kept, { at, text });
  return text;
}

/** Writes the keys of a job that the original service answers a ping with (docs/design.md §8). */
export function jobInBrief({ id, name, declaration, state, created_at: createdAt }: Job): Json {
  return {
    id,
    name,
    schedule: declaration.schedule ?? null,
    status: state.status,
    last_run: state.last_start_at === null ? null : isoOf(state.last_start_at),
    created_at: isoOf(createdAt),
  };
}

/**
 * Writes a job for clients: its declaration with defaults filled in, its state, and what is derived on reading.
 * `late` says that the expected slot has passed and nothing was heard yet (docs/design.md §3.3).
 * @param incident the open incident of the job
 * @param nowAt milliseconds since the Unix epoch
 */
export function jobJson(job: Job, incident: JobIncident | undefined, globals: Globals, nowAt: number): Json {
  const { declaration, state } = job;
  const spec = specOf(job.name, declaration, globals);
  const isPaused = spec.paused || state.paused_by_api;
  // A job with a period is not expected while it runs. The status tells that without reading the runs.
  const isExpected = !isPaused && !(spec.schedule?.kind === 'every' && state.status === 'running');
  const expectedAt = isExpected ? state.expected_at : null;
  const draft = new Draft(
    spec,
    { job_id: job.id, job: state, runs: NO_RUNS, incident: incident ?? null },
    nowAt,
  );
  return {
    id: job.id,
    name: job.name,
    source: job.source,
    place: job.place,
    schedule: null,
    every: null,
    timezone: 'UTC',
    description: null,
    group: null,
    owner: null,
    tags: [],
    ...declaration,
    renamed_from: job.renamed?.at(-1)?.from ?? null,
    status: state.status,
    paused: isPaused,
    paused_until_at: state.paused_until_at === undefined ? null : isoOf(state.paused_until_at),
    late: expectedAt !== null && expectedAt < nowAt,
    advice: lateEndsAdvice(state),
    incident: incident === undefined ? null : incidentSummary(incident),
    last_run: state.last_start_at === null ? null : isoOf(state.last_start_at),
    ...toWire({
      last_success_at: state.last_success_at,
      last_outcome: state.last_outcome,
      last_outcome_at: state.last_outcome_at,
      expected_at: expectedAt,
      deadline_at: expectedAt === null ? null : (deadlineOf(draft)?.at ?? null),
      created_at: job.created_at,
      updated_at: job.updated_at,
    }),
  };
}

function incidentSummary(incident: JobIncident): Json {
  const { id, reason, kinds, bad_count, opened_at, acknowledged_until_at } = incident;
  return toWire({ id, reason, kinds, bad_count, opened_at, acknowledged_until_at });
}

/** Writes a row of the history of a job: a run, slots that ended without one, or a `skip`. */
export function runJson(row: Row): Json {
  return toWire(shownRow(row));
}

/** Writes the figures of a job for one day. */
export function dayJson(day: Day): Json {
  return { date: day.date, ...figuresOf(day) };
}

/** Writes an incident. Clients read one shape, whether it is of a job or of Cronflow itself. */
export function incidentJson(incident: Incident): Json {
  return incident.kind === 'job' ? jobIncidentJson(incident) : systemIncidentJson(incident);
}

/** Writes an incident of a job without the keys that the core needs to decide on its end. */
function jobIncidentJson(incident: JobIncident): Json {
  const {
    newest_bad_at: _newest,
    opened_by_began_at: _openedByBeganAt,
    good_run_ids: _good,
    held_instants: _held,
    ...shown
  } = incident;
  return toWire(shown);
}

/** Writes an incident of Cronflow itself. The keys that only jobs have say that there is none, and one trouble. */
function systemIncidentJson(incident: SystemIncident): Json {
  return toWire({
    id: incident.id,
    job_id: null,
    job_name: null,
    kind: incident.kind,
    opened_at: incident.opened_at,
    closed_at: incident.closed_at,
    reason: incident.reason,
    opened_by_run_id: null,
    close_reason: incident.close_reason,
    kinds: kindsOf(incident),
    bad_count: SYSTEM_BAD_COUNT,
    outcomes: [],
    told: incident.told,
    next_reminder_at: incident.next_reminder_at,
    reminder_count: incident.reminder_count,
    announce_at: null,
    acknowledged_until_at: incident.acknowledged_until_at,
    detail: incident.detail,
    ...(incident.kind === 'notifier' ? { subject: incident.subject } : {}),
  });
}

/** Writes a delivery. Clients read one shape of its facts, too. */
export function deliveryJson(delivery: Delivery): Json {
  return toWire({ ...delivery, facts: factsJson(delivery.facts) });
}

function factsJson(facts: DeliveryFacts): object {
  if (facts.job_name !== null) return facts;
  return {
    job_name: null,
    outcome: null,
    reason: facts.reason,
    at: facts.at,
    run_id: null,
    exit_code: null,
    signal: null,
    host: null,
    duration_ms: null,
    expected_at: null,
    deadline_at: null,
    bad_count: badCountOf(facts),
    last_success_at: null,
    next_slot_at: null,
    incident_opened_at: facts.incident_opened_at,
    detail: facts.detail,
  };
}
