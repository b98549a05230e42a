import { LIMITS } from '../model/limits.ts';
import type { Ping, Run } from '../model/records.ts';
import { periodMsOf } from '../model/schedule.ts';
import type { Draft } from './draft.ts';

/**
 * Which pings are repetitions of one that came before (docs/design.md §3.2). With a run id that is plain but for run
 * ids that come again, since containers reuse process ids; without one it is told by how soon they come.
 */

/** The anonymous run that a start without a run id opened already, if it is a client's retry. */
export function retriedStart(draft: Draft, at: number): Run | undefined {
  const retriedMsMax = retriedWithinMs(draft);
  // One that failed by starting too soon goes on, though it counts as ended.
  const runs = draft.spec.overlap === 'forbid' ? draft.runs() : draft.openRuns();
  return runs.findLast(
    (run) =>
      run.rid === null &&
      run.start_received &&
      isGoingOn(run) &&
      Math.abs(at - (run.started_at ?? Infinity)) <= retriedMsMax,
  );
}

/** Whether an end without a run id is a client's retry of the last one: the same, as soon after it, nothing started since. */
export function isRetriedEnd(draft: Draft, ping: Ping, at: number): boolean {
  const last = draft.job.anonymous_end;
  if (last === undefined || ping.rid !== null) return false;
  if (last.kind !== ping.kind || last.exit_code !== ping.exit_code || last.host !== ping.host) return false;
  if (last.started_since_at !== null && last.started_since_at <= at) return false;
  return at >= last.at && at - last.at <= retriedWithinMs(draft);
}

/** Notes an end without a run id, so that its retry is known. */
export function noteAnonymousEnd(draft: Draft, ping: Ping, at: number, runId: string): void {
  if (ping.rid !== null || (ping.kind !== 'success' && ping.kind !== 'failure')) return;
  const { kind, exit_code: exitCode, host } = ping;
  draft.job.anonymous_end = { at, kind, exit_code: exitCode, host, run_id: runId, started_since_at: null };
}

/** Notes that a run has started: an end after it is that of this run, and no retry. */
export function noteStart(draft: Draft, at: number): void {
  const last = draft.job.anonymous_end;
  if (last === undefined || at < last.at) return;
  draft.job.anonymous_end = { ...last, started_since_at: Math.min(at, last.started_since_at ?? Infinity) };
}

/** A retry comes within a minute, and sooner than the next run of a job that runs often. */
function retriedWithinMs({ spec }: Draft): number {
  return Math.min(LIMITS.retriedMsMax, (periodMsOf(spec.schedule) ?? Infinity) / 2);
}

/**
 * The run that a ping with a run id is about: of several with that id the newest that had begun by then, give or take
 * how long a start may be on its way; where none had, the oldest.
 */
export function runOfRidAt(draft: Draft, rid: string, at: number): Run | undefined {
  const newest = draft.runOfRid(rid);
  if (newest === undefined || beganBy(newest, at)) return newest;
  const runs = draft.runs().filter((run) => run.rid === rid);
  return runs.findLast((run) => beganBy(run, at)) ?? runs[0];
}

function beganBy(run: Run, at: number): boolean {
  return (run.started_at ?? run.ended_at ?? at) <= at + LIMITS.ridReusedMsMin;
}

/** Whether a start is that of a new run, although a run with its run id is known: that one had ended long before. */
export function isRidReused(run: Run, at: number): boolean {
  return !isGoingOn(run) && isReusedAfter(run.ended_at, at);
}

/** @param endedAt when the run ended that had the run id; null if that is not known */
export function isReusedAfter(endedAt: number | null, at: number): boolean {
  return endedAt !== null && at - endedAt > LIMITS.ridReusedMsMin;
}

/** Not ended by its own report or given up; a run that failed by starting too soon goes on. */
function isGoingOn(run: Run): boolean {
  return run.outcome === null || (run.reason === 'overlap' && run.duration_ms === null);
}

/**
 * Whether a start lies so far back that the run it tells of may have been let go by the history: then it cannot be
 * told from a repetition, and opens nothing that nobody runs any more.
 */
export function isBeyondHistory(draft: Draft, at: number): boolean {
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
