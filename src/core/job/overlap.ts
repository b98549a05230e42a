import type { Run } from '../model/records.ts';
import { slotAfter } from '../model/slots.ts';
import type { Draft } from './draft.ts';
import { recordSlot } from './history.ts';

/**
 * Finds the run that a run starting at `startAt` overlaps, where the spec forbids it (docs/design.md §3.2). Such a
 * run began before and is open, or was open then by its own report. A run that was open while Cronflow was away may
 * have ended unseen (§3.4), so it overlaps nothing.
 */
export function overlapped(draft: Draft, startAt: number): Run | null {
  if (draft.spec.overlap !== 'forbid' || draft.paused) return null;
  return countedRuns(draft).find((run) => wasOpenAt(draft, run, startAt)) ?? null;
}

/**
 * Tells whether a run that was found to overlap another still overlaps any, now that `first` is known to have ended
 * before. A run that was given up later was open then, as far as anybody knows.
 */
export function overlapsStill(draft: Draft, second: Run, first: Run): boolean {
  const at = second.started_at ?? 0;
  return countedRuns(draft).some((run) => {
    if (run.id === first.id || run.id === second.id) return false;
    const isGivenUpLater =
      (run.outcome === 'timeout' || run.outcome === 'abandoned') && (run.ended_at ?? 0) > at;
    return wasOpenAt(draft, run, at) || (isGivenUpLater && (run.started_at ?? Infinity) <= at);
  });
}

/**
 * Tells whether a slot comes while a run is open, so that the job's own lock drops the start (docs/design.md §3.2).
 */
export function isDropped(draft: Draft, slotAt: number): boolean {
  if (draft.spec.overlap !== 'skip' || draft.spec.schedule?.kind !== 'cron') return false;
  return draft.openRuns().some((run) => run.counted && (run.started_at ?? Infinity) <= slotAt);
}

/**
 * Skips slots that came during a run which was reported as a whole: it was open then, so its lock dropped their
 * starts.
 */
export function dropCovered(draft: Draft, startAt: number, endAt: number): void {
  if (draft.spec.overlap !== 'skip' || draft.spec.schedule?.kind !== 'cron' || draft.paused) return;
  let slotAt = draft.job.expected_at;
  while (slotAt !== null && slotAt >= startAt && slotAt < endAt) {
    recordSlot(draft, slotAt, slotAt, 'skipped', 'overlap_skipped');
    slotAt = slotAfter(draft.spec, slotAt);
    draft.job.expected_at = slotAt;
  }
}

function countedRuns(draft: Draft): Run[] {
  return draft.runs().filter((row): row is Run => row.kind === 'run' && row.counted);
}

function wasOpenAt(draft: Draft, run: Run, at: number): boolean {
  const startedAt = run.started_at;
  if (startedAt === null || startedAt > at || run.reason === 'overlap') return false;
  if (run.outcome !== null) {
    return (run.outcome === 'success' || run.outcome === 'failure') && (run.ended_at ?? 0) > at;
  }
  return !draft.wasAwayBetween(startedAt, at);
}
