import { formatDuration } from '../../schedule/duration.ts';
import { LIMITS } from '../model/limits.ts';
import type { JobState, Row } from '../model/records.ts';
import { isCounted, startOf } from '../model/rows.ts';
import { earlyMs, slotAfter, slotAtOrBefore } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import type { Draft } from './draft.ts';

/** An end that comes later than this part of the time to the next slot does not belong to the slot before. */
const LATE_END_PART_MAX = 0.75;

/** Says for people why nobody claimed a slot, as far as that is known. */
export interface WhyMissed {
  detail: string;
  advice: string;
}

/**
 * Finds a reason why a slot may have been missed although the job runs: its run came too early to claim it, or the last
 * run was heard of only when it had ended. Returns null where nothing is known but the silence.
 */
export function whyMissed(draft: Draft, slotAt: number): WhyMissed | null {
  return cameTooEarly(draft, slotAt) ?? endsTooLate(draft.job);
}

/**
 * Says what to do about a job whose slots are missed and then claimed later, by the ends of runs. Returns null for
 * every other job.
 */
export function lateEndsAdvice(state: JobState): string | null {
  const { late_ends: ends, last_outcome: last } = state;
  const isAgain = ends !== undefined && (ends.count >= 2 || last === 'missed');
  return isAgain ? adviceOnLateEnds(ends.after_ms_max) : null;
}

/** Finds a run that started shortly before a slot and to which the slot does not belong. */
function cameTooEarly(draft: Draft, slotAt: number): WhyMissed | null {
  const { spec } = draft;
  if (spec.schedule?.kind !== 'cron') return null;
  const windowMs = earlyMs(spec, slotAt);
  const previousAt = slotAtOrBefore(spec, slotAt - 1) ?? -Infinity;
  // A run that is nearer to the slot before has nothing to do with this one.
  const fromAt = slotAt - Math.min(LIMITS.tooEarlyMsMax, (slotAt - previousAt) / 2);
  const run = draft.runs().findLast((each) => {
    const at = heardAt(each);
    const isWithoutSlot = each.slot_at === null || (each.kind === 'run' && each.late);
    return isWithoutSlot && isCounted(each) && at !== null && at >= fromAt && at < slotAt - windowMs;
  });
  if (run === undefined) return null;
  const earlierMs = inSeconds(slotAt - (heardAt(run) ?? slotAt));
  const what = run.outcome === 'success' ? 'a success' : 'a run';
  const [limit, more] = limitOf(spec, windowMs);
  return {
    detail: `${what} came ${formatDuration(earlierMs)} before it, too early for it: at most ${formatDuration(windowMs)}, ${limit}`,
    advice: `see whether the clock of its host is right and the crontab says the same schedule${more}`,
  };
}

/** Returns the start of a run, or the end where only that is known. A `skip` that counts as no failure is no run. */
function heardAt(row: Row): number | null {
  if (row.kind === 'slots' || row.outcome === 'skipped') return null;
  return startOf(row) ?? row.ended_at;
}

/** Says what bounds the early window, and what would widen it. */
function limitOf(spec: Spec, windowMs: number): [limit: string, more: string] {
  if (windowMs === LIMITS.earlyMsMax) return ['which is the most', ''];
  if (windowMs < spec.graceMs) return ['half the time since the slot before', ''];
  return ['its grace', `; a longer grace lets it come up to ${formatDuration(LIMITS.earlyMsMax)} early`];
}

function endsTooLate({ late_ends: ends }: JobState): WhyMissed | null {
  if (ends === undefined) return null;
  const after = formatDuration(inSeconds(ends.after_ms_max));
  return {
    detail: `its last run was heard of only at its end, ${after} after its slot`,
    advice: adviceOnLateEnds(ends.after_ms_max),
  };
}

function adviceOnLateEnds(afterMs: number): string {
  const after = formatDuration(inSeconds(afterMs));
  return `raise grace above ${after}, the time until it reports its end, or send a start ping: else every run is missed first`;
}

function inSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000) * 1000;
}

/**
 * Notes that a run was heard of only at its end, after its slot had been missed.
 * @param afterMs how long after the slot the end came
 */
export function noteLateEnd(draft: Draft, slotAt: number, afterMs: number): void {
  // An end that comes shortly before the next slot is early for that one, or its run was started by hand.
  const periodMs = (slotAfter(draft.spec, slotAt) ?? Infinity) - slotAt;
  if (afterMs > periodMs * LATE_END_PART_MAX) return;
  const { count = 0, after_ms_max: before = 0 } = draft.job.late_ends ?? {};
  draft.job.late_ends = { count: count + 1, after_ms_max: Math.max(before, afterMs) };
}

/** Forgets the late ends, for example because a slot was claimed in time, or late by a start. */
export function endLateEnds(draft: Draft): void {
  delete draft.job.late_ends;
}
