import type { Reason } from '../../core/model/reasons.ts';
import type { Incident, JobFacts } from '../../core/model/records.ts';
import { startOf } from '../../core/model/rows.ts';
import { formatDuration } from '../../schedule/duration.ts';
import { adviceFor } from './advice.ts';
import type { MessageField } from './message.ts';
import type { Parts } from './parts.ts';
import { heldRevision, heldWords } from './system-words.ts';
import { fullTime } from '../../schedule/wall-time.ts';
import { deadCountWords, troubleWords, verdictOf } from './words.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';
import { isEndKind } from '../../core/model/delivery-id.ts';

/** A message that is sent later than this after the event says when the event was. */
const LATE_MS = MINUTE_MS;
/** With a longer address, the command around it would be cut. */
const ADDRESS_LENGTH_MAX = 200;

/** Reasons whose run has not ended as far as anyone knows, so that its start says more than a duration. */
const WITHOUT_END: ReadonlySet<Reason> = new Set<Reason>(['timeout', 'abandoned', 'too_many_runs']);
/** Reasons for which a duration means nothing: nothing was run, or nobody knows for how long. */
const WITHOUT_DURATION: ReadonlySet<Reason> = new Set<Reason>([
  'abandoned',
  'too_many_runs',
  'stuck_lock',
  'overlap',
]);

/** Returns the facts of a message, each with its label (docs/design.md §7, Slack: Fields). */
export function fieldsOf(parts: Parts): MessageField[] {
  const { context, timezone } = parts;
  const fields: MessageField[] = [];
  const add = (label: string, value: string | null | undefined): void => {
    if (value !== null && value !== undefined && value !== '') fields.push({ label, value });
  };
  const time = (at: number | null): string | null => (at === null ? null : fullTime(at, timezone));
  if (!isEndKind(parts.kind)) add('Reason', reasonOf(parts));
  addTimes(parts, add, time);
  const { facts } = parts;
  if (facts.job_name !== null) {
    add(...hostOf(facts, parts));
    if (!WITHOUT_DURATION.has(facts.reason)) add('Duration', durationOf(facts, context.usualMs));
    if (!isEndKind(parts.kind)) add('Last success', lastSuccessOf(facts, parts));
    add('Next slot', time(context.job === null ? facts.next_slot_at : context.job.state.expected_at));
  }
  if (parts.kind === 'opened' || parts.kind === 'reminder') {
    add('To confirm', confirmationOf(parts));
    add('What to do', adviceFor(facts));
  }
  add('Owner', context.job?.declaration.owner);
  if (context.deadCount > 0) add('Not delivered', deadCountWords(context.deadCount));
  return fields;
}

/** Adds the instants in the order in which they come. */
function addTimes(
  { facts, closing, kind, context, timezone }: Parts,
  add: (label: string, value: string | null) => void,
  time: (at: number | null) => string | null,
): void {
  const { run, incident, nowAt } = context;
  // The first instant names the zone, because the reader looks there first.
  if (facts.job_name !== null) {
    add('Expected', facts.expected_at === null ? null : `${time(facts.expected_at)} (${timezone})`);
    if (!isEndKind(kind) && hasStart(facts)) add('Started', time(run === null ? null : startOf(run)));
  }
  const openedAt = facts.incident_opened_at;
  if (isEndKind(kind)) {
    add('Was', incident === null ? null : `${verdictOf(incident.reason)} since ${time(openedAt)}`);
  }
  if (kind === 'reminder') add('In trouble since', time(openedAt));
  if (facts.reason === 'cronflow_away') add('Back since', time(facts.at));
  else if (kind !== 'reminder') {
    // A message that maintenance held back is dated at its announcement, so the end of the run says when the trouble
    // happened.
    const endedAt = kind === 'closed' ? null : (run?.ended_at ?? null);
    const happenedAt = Math.min(facts.at, endedAt ?? facts.at);
    if (nowAt - happenedAt >= LATE_MS) add('Happened', time(happenedAt));
    if (kind === 'opened' && wasHeld(incident) && facts.at > openedAt)
      add('Held back', `by maintenance, until ${time(facts.at)}`);
  }
  if (closing !== null && kind === 'opened_and_closed') add('Recovered', time(closing.at));
  add('Now', `${time(nowAt)} (${timezone})`);
}

/** Tells whether maintenance held the incident back. It never holds back trouble of Cronflow itself. */
function wasHeld(incident: Incident | null): boolean {
  return incident?.kind === 'job' && incident.held_instants !== undefined;
}

/** Tells whether the start of the run is known. A run that reported only its end, and no duration, has none. */
function hasStart({ reason, duration_ms: durationMs }: JobFacts): boolean {
  return WITHOUT_END.has(reason) || (durationMs !== null && !WITHOUT_DURATION.has(reason));
}

/**
 * Returns the reason. For Cronflow's own trouble the title says it as far as it fits, so only a held change, which
 * has more to say, gets a field.
 */
function reasonOf({ facts, timezone }: Parts): string | null {
  if (facts.reason === 'config_held') return heldWords(facts);
  return facts.job_name === null ? null : troubleWords(facts, timezone).what;
}

/** Returns the host. A run that never started has none, so the host of the last run is where to look. */
function hostOf(facts: JobFacts, { context }: Parts): [label: string, value: string | null] {
  return facts.host === null ? ['Last host', context.lastHost] : ['Host', facts.host];
}

function durationOf(facts: JobFacts, usualMs: number | null): string | null {
  if (facts.duration_ms === null) return null;
  const usual = usualMs === null ? '' : `, usually ${formatDuration(usualMs)}`;
  return `${formatDuration(facts.duration_ms)}${usual}`;
}

function lastSuccessOf(facts: JobFacts, { timezone, context }: Parts): string {
  if (facts.last_success_at === null) return 'never';
  const agoMs = context.nowAt - facts.last_success_at;
  // The age is rounded to the minute from an hour on, and to the hour from a day on, because nobody counts the
  // seconds of yesterday.
  const stepMs = agoMs >= DAY_MS ? HOUR_MS : agoMs >= HOUR_MS ? MINUTE_MS : 1;
  const ago = formatDuration(Math.floor(agoMs / stepMs) * stepMs);
  return `${fullTime(facts.last_success_at, timezone)} (${ago} ago)`;
}

/** Returns the request that confirms a held change. */
function confirmationOf({ facts, context }: Parts): string | null {
  const revision = heldRevision(facts);
  if (revision === null) return null;
  const request = `/config/reload?confirm=${revision}`;
  const { publicUrl } = context;
  if (publicUrl === null || publicUrl.length > ADDRESS_LENGTH_MAX) return `POST ${request}`;
  return `curl -X POST -H "Authorization: Bearer $CRONFLOW_TOKEN" '${publicUrl}${request}'`;
}
