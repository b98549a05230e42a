import { LIMITS } from '../model/limits.ts';
import type { Ping, PingedRow, Row, Run } from '../model/records.ts';
import { hasRid, startOf } from '../model/rows.ts';
import { periodMsOf } from '../model/schedule.ts';
import type { Draft } from './draft.ts';

/**
 * This file finds the pings that repeat an earlier one (docs/design.md §3.2). With a run id that is plain, except that
 * run ids come again, since containers reuse process ids. Without a run id, a ping is a repetition if it comes soon
 * enough.
 */

/** Finds the anonymous run that a start without a run id opened already, if the start is a client's retry. */
export function retriedStart(draft: Draft, at: number): Run | undefined {
  const retriedMsMax = retriedWithinMs(draft);
  // A run that failed by starting too soon goes on, though it counts as ended.
  const runs = draft.spec.overlap === 'forbid' ? draft.runs() : draft.openRuns();
  return runs.findLast(
    (run): run is Run =>
      isGoingOn(run) &&
      run.rid === null &&
      run.start_received &&
      Math.abs(at - (run.started_at ?? Infinity)) <= retriedMsMax,
  );
}

/**
 * Tells whether an end without a run id is a client's retry of the last one. It must say the same and come soon after
 * that one, and no run may have started since.
 */
export function isRetriedEnd(draft: Draft, ping: Ping, at: number): boolean {
  const last = draft.job.anonymous_end;
  if (last === undefined || ping.rid !== null) return false;
  if (last.kind !== ping.kind || last.exit_code !== ping.exit_code || last.host !== ping.host) return false;
  if (last.unreadable !== ping.unreadable) return false;
  if (last.started_since_at !== null && last.started_since_at <= at) return false;
  return at >= last.at && at - last.at <= retriedWithinMs(draft);
}

/** Notes an end without a run id, so that its retry is known. */
export function noteAnonymousEnd(draft: Draft, ping: Ping, at: number, runId: string): void {
  if (ping.rid !== null || (ping.kind !== 'success' && ping.kind !== 'failure')) return;
  const { kind, exit_code: exitCode, host } = ping;
  const end = { at, kind, exit_code: exitCode, host, run_id: runId, started_since_at: null };
  const { unreadable } = ping;
  draft.job.anonymous_end = unreadable === undefined ? end : { ...end, unreadable };
}

/** Notes that a run has started. An end after it is the end of this run and no retry. */
export function noteStart(draft: Draft, at: number): void {
  const last = draft.job.anonymous_end;
  if (last === undefined || at < last.at) return;
  draft.job.anonymous_end = { ...last, started_since_at: Math.min(at, last.started_since_at ?? Infinity) };
}

/**
 * Returns how long after a ping its retry may come: a minute, and for a job that runs often less than the time to its
 * next run.
 */
function retriedWithinMs({ spec }: Draft): number {
  return Math.min(LIMITS.retriedMsMax, (periodMsOf(spec.schedule) ?? Infinity) / 2);
}

/**
 * Finds the run or `skip` that a ping with a run id is about. Of several with that id it is the newest that had begun
 * by then, give or take how long a start may be on its way. Where none had begun, it is the oldest.
 */
export function runOfRidAt(draft: Draft, rid: string, at: number): PingedRow | undefined {
  const newest = draft.runOfRid(rid);
  if (newest === undefined || beganBy(newest, at)) return newest;
  const runs = draft.runs().filter((row): row is PingedRow => hasRid(row, rid));
  return runs.findLast((run) => beganBy(run, at)) ?? runs[0];
}

function beganBy(row: PingedRow, at: number): boolean {
  return (startOf(row) ?? row.ended_at ?? at) <= at + LIMITS.ridReusedMsMin;
}

/**
 * Tells whether a start is that of a new run although a run with its run id is known, because that run had ended long
 * before.
 */
export function isRidReused(row: PingedRow, at: number): boolean {
  return !isGoingOn(row) && isReusedAfter(row.ended_at, at);
}

/**
 * Tells whether a ping comes so long after a run with its run id that it is about another run.
 * @param endedAt when the run ended that had the run id; null if that is not known
 */
export function isReusedAfter(endedAt: number | null, at: number): boolean {
  return endedAt !== null && at - endedAt > LIMITS.ridReusedMsMin;
}

/**
 * Tells whether a run goes on: it has neither reported its end nor been given up, or it only failed by starting too
 * soon.
 */
function isGoingOn(row: Row): row is Run {
  return (
    row.kind === 'run' && (row.outcome === null || (row.reason === 'overlap' && row.duration_ms === null))
  );
}

/**
 * Tells whether a start lies so far back that the history may have let go of the run of which it tells. Then it cannot
 * be told from a repetition, and it must not open a run that nobody runs any more.
 */
export function isBeyondHistory(draft: Draft, at: number): boolean {
  // No row has ended after the last event, so a start that came after it is no old one.
  if (at >= draft.job.settled_at) return false;
  const { keepRuns } = draft.spec;
  if (keepRuns < LIMITS.rememberedRunsMax) {
    const remembered = draft.job.remembered ?? [];
    const oldest = remembered.find((run) => run.started_at !== null);
    return remembered.length >= LIMITS.rememberedRunsMax && at < (oldest?.started_at ?? -Infinity);
  }
  const ended = draft.endedRuns();
  const isFull = ended.length >= Math.min(keepRuns, LIMITS.recentRunsMax);
  return isFull && at < (ended[0]?.ended_at ?? -Infinity);
}
