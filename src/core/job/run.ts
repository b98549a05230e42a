import type { Reason, RunOutcome } from '../model/reasons.ts';
import type { Run } from '../model/records.ts';
import { spanMsOf } from '../model/rows.ts';
import type { Draft } from './draft.ts';
import { unrecordSlot } from './history.ts';
import { beganAt, countOutcome, noteLastOutcome, retractOutcome } from './incident.ts';

/** The end of a run. */
export interface RunEnd {
  at: number;
  outcome: RunOutcome;
  reason: Reason;
  /** The first instant at which it could be known. Absent where a ping tells of it, which is known when it came. */
  knownAt?: number;
  /** The duration as the client measured it; absent, it is derived from the instants. */
  durationMs?: number | null;
  /** The expectation that was not met, for people. */
  detail?: string | null;
  /** True if it was reported late, or corrects what had been reported in another order. */
  isLateReport?: boolean;
}

/**
 * Ends an open run and counts its outcome. If the run took over a slot that had been given up, the slot now ends as
 * this run did (docs/design.md §3.1, "late").
 */
export function endRun(draft: Draft, runId: string, end: RunEnd): Run {
  const { knownAt = draft.learnedAt } = end;
  const open = draft.run(runId);
  if (open?.kind !== 'run') throw new Error(`no run ${runId} to end: a bug in the core`);
  const run = draft.changeRun(runId, {
    ended_at: end.at,
    // A run that failed only by starting too soon has not ended yet, so it has no duration.
    duration_ms: end.reason === 'overlap' ? null : (end.durationMs ?? spanMsOf(open, end.at)),
    limit_at: null,
    outcome: end.outcome,
    reason: end.reason,
    detail: end.detail ?? null,
    counted: open.counted && !draft.paused,
  });
  // `every` expects nothing while a run is open, so what it expects then is never already past (§3.1).
  const isLast = run.counted && !draft.isRunning;
  if (isLast && draft.spec.schedule?.kind === 'every' && draft.job.expected_at !== null) {
    draft.job.expected_at = Math.max(draft.job.expected_at, knownAt);
  }
  if (run.counted) {
    const isOpening = end.outcome !== 'unknown' && replaceGivenUpSlot(draft, run);
    countOutcome(draft, run, end.at, { isOpening, isLateReport: end.isLateReport ?? false, knownAt });
  }
  return run;
}

/**
 * Replaces the outcome of a run that had been given up, because its end came after all (docs/design.md §3.2, "a late
 * end").
 */
export function replaceEnd(draft: Draft, given: Run, end: RunEnd): Run {
  const givenUpAt = given.ended_at ?? end.at;
  const run = draft.changeRun(given.id, {
    ended_at: end.at,
    duration_ms: end.durationMs ?? spanMsOf(given, end.at),
    outcome: end.outcome,
    reason: end.reason,
    detail: end.detail ?? null,
    counted: given.counted && !draft.paused,
  });
  if (!run.counted) return run;
  // A run that ended `unknown` has not replaced the outcome of its slot yet.
  const isSlotReplaced = given.outcome === 'unknown' && end.outcome !== 'unknown';
  const wasOpeningSlot = isSlotReplaced && replaceGivenUpSlot(draft, run);
  const { wasBad, wasOpening } = retractOutcome(draft, given.id, beganAt(given, givenUpAt));
  const isLatest = draft.job.last_outcome_at === givenUpAt && draft.job.last_outcome === given.outcome;
  if (isLatest) draft.job.last_outcome_at = null;
  // A later success has answered trouble that was told, so it is not told again.
  if (wasBad || end.outcome === 'success' || given.outcome === 'unknown')
    countOutcome(draft, run, end.at, { isOpening: wasOpening || wasOpeningSlot, isLateReport: true });
  else if (givenUpAt > (draft.job.last_success_at ?? -Infinity)) noteLastOutcome(draft, run, end.at);
  return run;
}

/** @returns whether the outcome of that slot had opened the incident */
function replaceGivenUpSlot(draft: Draft, run: Run): boolean {
  if (run.replaces_run_id === null || run.slot_at === null) return false;
  const { wasOpening } = retractOutcome(draft, run.replaces_run_id, run.slot_at);
  if (draft.job.last_outcome === run.replaces_outcome) draft.job.last_outcome_at = null;
  unrecordSlot(draft, run.replaces_run_id, run.slot_at, run.replaces_outcome);
  return wasOpening;
}
