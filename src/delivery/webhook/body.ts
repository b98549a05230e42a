import { badCountOf, kindsOf } from '../../core/model/one-shape.ts';
import type { BadKind, CloseReason, Outcome, Reason } from '../../core/model/reasons.ts';
import type { Incident } from '../../core/model/records.ts';
import { shownRow } from '../../core/model/rows.ts';
import { cleanLine } from '../message/clean.ts';
import type { Message, MessageField, MessageKind, MessageLink, Severity } from '../message/message.ts';
import { plainTextOf } from '../message/plain-text.ts';

const TEXT_LENGTH_MAX = 200;

/**
 * The JSON that is posted, documented by `schemas/webhook.schema.json`. Instants are ISO 8601 UTC, `*_ms` are
 * milliseconds, and null stands for a value that does not exist. Texts are those of the message, cleaned and redacted
 * as it is.
 */
export interface WebhookBody {
  version: 1;
  event: WebhookEvent;
  delivery_id: string;
  sent_at: string;
  severity: Severity;
  title: string;
  text: string;
  incident: WebhookIncident;
  job: WebhookJob | null;
  run: WebhookRun | null;
  fields: readonly MessageField[];
  output: string | null;
  output_note: string | null;
  links: readonly MessageLink[];
}

export type WebhookEvent = Exclude<MessageKind, 'merged'>;

interface WebhookIncident {
  id: string;
  kind: Incident['kind'] | null;
  reason: Reason;
  /** The name of the notifier that fails; null for other trouble. */
  subject: string | null;
  opened_at: string;
  closed_at: string | null;
  close_reason: CloseReason | null;
  kinds: readonly BadKind[];
  bad_count: number;
  acknowledged_until: string | null;
}

interface WebhookJob {
  id: string | null;
  name: string;
  group: string | null;
  tags: readonly string[];
  owner: string | null;
  description: string | null;
  runbook: string | null;
  declared_in: string | null;
  schedule: string | null;
  every: string | null;
  timezone: string | null;
  next_slot_at: string | null;
}

interface WebhookRun {
  id: string;
  rid: string | null;
  outcome: Outcome | null;
  reason: Reason;
  host: string | null;
  exit_code: number | null;
  signal: string | null;
  slot_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
}

/** Returns the body of a message. */
export function bodyOf(message: Message, nowAt: number): WebhookBody {
  return {
    version: 1,
    event: eventOf(message.kind),
    delivery_id: message.deliveryId,
    sent_at: isoOf(nowAt),
    severity: message.severity,
    title: message.title,
    text: plainTextOf(message),
    incident: incidentOf(message),
    job: jobOf(message),
    run: runOf(message),
    fields: message.fields,
    output: message.output,
    output_note: message.outputNote,
    links: message.links,
  };
}

/** Returns the event of a message. Webhooks never merge; if one got a merged message, it would be about trouble. */
export function eventOf(kind: MessageKind): WebhookEvent {
  return kind === 'merged' ? 'opened' : kind;
}

/**
 * Returns the incident as it is when the message is sent. If it is gone, the facts from when the message became owed
 * take its place.
 */
function incidentOf({ incidentId, source }: Message): WebhookIncident {
  const { delivery, incident, closing } = source;
  const facts = closing ?? delivery.facts;
  const closed = incident?.closed_at ?? (delivery.kind.startsWith('closed') ? facts.at : null);
  return {
    id: incidentId,
    kind: incident?.kind ?? (delivery.job_id === null ? null : 'job'),
    reason: incident?.reason ?? delivery.facts.reason,
    subject: textOf(incident?.kind === 'notifier' ? incident.subject : null),
    opened_at: isoOf(facts.incident_opened_at),
    closed_at: instantOf(closed),
    close_reason: incident?.close_reason ?? null,
    kinds: incident === null ? [] : kindsOf(incident),
    bad_count: badCountOf(facts),
    acknowledged_until: instantOf(incident?.acknowledged_until_at),
  };
}

function jobOf({ source, description }: Message): WebhookJob | null {
  const { delivery, job } = source;
  const { facts } = delivery;
  if (facts.job_name === null) return null;
  const declared = job?.declaration;
  const place = job?.place ?? null;
  return {
    id: delivery.job_id,
    name: facts.job_name,
    group: textOf(declared?.group),
    tags: (declared?.tags ?? []).map((tag) => cleanLine(tag, TEXT_LENGTH_MAX)),
    owner: textOf(declared?.owner),
    description,
    runbook: declared?.runbook ?? null,
    declared_in: place === null ? null : textOf(`${place.file}:${place.line}`),
    schedule: textOf(declared?.schedule),
    every: textOf(declared?.every),
    timezone: job === null ? null : (declared?.timezone ?? 'UTC'),
    next_slot_at: instantOf(job === null ? facts.next_slot_at : job.state.expected_at),
  };
}

function runOf({ source }: Message): WebhookRun | null {
  const { facts } = source.delivery;
  const run = source.run === null ? null : shownRow(source.run);
  if (facts.job_name === null || facts.run_id === null) return null;
  return {
    id: facts.run_id,
    rid: textOf(run?.rid),
    outcome: run?.outcome ?? facts.outcome,
    reason: run?.reason ?? facts.reason,
    host: textOf(run?.host ?? facts.host),
    exit_code: run?.exit_code ?? facts.exit_code,
    signal: textOf(run?.signal ?? facts.signal),
    slot_at: instantOf(run?.slot_at ?? facts.expected_at),
    started_at: instantOf(run?.started_at),
    ended_at: instantOf(run?.ended_at),
    duration_ms: run?.duration_ms ?? facts.duration_ms,
  };
}

/** Returns text from outside on one line; null where nothing is left. */
function textOf(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : cleanLine(text, TEXT_LENGTH_MAX) || null;
}

function instantOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : isoOf(at);
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
