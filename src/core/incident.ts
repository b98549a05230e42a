import type { Draft } from './draft.ts';
import { deadlineOf } from './due.ts';
import { LIMITS } from './limits.ts';
import type { BadOutcome, Delivery, DeliveryFacts, DeliveryKind, Incident, Run } from './model.ts';
import type { BadKind, CloseReason, Outcome } from './reasons.ts';

/** The kind of trouble an outcome is; null for outcomes that are not bad (DESIGN.md §3.3). */
export function badKindOf(outcome: Outcome): BadKind | null {
  if (outcome === 'missed' || outcome === 'timeout') return outcome;
  return outcome === 'failure' || outcome === 'abandoned' ? 'failure' : null;
}

/** When a run began, for comparing it with a recovery: its start, else its slot unless it ended before, else its end. */
export function beganAt(run: Run, at: number): number {
  return run.started_at ?? Math.min(run.slot_at ?? at, at);
}

/**
 * Counts how a run or a slot ended. Everything an incident does on outcomes happens here.
 * @param at the outcome's own instant, which may lie before outcomes already counted
 */
export function countOutcome(draft: Draft, run: Run, at: number): void {
  if (run.outcome === null || run.outcome === 'skipped' || run.outcome === 'unknown') return;
  if (at >= (draft.job.last_outcome_at ?? -Infinity)) {
    draft.job.last_outcome = run.outcome;
    draft.job.last_outcome_at = at;
  }
  const kind = badKindOf(run.outcome);
  if (kind === null) countGood(draft, run, at);
  else countBad(draft, run, kind, at);
}

/**
 * Takes back an outcome that another one replaces: a `timeout` whose run ended after all, a `missed` slot
 * that had a run. The incident stays; what replaces the outcome is counted next.
 * @returns whether it still counted
 */
export function retractOutcome(draft: Draft, runId: string, beganAtOfIt: number): boolean {
  const isIt = (outcome: { run_id: string; began_at: number }): boolean =>
    outcome.run_id === runId && outcome.began_at === beganAtOfIt;
  const retracted = draft.job.bad.find(isIt);
  draft.job.bad = draft.job.bad.filter((bad) => !isIt(bad));
  if (retracted !== undefined && retracted.at === draft.job.last_outcome_at) {
    // What replaces the latest outcome is the latest, however early it is dated.
    draft.job.last_outcome_at = null;
  }
  const incident = draft.incident;
  if (incident !== null && incident.outcomes.some(isIt)) {
    const outcomes = incident.outcomes.filter((outcome) => !isIt(outcome));
    const bad = outcomes.filter((outcome) => badKindOf(outcome.outcome) !== null);
    draft.setIncident({
      ...incident,
      outcomes,
      bad_count: incident.bad_count - 1,
      newest_bad_at: Math.max(0, ...bad.map((outcome) => outcome.began_at)),
    });
  }
  return retracted !== undefined;
}

function countBad(draft: Draft, run: Run, kind: BadKind, at: number): void {
  // History that a later success has already answered opens nothing (DESIGN.md §3.2).
  if (at < (draft.job.last_success_at ?? -Infinity)) return;
  const bad: BadOutcome = { run_id: run.id, kind, reason: run.reason, at, began_at: beganAt(run, at) };
  draft.job.bad.push(bad);
  draft.job.bad.sort((a, b) => a.at - b.at);
  if (draft.job.bad.length > LIMITS.thresholdMax) draft.job.bad.shift();
  const kinds = kindsReached(draft);
  if (draft.incident !== null) absorb(draft, run, bad, kinds);
  else if (kinds.length > 0) open(draft, run, bad, kinds);
}

function countGood(draft: Draft, run: Run, at: number): void {
  draft.job.last_success_at = Math.max(at, draft.job.last_success_at ?? -Infinity);
  draft.job.bad = draft.job.bad.filter((bad) => bad.at > at);
  const incident = draft.incident;
  if (incident === null) return;
  const began = beganAt(run, at);
  const outcomes = withOutcome(incident, run, at, began);
  const counts = began >= incident.newest_bad_at && !incident.good_run_ids.includes(run.id);
  const good = counts ? [...incident.good_run_ids, run.id] : incident.good_run_ids;
  draft.setIncident({ ...incident, outcomes, good_run_ids: good });
  if (counts && good.length >= draft.spec.recoveryThreshold) {
    close(draft, at, draft.correction === 'late_report' ? 'late_report' : 'recovered', run);
  }
}

/** The kinds of trouble that have reached their threshold since the last good outcome. */
function kindsReached(draft: Draft): BadKind[] {
  const threshold = draft.spec.failureThreshold;
  const counts = new Map<BadKind, number>();
  for (const bad of draft.job.bad) counts.set(bad.kind, (counts.get(bad.kind) ?? 0) + 1);
  if ('any' in threshold) return draft.job.bad.length >= threshold.any ? [...counts.keys()] : [];
  return [...counts].filter(([kind, count]) => count >= (threshold[kind] ?? 1)).map(([kind]) => kind);
}

function open(draft: Draft, run: Run, bad: BadOutcome, kinds: BadKind[]): void {
  draft.job.incident_count += 1;
  const incident: Incident = {
    id: `${draft.jobId}-i${draft.job.incident_count}`,
    job_id: draft.jobId,
    job_name: draft.spec.name,
    kind: 'job',
    opened_at: bad.at,
    closed_at: null,
    reason: run.reason,
    opened_by_run_id: run.id,
    close_reason: null,
    kinds,
    bad_count: draft.job.bad.length,
    outcomes: draft.job.bad.slice(-LIMITS.incidentOutcomesMax).map((each) => ({
      run_id: each.run_id,
      outcome: draft.run(each.run_id)?.outcome ?? each.kind,
      reason: each.reason,
      at: each.at,
      began_at: each.began_at,
    })),
    newest_bad_at: Math.max(...draft.job.bad.map((each) => each.began_at)),
    good_run_ids: [],
    told: [],
    next_reminder_at: draft.spec.remindEveryMs === null ? null : draft.knownAt + draft.spec.remindEveryMs,
    reminder_count: 0,
    acknowledged_until_at: null,
  };
  draft.setIncident(incident);
  tell(draft, run, bad.at);
}

function absorb(draft: Draft, run: Run, bad: BadOutcome, kinds: BadKind[]): void {
  const incident = draft.incident;
  if (incident === null) return;
  // Its opening outcome was just replaced by this one: the same trouble, better known.
  const isOpening = run.id === incident.opened_by_run_id || run.replaces_run_id === incident.opened_by_run_id;
  const newestBadAt = Math.max(incident.newest_bad_at, bad.began_at);
  draft.setIncident({
    ...incident,
    kinds: [...new Set([...incident.kinds, ...kinds])],
    bad_count: incident.bad_count + 1,
    outcomes: withOutcome(incident, run, bad.at, bad.began_at),
    newest_bad_at: newestBadAt,
    good_run_ids: incident.good_run_ids.filter((id) => {
      const good = draft.run(id);
      return good !== undefined && beganAt(good, good.ended_at ?? 0) >= newestBadAt;
    }),
    ...(isOpening ? { reason: run.reason, opened_by_run_id: run.id } : {}),
  });
  tell(draft, run, bad.at);
}

function withOutcome(incident: Incident, run: Run, at: number, began: number): Incident['outcomes'] {
  const outcome = {
    run_id: run.id,
    outcome: run.outcome ?? 'unknown',
    reason: run.reason,
    at,
    began_at: began,
  };
  return [...incident.outcomes, outcome].slice(-LIMITS.incidentOutcomesMax);
}

/** Owes an `opened` to every notifier that takes a kind the incident contains and was not told yet. */
function tell(draft: Draft, run: Run, at: number): void {
  const incident = draft.incident;
  if (incident === null) return;
  const targets = draft.spec.notify.filter(
    ({ to, on }) => !incident.told.includes(to) && on.some((kind) => incident.kinds.includes(kind)),
  );
  const names = [...new Set(targets.map(({ to }) => to))];
  if (names.length === 0) return;
  draft.setIncident({ ...incident, told: [...incident.told, ...names] });
  for (const name of names)
    owe(draft, incident, name, 'opened', `${name}.opened`, factsOf(draft, incident, run, at));
}

/** Closes the open incident and owes the closing to exactly those who were told (DESIGN.md §3.3). */
function close(draft: Draft, at: number, reason: CloseReason, run: Run | null): void {
  const incident = draft.incident;
  if (incident === null) return;
  const closedAt = Math.max(at, incident.opened_at);
  draft.setIncident({ ...incident, closed_at: closedAt, close_reason: reason, next_reminder_at: null });
  const kind: DeliveryKind = reason === 'paused' || reason === 'removed' ? 'closed_silently' : 'closed';
  const facts = factsOf(draft, incident, run, closedAt);
  for (const name of incident.told) owe(draft, incident, name, kind, `${name}.closed`, facts);
}

/** Closes the open incident because its job was paused or removed: nobody is told (DESIGN.md §3.3). */
export function closeSilently(draft: Draft, at: number, reason: 'paused' | 'removed'): void {
  close(draft, at, reason, null);
}

/** Owes a reminder to everyone who was told, unless the incident is acknowledged for longer. */
export function remind(draft: Draft, at: number): void {
  const incident = draft.incident;
  if (incident === null) return;
  const everyMs = draft.spec.remindEveryMs;
  const quietUntil = incident.acknowledged_until_at ?? 0;
  if (everyMs === null) return draft.setIncident({ ...incident, next_reminder_at: null });
  if (quietUntil > at) return draft.setIncident({ ...incident, next_reminder_at: quietUntil });
  const count = incident.reminder_count + 1;
  draft.setIncident({ ...incident, next_reminder_at: at + everyMs, reminder_count: count });
  const newest = incident.outcomes.findLast((outcome) => badKindOf(outcome.outcome) !== null);
  const run = newest === undefined ? null : (draft.run(newest.run_id) ?? null);
  const facts = factsOf(draft, incident, run, at);
  for (const name of incident.told)
    owe(draft, incident, name, 'reminder', `${name}.reminder.${count}`, facts);
}

function owe(
  draft: Draft,
  incident: Incident,
  notifier: string,
  kind: DeliveryKind,
  suffix: string,
  facts: DeliveryFacts,
): void {
  const delivery: Delivery = {
    id: `${incident.id}.${suffix}`,
    job_id: incident.job_id,
    incident_id: incident.id,
    notifier,
    kind,
    created_at: draft.learnedAt,
    status: 'pending',
    attempts: 0,
    next_attempt_at: draft.learnedAt,
    finished_at: null,
    last_error: null,
    facts,
  };
  draft.deliveries.push(delivery);
}

function factsOf(draft: Draft, incident: Incident, run: Run | null, at: number): DeliveryFacts {
  const slotAt = run?.slot_at ?? null;
  const gaveUp = run?.outcome === 'missed';
  return {
    job_name: draft.spec.name,
    outcome: run?.outcome ?? null,
    reason: run?.reason ?? incident.reason,
    at,
    run_id: run?.id ?? null,
    exit_code: run?.exit_code ?? null,
    signal: run?.signal ?? null,
    host: run?.host ?? null,
    duration_ms: run?.duration_ms ?? null,
    expected_at: slotAt,
    deadline_at: gaveUp ? at : (deadlineOf(draft)?.at ?? null),
    bad_count: draft.incident?.bad_count ?? incident.bad_count,
    last_success_at: draft.job.last_success_at,
    next_slot_at: draft.job.expected_at,
    incident_opened_at: incident.opened_at,
    detail: null,
  };
}
