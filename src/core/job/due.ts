import { LIMITS } from '../model/limits.ts';
import { announceAt } from '../model/maintenance.ts';
import type { JobState, Run } from '../model/records.ts';
import { earlyMs, slotAfter } from '../model/slots.ts';
import { hiddenUntil } from './claim-delays.ts';
import type { Draft } from './draft.ts';
import { joinedGaps } from './gaps.ts';
import { isDropped } from './overlap.ts';

/** The thing that time alone will do next to a job. */
export type Due =
  | { kind: 'limit'; at: number; runId: string }
  | { kind: 'dropped'; at: number }
  | { kind: 'deadline'; at: number; outcome: 'missed' | 'unknown' }
  | { kind: 'announcement'; at: number }
  | { kind: 'reminder'; at: number }
  /** A pause of the API ends by itself. */
  | { kind: 'resumption'; at: number };

/** Returns the earliest thing that is due; of several at one instant the one that this function looks at first. */
export function nextDue(draft: Draft): Due | null {
  let next: Due | null = null;
  for (const run of draft.openRuns()) {
    const limitAt = limitDueAt(draft, run);
    if (limitAt !== null) next = earlier(next, { kind: 'limit', at: limitAt, runId: run.id });
  }
  const expectedAt = draft.paused ? null : draft.job.expected_at;
  if (expectedAt !== null && isDropped(draft, expectedAt))
    next = earlier(next, { kind: 'dropped', at: expectedAt });
  const deadline = deadlineOf(draft);
  if (deadline !== null) next = earlier(next, { kind: 'deadline', ...deadline });
  // A notifier that is told by an announcement is not reminded in the same breath.
  const reminderAt = reminderDueAt(draft);
  if (reminderAt !== null) next = earlier(next, { kind: 'reminder', at: reminderAt });
  const announcementAt = draft.incident?.announce_at ?? null;
  if (announcementAt !== null) next = earlier(next, { kind: 'announcement', at: announcementAt });
  const { paused_until_at: resumesAt } = draft.job;
  if (resumesAt !== undefined) next = earlier(next, { kind: 'resumption', at: resumesAt });
  return next;
}

function earlier(known: Due | null, due: Due): Due {
  return known !== null && known.at <= due.at ? known : due;
}

/**
 * Returns when the next reminder comes: not while the incident is acknowledged, Cronflow away or the job in
 * maintenance (docs/design.md §3.3, §3.4). It is found anew each time, because an acknowledgement and the windows can
 * change meanwhile.
 */
export function reminderDueAt(draft: Draft): number | null {
  const { incident } = draft;
  if (incident === null || incident.next_reminder_at === null) return null;
  let at = Math.max(incident.next_reminder_at, incident.acknowledged_until_at ?? 0);
  if (draft.spec.maintenance.length === 0 && draft.job.gaps.length === 0) return at;
  // A gap may end in a window, and a window in the next gap.
  for (let step = 0; step <= draft.job.gaps.length; step += 1) {
    const backAt = draft.job.gaps.find((each) => each.from_at <= at && at < each.to_at)?.to_at ?? at;
    at = announceAt(draft.spec, [backAt]) ?? backAt;
  }
  return at;
}

/**
 * Returns by when a slot must be claimed, leaving aside that a gap can make it wait longer. A change of the grace
 * moves it.
 */
export function plainDeadlineOf(draft: Draft, slotAt: number): number {
  return Math.max(slotAt + draft.spec.graceMs, draft.job.deadline_at_min);
}

/**
 * Returns when an open run times out, which is at its limit. But a limit that fell into a gap in which the run was
 * open, or less than a replay window after it, waits until then for what the wrapper has kept (docs/design.md §3.4).
 * If that wait ends in the next gap, it goes on for what was kept in that one, too. A gap that is over by then puts
 * the limit off no more, because a Cronflow that restarts again and again must still tell of a run that hangs.
 */
function limitDueAt(draft: Draft, { limit_at: limitAt, started_at: startedAt }: Run): number | null {
  if (limitAt === null || draft.job.gaps.length === 0) return limitAt;
  const { replayWindowMs } = draft.spec;
  let at = limitAt;
  for (const gap of draft.job.gaps) {
    const isOpenIn = (startedAt ?? limitAt) <= gap.to_at;
    const isNear = gap.from_at <= limitAt && limitAt < gap.to_at + replayWindowMs;
    if (isOpenIn && isNear) at = Math.max(at, gap.to_at + replayWindowMs);
  }
  if (at === limitAt) return at;
  const gaps = draft.job.gaps.toSorted((a, b) => a.from_at - b.from_at);
  for (const gap of gaps) if (gap.from_at <= at && at < gap.to_at) at = gap.to_at + replayWindowMs;
  return at;
}

/**
 * Returns when the expected slot is given up, and as what. A slot whose window touches a gap waits for pings that are
 * sent again and is then `unknown` instead of `missed`, unless that gap explains nothing (docs/design.md §3.4). For
 * `every` nothing is due while a run is open (§3.1).
 */
export function deadlineOf(draft: Draft): { at: number; outcome: 'missed' | 'unknown' } | null {
  const { expected_at: expectedAt } = draft.job;
  if (expectedAt === null || draft.paused) return null;
  if (draft.isHeldByRun) return null;
  let at = plainDeadlineOf(draft, expectedAt);
  if (!mayBeUnseen(draft, expectedAt)) return { at, outcome: 'missed' };
  const windowFrom = expectedAt - earlyMs(draft.spec, expectedAt);
  // The wait for one gap's pings may run into the next gap, so each gap is held against the moved deadline.
  for (const gap of draft.job.gaps) {
    if (gap.from_at > at || gap.to_at < windowFrom) continue;
    at = Math.max(at, gap.to_at + draft.spec.replayWindowMs);
  }
  return { at: Math.min(at, firstMissAfter(draft, expectedAt, at)), outcome: 'unknown' };
}

/**
 * Returns the deadline of the first later slot whose silence no gap explains, if that comes before `before`. The wait
 * for one slot must not hold up the miss of another: a job that has died is told of in time also after a restart. A
 * slot that ended `unknown` can still be reported late.
 */
function firstMissAfter(draft: Draft, expectedAt: number, before: number): number {
  if (draft.spec.schedule?.kind !== 'cron') return Infinity;
  let slotAt = slotAfter(draft.spec, expectedAt);
  while (slotAt !== null && plainDeadlineOf(draft, slotAt) < before) {
    const gap = gapThatHides(draft, slotAt);
    if (gap === undefined) return plainDeadlineOf(draft, slotAt);
    // The gap explains every slot up to its end, so the search goes on after it.
    slotAt = slotAfter(draft.spec, Math.max(slotAt, gap.to_at));
  }
  return Infinity;
}

/**
 * Tells whether a gap may have hidden the run of a slot that nobody claimed in time (docs/design.md §3.4): the gap
 * touches the window of the slot, and it began before the instant by which the job had always reported.
 */
export function mayBeUnseen(draft: Draft, slotAt: number): boolean {
  return gapThatHides(draft, slotAt) !== undefined;
}

function gapThatHides(draft: Draft, slotAt: number): JobState['gaps'][number] | undefined {
  // Most jobs have no gap, and to find the window of a slot takes longer than most of what a ping does.
  if (draft.job.gaps.length === 0) return undefined;
  const windowFrom = slotAt - earlyMs(draft.spec, slotAt);
  const untilAt = Math.min(plainDeadlineOf(draft, slotAt), hiddenUntil(draft, slotAt));
  return draft.job.gaps.find((gap) => gap.from_at <= untilAt && gap.to_at >= windowFrom);
}

/**
 * Forgets gaps that can no longer touch the expected slot, a run that is open, a reminder that is put off, or what
 * may still be reported. How much time has been applied must make no difference to what is reported late.
 */
export function forgetOldGaps(draft: Draft): void {
  if (draft.job.gaps.length === 0) return;
  const expectedAt = draft.job.expected_at;
  const starts = draft.openRuns().map((run) => run.started_at ?? 0);
  const windowFrom = expectedAt === null ? Infinity : expectedAt - earlyMs(draft.spec, expectedAt);
  const from = Math.min(
    draft.learnedAt - LIMITS.delayMsMax,
    windowFrom,
    draft.incident?.next_reminder_at ?? Infinity,
    ...starts,
  );
  const kept = draft.job.gaps.filter((gap) => gap.to_at >= from);
  draft.job.gaps = joinedGaps(kept, LIMITS.gapsMax, windowFrom);
}
