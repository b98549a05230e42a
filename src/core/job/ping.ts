import { formatDuration } from '../../schedule/duration.ts';
import { LIMITS } from '../model/limits.ts';
import { isGivenUp, type Reason } from '../model/reasons.ts';
import type { Ping, PingedRow, RememberedRun, Run } from '../model/records.ts';
import { spanMsOf } from '../model/rows.ts';
import { type Claim, claimSlot } from './claim.ts';
import type { Draft } from './draft.ts';
import { countOutcome } from './incident.ts';
import { type Judgement, judge } from './judge.ts';
import { dropCovered, overlapped } from './overlap.ts';
import { rememberedRun } from './remembered.ts';
import {
  isBeyondHistory,
  isReusedAfter,
  isRetriedEnd,
  isRidReused,
  noteAnonymousEnd,
  noteStart,
  retriedStart,
  runOfRidAt,
} from './repeated.ts';
import { endRun, replaceEnd } from './run.ts';
import { endSkips, noteSkip } from './skips.ts';
import { endLateEnds, noteLateEnd } from './why-missed.ts';
import { withdrawOverlaps } from './withdraw.ts';

/** The effect of a ping: its reason, and the run that the ping belongs to. */
export interface PingEffect {
  reason: Reason;
  runId: string | null;
}

/** Applies a ping to a draft in which everything due before it has been settled (docs/design.md §3.2). */
export function applyPing(draft: Draft, ping: Ping): PingEffect {
  const at = ping.received_at - ping.delay_ms;
  draft.job.seen = true;
  switch (ping.kind) {
    case 'log':
      return { reason: 'logged', runId: findRun(draft, ping)?.id ?? null };
    case 'skip':
      return applySkip(draft, ping, at);
    case 'start': {
      const effect = applyStart(draft, ping, at);
      if (effect.reason !== 'duplicate') {
        noteStart(draft, at);
        heardOf(draft, effect, at);
      }
      return effect;
    }
    case 'success':
    case 'failure': {
      const effect = applyEnd(draft, ping, at);
      if (effect.reason !== 'duplicate') {
        if (effect.runId !== null) noteAnonymousEnd(draft, ping, at, effect.runId);
        heardOf(draft, effect, at);
      }
      return effect;
    }
  }
}

/** Ends a row of skips, because a run of the job was heard of. */
function heardOf(draft: Draft, { runId }: PingEffect, at: number): void {
  // A start that is heard of after its end was before that end all the same.
  const endedAt = runId === null ? null : (draft.run(runId)?.ended_at ?? null);
  endSkips(draft, Math.min(at, endedAt ?? at));
}

function applyStart(draft: Draft, ping: Ping, at: number): PingEffect {
  const known = ping.rid === null ? retriedStart(draft, at) : runOfRidAt(draft, ping.rid, at);
  if (known !== undefined && !isRidReused(known, at)) return startKnownRun(draft, known, ping, at);
  const forgotten = known === undefined ? rememberedRun(draft.job, ping.rid) : undefined;
  if (forgotten !== undefined && !isReusedAfter(forgotten.ended_at ?? null, at))
    return { reason: 'duplicate', runId: forgotten.run_id };
  if (isBeyondHistory(draft, at)) return { reason: 'duplicate', runId: null };
  if (ping.rid === null) giveUpAnonymousRun(draft, at);
  const first = overlapped(draft, at);
  const claim = claimSlot(draft, at, at);
  if (claim.late) endLateEnds(draft);
  const run = draft.addRun({
    reason: 'started',
    rid: ping.rid,
    host: ping.host,
    started_at: at,
    start_received: true,
    ...limitOfStart(draft, ping, at),
    counted: !draft.paused,
    ...claimed(claim),
  });
  draft.job.last_start_at = Math.max(at, draft.job.last_start_at ?? -Infinity);
  if (first !== null) return { reason: endAsOverlap(draft, run, first), runId: run.id };
  makeRoom(draft, at);
  return { reason: startReason(draft, claim, ping), runId: run.id };
}

/**
 * Returns the limit of the run that a start opens. A start that was kept and sent again is not held to have hung
 * before its end had a chance to arrive as well (docs/design.md §3.2). A start that only took a few seconds on its
 * way has the limit that was declared.
 */
function limitOfStart(draft: Draft, ping: Ping, at: number): Pick<Run, 'limit_at' | 'limit_at_min'> {
  const limitAt = at + draft.spec.maxRuntimeMs;
  if (ping.delay_ms <= LIMITS.onItsWayMsMax) return { limit_at: limitAt };
  const atLeast = ping.received_at + LIMITS.delayedStartMsMin;
  return { limit_at: Math.max(limitAt, atLeast), limit_at_min: atLeast };
}

/** Ends the second of two runs as a failure as it starts, for `overlap: forbid`; what it does is not waited for. */
function endAsOverlap(draft: Draft, run: Run, first: Run): Reason {
  const sinceMs = (run.started_at ?? 0) - (first.started_at ?? run.started_at ?? 0);
  const where = first.host === null ? '' : ` on ${first.host}`;
  const detail = `it had begun ${formatDuration(Math.max(0, sinceMs))} before${where}`;
  endRun(draft, run.id, { at: run.started_at ?? 0, outcome: 'failure', reason: 'overlap', detail });
  return 'overlap';
}

/** Handles a start that comes twice, or after its end, or for a run that is known otherwise. */
function startKnownRun(draft: Draft, run: PingedRow, ping: Ping, at: number): PingEffect {
  if (run.kind === 'skip' || run.start_received) return { reason: 'duplicate', runId: run.id };
  // A start that was slow on its way and does not say so seems to come after its end. No run does.
  const startedAt = run.started_at ?? Math.min(at, run.ended_at ?? at);
  draft.changeRun(run.id, {
    started_at: startedAt,
    start_received: true,
    duration_ms: run.duration_ms ?? (run.ended_at === null ? null : Math.max(0, run.ended_at - startedAt)),
    host: run.host ?? ping.host,
  });
  draft.job.last_start_at = Math.max(startedAt, draft.job.last_start_at ?? -Infinity);
  return { reason: 'started', runId: run.id };
}

/**
 * Gives up the anonymous run that a start without a run id finds open: that run has died (docs/design.md §3.2), or,
 * if Cronflow was away meanwhile, its end may have gone unseen (§3.4).
 */
function giveUpAnonymousRun(draft: Draft, at: number): void {
  const open = draft.openRuns().filter((run) => run.rid === null && (run.started_at ?? 0) <= at);
  for (const run of open) {
    const startedAt = run.started_at ?? 0;
    const unseen = draft.wasAwayBetween(startedAt, at);
    endRun(draft, run.id, {
      at,
      outcome: unseen ? 'unknown' : 'abandoned',
      reason: unseen ? 'outage' : 'abandoned',
    });
  }
}

/**
 * Keeps the number of open runs bounded: one more ends the oldest, be it the one heard of last (docs/design.md §3.2).
 */
function makeRoom(draft: Draft, at: number): void {
  const open = draft.openRuns();
  for (const run of open.slice(0, Math.max(0, open.length - draft.spec.openRunsMax))) {
    const endedAt = Math.max(at, run.started_at ?? at);
    endRun(draft, run.id, { at: endedAt, outcome: 'abandoned', reason: 'too_many_runs' });
  }
}

function applyEnd(draft: Draft, ping: Ping, reportedAt: number): PingEffect {
  if (isRetriedEnd(draft, ping, reportedAt))
    return { reason: 'duplicate', runId: draft.job.anonymous_end?.run_id ?? null };
  const known = findRun(draft, ping);
  if (known === undefined) {
    const forgotten = rememberedRun(draft.job, ping.rid);
    return forgotten === undefined
      ? applyWholeRun(draft, ping, reportedAt)
      : endForgotten(draft, forgotten, ping, reportedAt);
  }
  // Nothing ran that could end.
  if (known.kind === 'skip') return { reason: 'duplicate', runId: known.id };
  // A network that delayed the start more than the end must not have the run end before it began.
  const at = Math.max(reportedAt, known.started_at ?? reportedAt);
  if (known.reason === 'overlap' && known.duration_ms === null) return endOverlap(draft, known, ping, at);
  if (known.outcome !== null && !isGivenUp(known.outcome)) return { reason: 'duplicate', runId: known.id };
  const judgement = judge(draft.spec, ping, ping.duration_ms ?? spanMsOf(known, at));
  const end = { at, ...judgement, durationMs: ping.duration_ms };
  const { isAny: isCorrected, isReopened } = withdrawOverlaps(draft, known, at);
  const ended = {
    exit_code: ping.exit_code,
    signal: ping.signal,
    host: ping.host ?? known.host,
  };
  draft.changeRun(known.id, ended);
  if (known.outcome !== null) {
    replaceEnd(draft, known, end);
    if (isReopened) makeRoom(draft, at);
    return { reason: 'late_report', runId: known.id };
  }
  const isLateReport = known.late ? isReportedLate(true, ping) : isCorrected;
  endRun(draft, known.id, { ...end, isLateReport });
  if (isReopened) makeRoom(draft, at);
  return { reason: reported(known.late, ping, judgement), runId: known.id };
}

/**
 * Ends a run that had been given up and has left the history since. The run gets a row of its own, because the row
 * that it would replace is gone. It claims no slot, because the end is that of a known run.
 */
function endForgotten(draft: Draft, forgotten: RememberedRun, ping: Ping, reportedAt: number): PingEffect {
  if (forgotten.is_ended) return { reason: 'duplicate', runId: forgotten.run_id };
  const startedAt = forgotten.started_at;
  const at = Math.max(reportedAt, startedAt ?? reportedAt);
  const judgement = judge(draft.spec, ping, ping.duration_ms ?? (startedAt === null ? null : at - startedAt));
  const run = draft.addRun({
    reason: judgement.reason,
    rid: ping.rid,
    host: ping.host,
    exit_code: ping.exit_code,
    signal: ping.signal,
    started_at: startedAt,
    start_received: true,
    counted: !draft.paused,
  });
  endRun(draft, run.id, { at, ...judgement, durationMs: ping.duration_ms, isLateReport: true });
  return { reason: 'late_report', runId: run.id };
}

/**
 * Notes the end of a run that was a failure by starting at all. Such an end changes history only (docs/design.md
 * §3.2).
 */
function endOverlap(draft: Draft, run: Run, ping: Ping, at: number): PingEffect {
  const spanMs = Math.max(0, at - (run.started_at ?? at));
  draft.changeRun(run.id, {
    ended_at: at,
    duration_ms: ping.duration_ms ?? spanMs,
    own_end: judge(draft.spec, ping, ping.duration_ms ?? (run.start_received ? spanMs : null)),
    exit_code: ping.exit_code,
    signal: ping.signal,
    host: ping.host ?? run.host,
  });
  return { reason: 'overlap', runId: run.id };
}

/** Records an end without a start as a whole run (docs/design.md §3.2). */
function applyWholeRun(draft: Draft, ping: Ping, at: number): PingEffect {
  const startAt = at - (ping.duration_ms ?? 0);
  const judgement = judge(draft.spec, ping, ping.duration_ms);
  const first = overlapped(draft, startAt);
  const claim = claimSlot(draft, startAt, at);
  noteIfLateEnd(draft, claim, ping, at);
  const run = draft.addRun({
    reason: judgement.reason,
    rid: ping.rid,
    host: ping.host,
    exit_code: ping.exit_code,
    signal: ping.signal,
    started_at: ping.duration_ms === null ? null : startAt,
    counted: !draft.paused,
    ...claimed(claim),
  });
  draft.job.last_start_at = Math.max(startAt, draft.job.last_start_at ?? -Infinity);
  if (first !== null) {
    endAsOverlap(draft, draft.changeRun(run.id, { started_at: startAt }), first);
    return endOverlap(draft, run, ping, at);
  }
  const isLateReport = isReportedLate(claim.late, ping);
  endRun(draft, run.id, { at, ...judgement, durationMs: ping.duration_ms, isLateReport });
  dropCovered(draft, startAt, at);
  return { reason: reported(claim.late, ping, judgement), runId: run.id };
}

/** Notes an end that came after its slot was missed. An end that is sent again was in time, as far as is known. */
function noteIfLateEnd(draft: Draft, claim: Claim, ping: Ping, at: number): void {
  const isLateEnd = claim.late && claim.replacesOutcome === 'missed' && ping.delay_ms === 0;
  if (isLateEnd && claim.slotAt !== null) noteLateEnd(draft, claim.slotAt, at - claim.slotAt);
}

function reported(late: boolean, ping: Ping, { reason }: Judgement): Reason {
  return isReportedLate(late, ping) ? 'late_report' : reason;
}

/**
 * Applies a `skip`: the wrapper found the job's lock taken. The slot is settled, neither good nor bad. The third skip
 * in a row with no run open means that the lock is stuck (docs/design.md §3.2).
 */
function applySkip(draft: Draft, ping: Ping, at: number): PingEffect {
  const known = ping.rid === null ? undefined : draft.runOfRid(ping.rid);
  const knownId = known?.id ?? rememberedRun(draft.job, ping.rid)?.run_id;
  if (knownId !== undefined) return { reason: 'duplicate', runId: knownId };
  const stuck = noteSkip(draft, at);
  const reason = stuck ? 'stuck_lock' : 'lock_held';
  const claim = claimSlot(draft, at, at, false);
  const row = draft.addSkip({
    reason,
    rid: ping.rid,
    host: ping.host,
    slot_at: claim.slotAt,
    ended_at: at,
    outcome: stuck ? 'failure' : 'skipped',
    counted: !draft.paused,
  });
  if (row.counted) countOutcome(draft, row, at);
  return { reason, runId: row.id };
}

/**
 * Finds the run that a ping without a start of its own belongs to. It is found by run id; without one it is the
 * anonymous run, else the newest open run, else the anonymous run that was given up last.
 */
function findRun(draft: Draft, ping: Ping): PingedRow | undefined {
  const at = ping.received_at - ping.delay_ms;
  if (ping.rid !== null) return runOfRidAt(draft, ping.rid, at);
  const open = draft.openRuns().filter((run) => (run.started_at ?? 0) <= at);
  const anonymous = open.findLast((run) => run.rid === null);
  if (anonymous !== undefined || open.length > 0) return anonymous ?? open.at(-1);
  // A `skip` that found the lock stuck takes the place of the run: an end after it is that of another.
  const last = draft.anonymousRow();
  if (last?.kind !== 'run' || !isGivenUp(last.outcome)) return undefined;
  return (last.started_at ?? 0) <= at ? last : undefined;
}

/** Tells a report that came late from a rerun: both take over a slot that had been given up. */
function isReportedLate(late: boolean, ping: Ping): boolean {
  return late && ping.delay_ms > 0;
}

function claimed(claim: Claim): Partial<Run> {
  return {
    slot_at: claim.slotAt,
    late: claim.late,
    replaces_run_id: claim.replacesRunId,
    ...(claim.replacesOutcome === undefined ? {} : { replaces_outcome: claim.replacesOutcome }),
  };
}

function startReason(draft: Draft, claim: Claim, ping: Ping): Reason {
  if (claim.late) return ping.delay_ms > 0 ? 'late_report' : 'rerun';
  return claim.slotAt === null && draft.spec.schedule !== null && !draft.paused ? 'unscheduled' : 'started';
}
