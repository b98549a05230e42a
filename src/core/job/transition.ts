import { type Event, instantOf, type State, type Transition } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { JobState } from '../model/records.ts';
import { NO_RUNS } from '../model/runs.ts';
import type { Schedule } from '../model/schedule.ts';
import { earlyMs, slotAfter, slotAtOrBefore } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { forgetClaimDelays } from './claim-delays.ts';
import { setClockBack } from './clock-step.ts';
import { Draft } from './draft.ts';
import { forgetOldGaps, nextDue, plainDeadlineOf } from './due.ts';
import { recordSlot } from './history.ts';
import { closeSilently, reconsider } from './incident.ts';
import { applyPing } from './ping.ts';
import { endRun } from './run.ts';
import { endPause, expectAnew, forgetPause, pause, resumeAt, setPauseEnd } from './pausing.ts';
import { settle } from './settle.ts';
import { holdAnew, remindAnew } from './telling.ts';
import { endLateEnds } from './why-missed.ts';

/** Returns the state of a job declared at `at`: its first slot is the first one after that (docs/design.md §3.1). */
export function initialState(spec: Spec, at: number): JobState {
  const job: JobState = {
    status: spec.paused ? 'paused' : 'pending',
    expected_at: spec.paused ? null : slotAfter(spec, at),
    deadline_at_min: 0,
    due_at: null,
    seen: false,
    paused_by_api: false,
    settled_at: at,
    run_count: 0,
    incident_count: 0,
    last_start_at: null,
    last_success_at: null,
    last_outcome: null,
    last_outcome_at: null,
    bad: [],
    unclaimed: [],
    gaps: [],
    ...(spec.schedule?.kind === 'every' ? { expected_from_at: at } : {}),
  };
  const draft = new Draft(spec, { job_id: '', job, runs: NO_RUNS, incident: null }, at);
  return { ...job, due_at: nextDue(draft)?.at ?? null };
}

/**
 * Applies an event to one job: the state machine of docs/design.md §3. It is pure; the given state is not changed.
 * @param spec the job's spec; for `spec_changed` the new one
 * @param happened the event, in the order in which Cronflow learned of it
 * @returns the new state and every record the event changed or made
 */
export function transition(spec: Spec, state: State, happened: Event): Transition {
  const event = inOrder(happened, state.job.settled_at);
  // Everything that was due before a spec change was due under the old spec.
  const before = event.type === 'spec_changed' ? event.previous : spec;
  const draft = new Draft(before, state, instantOf(event), instantOf(happened));
  const { reason, runId } = apply(draft, spec, event);
  forgetOldGaps(draft);
  draft.job.due_at = nextDue(draft)?.at ?? null;
  return draft.finish(reason, runId);
}

/**
 * Dates a ping anew that came while the clock was a little off, before an instant that is settled already. It is the
 * newest all the same: dated earlier, a failure would count as history that a success has answered.
 */
function inOrder(event: Event, settledAt: number): Event {
  if (event.type !== 'ping' || event.ping.received_at >= settledAt) return event;
  return { ...event, ping: { ...event.ping, received_at: settledAt } };
}

function apply(draft: Draft, spec: Spec, event: Event): { reason: Reason; runId: string | null } {
  switch (event.type) {
    case 'ping': {
      settle(draft, event.ping.received_at, false);
      const effect = applyPing(draft, event.ping);
      // A late ping may have made something due before now.
      settle(draft, event.ping.received_at, false);
      return effect;
    }
    case 'tick':
      return did(settle(draft, event.now_at, true) ?? 'nothing_due');
    case 'gap':
      // A slot that was due before the gap was missed; one that falls into it may only have gone unseen.
      settle(draft, event.from_at, false);
      return did(noteGap(draft, event.from_at, event.to_at));
    case 'spec_changed':
      settle(draft, event.at, false);
      return did(changeSpec(draft, spec, event.at));
    case 'paused':
      settle(draft, event.at, false);
      if (!draft.paused) pause(draft, event.at);
      draft.job.paused_by_api = true;
      setPauseEnd(draft, event.until_at);
      return did('paused');
    case 'resumed':
      return did(resumeByApi(draft, event.at));
    case 'acknowledged':
      settle(draft, event.at, false);
      return did(acknowledge(draft, event.until_at, event.at));
    case 'removed':
      settle(draft, event.at, false);
      return did(remove(draft, event.at));
    case 'restored':
      // A client that registers a job anew does not know that one of that name was once paused.
      // A pause that ended while nobody watched the job is over.
      if (event.resumed === true || (draft.job.paused_until_at ?? Infinity) <= event.at) forgetPause(draft);
      if (!draft.paused) expectAnew(draft, event.at);
      return did('declared');
    case 'clock_set_back':
      setClockBack(draft, event.at);
      return did('nothing_due');
    case 'zone_rules_changed':
      return did(expectByNewRules(draft, event.at));
  }
}

function did(reason: Reason): { reason: Reason; runId: null } {
  return { reason, runId: null };
}

/** Notes a time in which no ping could be taken (docs/design.md §3.4). */
function noteGap(draft: Draft, fromAt: number, toAt: number): Reason {
  // The same gap may be noted twice: by the ping or tick that found it, then for every job.
  const touches = (gap: { from_at: number; to_at: number }): boolean =>
    gap.from_at <= toAt && gap.to_at >= fromAt;
  const known = draft.job.gaps.filter(touches);
  draft.job.gaps = draft.job.gaps.filter((gap) => !touches(gap));
  draft.job.gaps.push({
    from_at: Math.min(fromAt, ...known.map((gap) => gap.from_at)),
    to_at: Math.max(toAt, ...known.map((gap) => gap.to_at)),
  });
  settle(draft, toAt, false);
  if (draft.spec.schedule?.kind === 'every')
    startPeriodAnew(draft, draft.spec.schedule.everyMs, fromAt, toAt);
  return 'gap_noted';
}

/**
 * Starts `every` anew at the end of a gap (docs/design.md §3.4), because a run may have begun in the gap unseen. A
 * gap in which no run was due moves the expectation by one period at most. Otherwise a dead job would never be told
 * of where Cronflow restarts more often than the job is due.
 */
function startPeriodAnew(draft: Draft, everyMs: number, fromAt: number, toAt: number): void {
  const expectedAt = draft.job.expected_at;
  if (expectedAt === null) return;
  const deadlineAt = plainDeadlineOf(draft, expectedAt);
  const wasDue = fromAt <= deadlineAt && toAt >= expectedAt - earlyMs(draft.spec, expectedAt);
  const { last_start_at: startedAt, expected_from_at: countedFromAt } = draft.job;
  // A run from before a pause or under another interval says nothing of this one.
  const lastAt = Math.max(startedAt ?? 0, countedFromAt ?? 0) || expectedAt - everyMs;
  const anewAt = wasDue ? toAt + everyMs : Math.min(toAt + everyMs, lastAt + 2 * everyMs);
  draft.job.expected_at = Math.max(expectedAt, anewAt);
}

function changeSpec(draft: Draft, next: Spec, at: number): Reason {
  const previous = draft.spec;
  const wasPaused = draft.paused;
  const moved = !sameSchedule(previous.schedule, next.schedule);
  if (moved && !wasPaused) skipDueSlot(draft, at);
  draft.spec = next;
  if (draft.paused && !wasPaused) pause(draft, at);
  else if (!draft.paused && wasPaused) endPause(draft, at);
  else if (!draft.paused && moved) expectAnew(draft, at);
  // A run belongs to a slot of the schedule that it runs by, so slots of the old schedule cannot be taken over.
  if (moved) {
    draft.job.unclaimed = [];
    forgetClaimDelays(draft);
    endLateEnds(draft);
  }
  // A new limit applies at once, but the change itself makes nothing late that was in time.
  if (next.graceMs !== previous.graceMs) draft.job.deadline_at_min = at + next.graceMs;
  if (next.maxRuntimeMs !== previous.maxRuntimeMs) {
    for (const run of draft.openRuns()) {
      if (run.limit_at === null || run.started_at === null) continue;
      const atLeast = Math.max(run.limit_at_min ?? 0, at + next.graceMs);
      const limitAt = Math.max(run.started_at + next.maxRuntimeMs, atLeast);
      draft.changeRun(run.id, { limit_at: limitAt, limit_at_min: atLeast });
    }
  }
  if (next.remindEveryMs !== previous.remindEveryMs && draft.incident !== null) {
    const remindAt = next.remindEveryMs === null ? null : at + next.remindEveryMs;
    draft.setIncident({ ...draft.incident, next_reminder_at: remindAt });
  }
  if (!draft.paused) {
    holdAnew(draft, at);
    remindAnew(draft, at);
    reconsider(draft, previous, at);
  }
  return 'spec_changed';
}

/** Ends the slot that is due and not yet missed when the schedule changes as `skipped` (docs/design.md §3.3). */
function skipDueSlot(draft: Draft, at: number): void {
  let slotAt = draft.job.expected_at;
  if (draft.isHeldByRun) return;
  while (slotAt !== null && slotAt <= at) {
    recordSlot(draft, slotAt, at, 'skipped', 'spec_changed');
    // An interval expects one slot at a time.
    slotAt = draft.spec.schedule?.kind === 'cron' ? slotAfter(draft.spec, slotAt) : null;
  }
}

function resumeByApi(draft: Draft, at: number): Reason {
  settle(draft, at, false);
  resumeAt(draft, at);
  return 'resumed';
}

/**
 * Finds the expected slot again under changed rules of its time zone. The old slot may be none by the new rules, or
 * another may come before it, and Cronflow would wait at the wrong hour. A due slot that is none any more is
 * `skipped`, as after a change of the schedule, because nobody can say by which rules the host of the job ran.
 */
function expectByNewRules(draft: Draft, at: number): Reason {
  const { expected_at: slotAt } = draft.job;
  if (draft.spec.schedule?.kind !== 'cron' || slotAt === null) return 'nothing_due';
  const isSlot = slotAtOrBefore(draft.spec, slotAt) === slotAt;
  if (slotAt > at) expectAnew(draft, at);
  else if (!isSlot) {
    recordSlot(draft, slotAt, at, 'skipped', 'spec_changed');
    draft.job.expected_at = slotAfter(draft.spec, slotAt);
  }
  return draft.job.expected_at === slotAt ? 'nothing_due' : 'spec_changed';
}

function acknowledge(draft: Draft, untilAt: number, at: number): Reason {
  if (draft.incident === null) return 'nothing_due';
  draft.setIncident({ ...draft.incident, acknowledged_until_at: untilAt });
  remindAnew(draft, at);
  return 'acknowledged';
}

/**
 * Ends the watching of a job that is no longer declared: it is no longer in trouble, and its runs can no longer
 * report.
 */
function remove(draft: Draft, at: number): Reason {
  closeSilently(draft, at, 'removed');
  for (const run of draft.openRuns()) endRun(draft, run.id, { at, outcome: 'unknown', reason: 'removed' });
  pause(draft, at);
  // The job may be declared again with another schedule.
  forgetClaimDelays(draft);
  return 'removed';
}

function sameSchedule(a: Schedule | null, b: Schedule | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === 'every') return b.kind === 'every' && a.everyMs === b.everyMs;
  return b.kind === 'cron' && a.expression === b.expression && a.timezone === b.timezone;
}
