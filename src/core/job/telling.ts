import { deliveryIdOf, type DeliverySuffix } from '../model/delivery-id.ts';
import { announceAt } from '../model/maintenance.ts';
import { badKindOf } from '../model/reasons.ts';
import type {
  DeliveryKind,
  IncidentOutcome,
  JobDelivery,
  JobFacts,
  JobIncident,
  Row,
} from '../model/records.ts';
import { shownRow } from '../model/rows.ts';
import type { Spec } from '../model/spec.ts';
import type { Draft } from './draft.ts';
import { deadlineOf, reminderDueAt } from './due.ts';
import { whyMissed } from './why-missed.ts';

/** The instants by which trouble is told. */
interface Telling {
  /** The instant of what is told. */
  at: number;
  /** The first instant at which it could be known. Nobody is told before. */
  knownAt: number;
  /** The instants that must lie outside of maintenance: when the outcome came, and when its run began. */
  instants: readonly number[];
}

/**
 * Owes an `opened` to every notifier that takes a kind which the incident contains and that was not told yet. In
 * maintenance it notes when that will be (docs/design.md §3.3).
 * @param run the run that the message is about
 * @param names who is told, if not all of them
 */
export function tell(
  draft: Draft,
  run: Row | null,
  { at, knownAt, instants }: Telling,
  names: readonly string[] = untold(draft, draft.spec),
): void {
  const { incident } = draft;
  if (incident === null || names.length === 0) return;
  const heldUntil = announceAt(draft.spec, instants);
  if (heldUntil !== null && heldUntil > knownAt) {
    // If each failure began the wait anew, it would go on for as long as things go wrong.
    if (heldUntil < (incident.announce_at ?? Infinity)) {
      draft.setIncident({ ...incident, announce_at: heldUntil, held_instants: instants });
    }
    return;
  }
  // The wait was over before the outcome was heard of, so it is told as if it had come in time.
  const toldAt = Math.max(at, heldUntil ?? at);
  const everyMs = draft.spec.remindEveryMs;
  // A notifier is reminded that long after it was told, however long nobody was told of the trouble.
  const isFirst = incident.told.length === 0 && everyMs !== null;
  const remindAt = isFirst ? Math.max(toldAt, knownAt) + everyMs : incident.next_reminder_at;
  draft.setIncident({
    ...incident,
    told: [...incident.told, ...names],
    announce_at: null,
    next_reminder_at: remindAt,
  });
  const facts = troubleFactsOf(draft, incident, run, toldAt);
  for (const name of names) owe(draft, incident, name, 'opened', 'opened', facts);
}

/**
 * Finds anew until when trouble is held back, because the windows or the grace after them were changed (docs/design.md
 * §3.3).
 */
export function holdAnew(draft: Draft, at: number): void {
  const { incident } = draft;
  if (incident === null || incident.announce_at === null || incident.held_instants === undefined) return;
  const heldUntil = announceAt(draft.spec, incident.held_instants) ?? at;
  draft.setIncident({ ...incident, announce_at: Math.max(heldUntil, at) });
}

/**
 * Tells of an open incident whose spec was changed. Notifiers that now take what it contains and did not before are
 * told; the others are told only of what no window holds back any longer.
 */
export function tellJoined(draft: Draft, previous: Spec, run: Row | null, telling: Telling): void {
  const heldUntil = draft.incident?.announce_at ?? null;
  if (heldUntil !== null && heldUntil <= telling.at) return announce(draft, telling.at);
  const before = untold(draft, previous);
  const joined = untold(draft, draft.spec).filter((name) => !before.includes(name));
  if (heldUntil === null) tell(draft, run, telling, joined);
}

/** Tells of an incident that maintenance held back, and that is still open. */
export function announce(draft: Draft, at: number): void {
  if (draft.incident === null) return;
  draft.setIncident({ ...draft.incident, announce_at: null });
  tell(draft, newestBad(draft), { at, knownAt: at, instants: [at] });
}

/**
 * Brings a reminder forward that nothing keeps back any longer, since an acknowledgement or a window may have been
 * changed.
 */
export function remindAnew(draft: Draft, at: number): void {
  if (draft.incident === null || (reminderDueAt(draft) ?? at) >= at) return;
  draft.setIncident({ ...draft.incident, next_reminder_at: at });
}

/** Owes a reminder to the notifiers that were told and are still notifiers of the job. */
export function remind(draft: Draft, at: number): void {
  const { incident } = draft;
  if (incident === null) return;
  const everyMs = draft.spec.remindEveryMs;
  if (everyMs === null) return draft.setIncident({ ...incident, next_reminder_at: null });
  // Windows without end are walked only so far at a time.
  if (announceAt(draft.spec, [at]) !== null) return draft.setIncident({ ...incident, next_reminder_at: at });
  const names = incident.told.filter((name) => draft.spec.notify.some(({ to }) => to === name));
  if (names.length === 0) return draft.setIncident({ ...incident, next_reminder_at: at + everyMs });
  const count = incident.reminder_count + 1;
  draft.setIncident({ ...incident, next_reminder_at: at + everyMs, reminder_count: count });
  const facts = troubleFactsOf(draft, incident, newestBad(draft), at);
  for (const name of names) owe(draft, incident, name, 'reminder', `reminder.${count}`, facts);
}

/** Returns the run or history row of the incident's newest bad outcome, as far as it is kept. */
export function newestBad(draft: Draft): Row | null {
  const newest = draft.incident === null ? undefined : newestBadOutcome(draft.incident);
  return newest === undefined ? null : (draft.run(newest.run_id) ?? null);
}

function newestBadOutcome(incident: JobIncident): IncidentOutcome | undefined {
  const bad = incident.outcomes.filter((outcome) => badKindOf(outcome.outcome) !== null);
  // An outcome that is reported late may lie before others that are known already.
  const newestAt = Math.max(...bad.map((outcome) => outcome.at));
  return bad.findLast((outcome) => outcome.at === newestAt);
}

/** Returns the notifiers of a spec that take a kind which the incident contains and were not told of it. */
function untold({ incident }: Draft, spec: Spec): string[] {
  if (incident === null) return [];
  const targets = spec.notify.filter(
    ({ to, on }) => !incident.told.includes(to) && on.some((kind) => incident.kinds.includes(kind)),
  );
  return [...new Set(targets.map(({ to }) => to))];
}

/** Puts a message into the outbox. */
export function owe(
  draft: Draft,
  incident: JobIncident,
  notifier: string,
  kind: DeliveryKind,
  suffix: DeliverySuffix,
  facts: JobFacts,
): void {
  const delivery: JobDelivery = {
    id: deliveryIdOf(incident.id, notifier, suffix),
    job_id: incident.job_id,
    incident_id: incident.id,
    notifier,
    kind,
    created_at: draft.owedAt,
    status: 'pending',
    attempts: 0,
    next_attempt_at: draft.owedAt,
    finished_at: null,
    last_error: null,
    facts,
  };
  draft.deliveries.push(delivery);
}

/**
 * Collects the facts for a message of trouble. The history of a long incident may have let the run go that the
 * message is about.
 */
function troubleFactsOf(draft: Draft, incident: JobIncident, run: Row | null, at: number): JobFacts {
  const facts = factsOf(draft, incident, run, at);
  const newest = run === null ? newestBadOutcome(incident) : undefined;
  return newest === undefined ? facts : { ...facts, outcome: newest.outcome, reason: newest.reason };
}

/** Collects the facts for a message, as they are now. */
export function factsOf(draft: Draft, incident: JobIncident, run: Row | null, at: number): JobFacts {
  const shown = run === null ? null : shownRow(run);
  const slotAt = shown?.slot_at ?? null;
  const gaveUp = shown?.outcome === 'missed';
  const why = gaveUp && slotAt !== null ? whyMissed(draft, slotAt) : null;
  return {
    job_name: draft.spec.name,
    outcome: shown?.outcome ?? null,
    reason: shown?.reason ?? incident.reason,
    at,
    run_id: shown?.id ?? null,
    exit_code: shown?.exit_code ?? null,
    signal: shown?.signal ?? null,
    host: shown?.host ?? null,
    duration_ms: shown?.duration_ms ?? null,
    expected_at: slotAt,
    deadline_at: gaveUp ? at : (deadlineOf(draft)?.at ?? null),
    bad_count: draft.incident?.bad_count ?? incident.bad_count,
    last_success_at: draft.job.last_success_at,
    next_slot_at: draft.job.expected_at,
    incident_opened_at: incident.opened_at,
    detail: shown?.detail ?? why?.detail ?? null,
    ...(why === null ? {} : { advice: why.advice }),
  };
}
