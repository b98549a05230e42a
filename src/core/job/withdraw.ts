import { LIMITS } from '../model/limits.ts';
import type { Run } from '../model/records.ts';
import type { Draft } from './draft.ts';
import { countOutcome, recallLastOutcome, retractOutcome } from './incident.ts';
import { overlapsStill } from './overlap.ts';

/** The failures by overlap that were taken back. */
export interface Withdrawn {
  isAny: boolean;
  /** True if one of those runs goes on. */
  isReopened: boolean;
}

const NOTHING: Withdrawn = { isAny: false, isReopened: false };

/**
 * Takes back failures by overlap when the end of a run turns out to lie before the runs began that had been found to
 * overlap it. A report that was delayed corrects history (docs/design.md §3.2). Those runs did not fail by starting, so
 * they go on, or have ended as they said.
 * @param endAt when the run ended
 */
export function withdrawOverlaps(draft: Draft, first: Run, endAt: number): Withdrawn {
  if (draft.spec.overlap !== 'forbid' || draft.paused) return NOTHING;
  const falsely = draft
    .runs()
    .filter((row): row is Run => row.kind === 'run' && row.reason === 'overlap' && row.counted)
    .filter((run) => (run.started_at ?? -Infinity) >= endAt)
    .toSorted((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0));
  // They are withdrawn one after another, because one that goes on after all may be overlapped by the next.
  const openBefore = draft.openRuns().length;
  let count = 0;
  for (const run of falsely) {
    if (overlapsStill(draft, run, first)) continue;
    withdraw(draft, run);
    count += 1;
  }
  return { isAny: count > 0, isReopened: draft.openRuns().length > openBefore };
}

function withdraw(draft: Draft, run: Run): void {
  const startedAt = run.started_at ?? 0;
  const { own_end: ownEnd, ended_at: endedAt } = run;
  const hasEnded = ownEnd !== undefined && endedAt !== null;
  const { wasBad, wasOpening } = retractOutcome(draft, run.id, startedAt);
  const after = draft.changeRun(run.id, hasEnded ? ownEnd : goingOn(draft, startedAt));
  if (draft.job.last_outcome === run.outcome && draft.job.last_outcome_at === startedAt) {
    draft.job.last_outcome = null;
    draft.job.last_outcome_at = null;
    recallLastOutcome(draft);
  }
  // Trouble that was told, and that a later success has answered since, is not told again.
  if (hasEnded && (wasBad || ownEnd.outcome === 'success'))
    countOutcome(draft, after, endedAt, { isOpening: wasOpening, isLateReport: true });
}

function goingOn(draft: Draft, startedAt: number): Partial<Run> {
  // A run that is watched only from now on is not held to have hung before.
  const atLeast = draft.learnedAt + LIMITS.delayedStartMsMin;
  const limitAt = Math.max(startedAt + draft.spec.maxRuntimeMs, atLeast);
  const open = {
    ended_at: null,
    ended_after_number: null,
    outcome: null,
    reason: 'started',
    detail: null,
    limit_at: limitAt,
  } as const;
  // The miss that the run replaced was taken out of the history when the run failed.
  return { ...open, limit_at_min: atLeast, replaces_run_id: null };
}
