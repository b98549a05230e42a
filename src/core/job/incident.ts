import { LIMITS } from '../model/limits.ts';
import { badKindOf, type BadKind, type CloseReason, isNeutral, type Reason } from '../model/reasons.ts';
import type { BadOutcome, DeliveryKind, JobIncident, Row } from '../model/records.ts';
import { isCounted, startOf } from '../model/rows.ts';
import type { Spec } from '../model/spec.ts';
import type { Draft } from './draft.ts';
import { factsOf, newestBad, owe, tell, tellJoined } from './telling.ts';

/**
 * Returns when a run or a slot began, for comparing it with a recovery. A run of which only the end is known began
 * then (docs/design.md §3.1).
 */
export function beganAt(row: Row, at: number): number {
  if (row.kind === 'slots') return row.outcome === 'missed' ? row.slot_at : at;
  return startOf(row) ?? at;
}

/** The circumstances under which an outcome is counted. */
export interface Counting {
  /** The outcome replaces the one that opened the incident, so it is the same trouble, better known. */
  isOpening?: boolean;
  /** The outcome was reported late, so an incident that it closes was no trouble for as long as it seemed. */
  isLateReport?: boolean;
  /**
   * The first instant at which it could be known: what time does is known at its own instant, however late the tick.
   * Absent where an event tells of it, which is known when it came. Nobody is reminded from before this.
   */
  knownAt?: number;
}

/** An outcome that was taken back. */
export interface Retracted {
  /** True if it still counted. */
  wasBad: boolean;
  /** True if it had opened the incident that is open. */
  wasOpening: boolean;
}

/**
 * Counts how a run or a slot ended. Everything that outcomes do to an incident happens here.
 * @param at the outcome's own instant, which may lie before outcomes already counted
 */
export function countOutcome(draft: Draft, run: Row, at: number, how: Counting = {}): void {
  if (run.outcome === null || isNeutral(run.outcome)) return;
  noteLastOutcome(draft, run, at);
  const kind = badKindOf(run.outcome);
  if (kind === null) countGood(draft, run, at, how.isLateReport ?? false);
  else countBad(draft, run, kind, at, how);
}

/** Notes how a run or a slot ended for the status, unless something has ended since. */
export function noteLastOutcome(draft: Draft, run: Row, at: number): void {
  if (draft.job.last_outcome_at === null) return recallLastOutcome(draft);
  if (at < draft.job.last_outcome_at) return;
  draft.job.last_outcome = run.outcome;
  draft.job.last_outcome_at = at;
}

/** Finds the latest outcome among the runs that are kept, because the one that had been the latest was replaced. */
export function recallLastOutcome(draft: Draft): void {
  for (const run of draft.runs()) {
    // A run that failed with `overlap` failed as it started, whenever it ends.
    const at = run.reason === 'overlap' ? startOf(run) : run.ended_at;
    if (run.outcome === null || isNeutral(run.outcome) || !isCounted(run) || at === null) continue;
    if (at < (draft.job.last_outcome_at ?? -Infinity)) continue;
    draft.job.last_outcome = run.outcome;
    draft.job.last_outcome_at = at;
  }
}

/**
 * Takes back an outcome that another one replaces: a `timeout` whose run ended after all, or a `missed` slot that had
 * a run. The incident stays, and the outcome that replaces this one is counted next.
 */
export function retractOutcome(draft: Draft, runId: string, beganAtOfIt: number): Retracted {
  const isIt = (outcome: { run_id: string; began_at: number }): boolean =>
    outcome.run_id === runId && outcome.began_at === beganAtOfIt;
  const retracted = draft.job.bad.find(isIt);
  draft.job.bad = draft.job.bad.filter((bad) => !isIt(bad));
  const incident = draft.incident;
  const wasOpening = incident !== null && isOpeningOf(incident, runId, beganAtOfIt);
  // A long incident remembers only some of its outcomes, but all that count are in it.
  if (incident !== null && (retracted !== undefined || incident.outcomes.some(isIt))) {
    const outcomes = incident.outcomes.filter((outcome) => !isIt(outcome));
    const bad = outcomes.filter((outcome) => badKindOf(outcome.outcome) !== null);
    draft.setIncident({
      ...incident,
      outcomes,
      kinds: kindsOf(bad),
      // The outcome that takes its place sets this again, if it is bad.
      opened_by_run_id: wasOpening ? null : incident.opened_by_run_id,
      bad_count: incident.bad_count - 1,
      newest_bad_at: Math.max(0, ...bad.map((outcome) => outcome.began_at)),
    });
  }
  return { wasBad: retracted !== undefined, wasOpening };
}

function kindsOf(outcomes: JobIncident['outcomes']): BadKind[] {
  return [...new Set(outcomes.flatMap(({ outcome }) => badKindOf(outcome) ?? []))];
}

/**
 * Tells whether an outcome opened the incident. The run id alone does not say so, because a row of history may stand
 * for later slots, too.
 */
function isOpeningOf(incident: JobIncident, runId: string, began: number): boolean {
  if (incident.opened_by_run_id !== runId) return false;
  if (incident.opened_by_began_at !== undefined) return incident.opened_by_began_at === began;
  // An older version stored no `opened_by_began_at`.
  const at = incident.outcomes.find((outcome) => outcome.began_at === began)?.at;
  const ofRow = incident.outcomes.filter((outcome) => outcome.run_id === runId);
  return ofRow.length <= 1 || at === incident.opened_at;
}

function countBad(draft: Draft, run: Row, kind: BadKind, at: number, how: Counting): void {
  const { isOpening = false, knownAt = draft.learnedAt } = how;
  // A later success has already answered this outcome, so it opens nothing (docs/design.md §3.2).
  if (at < (draft.job.last_success_at ?? -Infinity)) return;
  const bad: BadOutcome = { run_id: run.id, kind, reason: run.reason, at, began_at: beganAt(run, at) };
  draft.job.bad.push(bad);
  draft.job.bad.sort((a, b) => a.at - b.at);
  forgetOldest(draft, kind);
  if (draft.incident !== null) return absorb(draft, run, bad, isOpening, knownAt);
  const kinds = kindsOnceReached(draft);
  if (kinds.length > 0) {
    open(draft, run.reason, bad, kinds, knownAt);
    tell(draft, run, { at: bad.at, knownAt, instants: instantsOf(bad, run) });
  }
}

/**
 * Keeps as many outcomes of each kind as a threshold can ask for, whatever else has gone wrong since. A timeout from
 * before a hundred misses may still turn out to be a failure, and those who take failures only are to be told then.
 */
function forgetOldest(draft: Draft, kind: BadKind): void {
  const { bad } = draft.job;
  const ofKind = bad.filter((each) => each.kind === kind);
  if (ofKind.length > LIMITS.thresholdMax) bad.splice(bad.indexOf(ofKind[0]!), 1);
}

function countGood(draft: Draft, run: Row, at: number, isLateReport: boolean): void {
  draft.job.last_success_at = Math.max(at, draft.job.last_success_at ?? -Infinity);
  draft.job.bad = draft.job.bad.filter((bad) => bad.at > at);
  const incident = draft.incident;
  if (incident === null) return;
  const began = beganAt(run, at);
  const outcomes = withOutcome(incident, run, at, began);
  const counts = began >= incident.newest_bad_at && !incident.good_run_ids.includes(run.id);
  const good = counts ? [...incident.good_run_ids, run.id] : incident.good_run_ids;
  // Trouble is not announced once it is better by the end of maintenance, even where more is needed for it to be
  // over.
  const announceAt = counts ? null : incident.announce_at;
  draft.setIncident({ ...incident, outcomes, good_run_ids: good, announce_at: announceAt });
  if (counts && good.length >= draft.spec.recoveryThreshold) {
    close(draft, at, isLateReport ? 'late_report' : 'recovered', run);
  }
}

/**
 * Holds what has happened against a changed spec. A threshold that is now reached opens or closes the incident at the
 * change, and a notifier that now takes what the incident contains is told of it.
 */
export function reconsider(draft: Draft, previous: Spec, at: number): void {
  const newest = draft.job.bad.at(-1);
  const isOpen = draft.incident !== null;
  const kinds = kindsOnceReached(draft);
  if (draft.incident === null) {
    if (newest === undefined || kinds.length === 0) return;
    open(draft, newest.reason, { ...newest, at }, kinds, at);
  } else {
    const { incident } = draft;
    const added = kinds.filter((kind) => !incident.kinds.includes(kind));
    if (added.length > 0) draft.setIncident({ ...incident, kinds: [...incident.kinds, ...added] });
    if (draft.incident.good_run_ids.length >= draft.spec.recoveryThreshold) {
      const run = draft.run(draft.incident.good_run_ids.at(-1) ?? '') ?? null;
      return close(draft, at, 'recovered', run);
    }
  }
  const run = newestBad(draft);
  const instants = [at, ...(newest === undefined ? [] : instantsOf(newest, run))];
  const telling = { at, knownAt: at, instants };
  if (isOpen) tellJoined(draft, previous, run, telling);
  else tell(draft, run, telling);
}

/**
 * Returns the instants that must not lie in maintenance for an outcome to be told: its own, and the start and the
 * slot of its run.
 */
function instantsOf(bad: BadOutcome, run: Row | null): number[] {
  const slotAt = run !== null && run.id === bad.run_id ? run.slot_at : null;
  return [bad.at, bad.began_at, ...(slotAt === null ? [] : [slotAt])];
}

/** Returns the kinds of all trouble since the last good outcome, once a threshold is reached, and none before. */
function kindsOnceReached(draft: Draft): BadKind[] {
  const threshold = draft.spec.failureThreshold;
  const counts = new Map<BadKind, number>();
  for (const bad of draft.job.bad) counts.set(bad.kind, (counts.get(bad.kind) ?? 0) + 1);
  const isReached =
    'any' in threshold
      ? draft.job.bad.length >= threshold.any
      : [...counts].some(([kind, count]) => count >= (threshold[kind] ?? 1));
  return isReached ? [...counts.keys()] : [];
}

function open(draft: Draft, reason: Reason, bad: BadOutcome, kinds: BadKind[], knownAt: number): void {
  draft.job.incident_count += 1;
  const incident: JobIncident = {
    id: `${draft.jobId}-i${draft.job.incident_count}`,
    job_id: draft.jobId,
    job_name: draft.spec.name,
    kind: 'job',
    opened_at: bad.at,
    closed_at: null,
    reason,
    opened_by_run_id: bad.run_id,
    opened_by_began_at: bad.began_at,
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
    next_reminder_at: draft.spec.remindEveryMs === null ? null : knownAt + draft.spec.remindEveryMs,
    reminder_count: 0,
    announce_at: null,
    acknowledged_until_at: null,
  };
  draft.setIncident(incident);
}

function absorb(draft: Draft, run: Row, bad: BadOutcome, isOpening: boolean, knownAt: number): void {
  const incident = draft.incident;
  if (incident === null) return;
  const newestBadAt = Math.max(incident.newest_bad_at, bad.began_at);
  draft.setIncident({
    ...incident,
    kinds: [...new Set([...incident.kinds, bad.kind])],
    bad_count: incident.bad_count + 1,
    outcomes: withOutcome(incident, run, bad.at, bad.began_at),
    newest_bad_at: newestBadAt,
    // A bad outcome breaks the row of good ones.
    good_run_ids: [],
    ...(isOpening ? { reason: run.reason, opened_by_run_id: run.id, opened_by_began_at: bad.began_at } : {}),
  });
  tell(draft, run, { at: bad.at, knownAt, instants: instantsOf(bad, run) });
}

function withOutcome(incident: JobIncident, run: Row, at: number, began: number): JobIncident['outcomes'] {
  const outcome = {
    run_id: run.id,
    outcome: run.outcome ?? 'unknown',
    reason: run.reason,
    at,
    began_at: began,
  };
  return remembered([...incident.outcomes, outcome]);
}

/**
 * Forgets outcomes of a long incident: first a good one, because people are reminded of bad ones; then the oldest bad
 * one whose kind occurs again, because the kinds say who is to be told.
 */
function remembered(outcomes: JobIncident['outcomes']): JobIncident['outcomes'] {
  if (outcomes.length <= LIMITS.incidentOutcomesMax) return outcomes;
  const kinds = outcomes.map(({ outcome }) => badKindOf(outcome));
  const older = kinds.slice(0, -1);
  const oldestGood = older.indexOf(null);
  const oldestBad = older.findIndex((kind, at) => kinds.includes(kind, at + 1));
  return outcomes.toSpliced(Math.max(0, oldestGood >= 0 ? oldestGood : oldestBad), 1);
}

/** Closes the open incident and owes the closing to exactly those who were told (docs/design.md §3.3). */
function close(draft: Draft, at: number, reason: CloseReason, run: Row | null): void {
  const incident = draft.incident;
  if (incident === null) return;
  const closedAt = Math.max(at, incident.opened_at);
  draft.setIncident({
    ...incident,
    closed_at: closedAt,
    close_reason: reason,
    next_reminder_at: null,
    announce_at: null,
  });
  // The trouble was told. An outcome of it that is dated after the recovery must not count towards the next incident.
  draft.job.bad = [];
  const kind: DeliveryKind = reason === 'paused' || reason === 'removed' ? 'closed_silently' : 'closed';
  const facts = factsOf(draft, incident, run, closedAt);
  for (const name of incident.told) owe(draft, incident, name, kind, 'closed', facts);
}

/** Closes the open incident because its job was paused or removed: nobody is told (docs/design.md §3.3). */
export function closeSilently(draft: Draft, at: number, reason: 'paused' | 'removed'): void {
  close(draft, at, reason, null);
}
