import { formatDuration } from '../../schedule/duration.ts';
import { Draft } from '../job/draft.ts';
import { type Due, deadlineOf, nextDue } from '../job/due.ts';
import type { State } from '../model/event.ts';
import type { Run } from '../model/records.ts';
import { earlyMs, slotAfter } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { announceAt } from '../model/maintenance.ts';
import type { ClockWords } from './clock-words.ts';
import { clockChangeTold } from './clock-changes.ts';
import { type Expectation, type NextByTime, told, type Told } from './explanation.ts';
import { nameOf, upper } from './run-words.ts';
import { scheduleWords } from './step-words.ts';

/** A job as it was at one instant. */
export interface AsOf {
  at: number;
  spec: Spec;
  state: State;
  /** Runs that were open, oldest first. */
  open: readonly Run[];
  deadline: ReturnType<typeof deadlineOf>;
  due: Due | null;
  /** True while it is expected and nothing was heard yet. */
  isLate: boolean;
  isPaused: boolean;
  isRemoved: boolean;
}

/** Works out what follows from the state of a job at an instant. */
export function asOf(at: number, spec: Spec, state: State, isRemoved: boolean): AsOf {
  const draft = new Draft(spec, state, at);
  const deadline = deadlineOf(draft);
  const { expected_at: expectedAt } = state.job;
  return {
    at,
    spec,
    state,
    open: draft.openRuns().filter((run) => run.counted),
    deadline,
    due: nextDue(draft),
    isLate: deadline !== null && expectedAt !== null && expectedAt <= at,
    isPaused: draft.paused,
    isRemoved,
  };
}

/** Returns the expectation for programs. */
export function expectationOf({ spec, state, open, deadline, isPaused, isRemoved }: AsOf): Expectation {
  const slotAt = state.job.expected_at;
  const none = { slot_at: null, early_from_at: null, deadline_at: null };
  if (isRemoved || spec.schedule === null) return { rule: 'none', ...none };
  if (isPaused) return { rule: 'paused', ...none };
  if (spec.schedule.kind === 'every' && open.length > 0) return { rule: 'open_run', ...none };
  if (slotAt === null) return { rule: 'none', ...none };
  const rule =
    deadline?.outcome === 'unknown' ? 'replay_window' : spec.schedule.kind === 'every' ? 'every' : 'schedule';
  return {
    rule,
    slot_at: slotAt,
    early_from_at: slotAt - earlyMs(spec, slotAt),
    deadline_at: deadline?.at ?? null,
  };
}

/** Tells what is expected, when and by which rule (docs/design.md §3.1). */
export function expectedTold(now: AsOf, words: ClockWords): Told[] {
  const { spec, state, open, isPaused, isRemoved } = now;
  if (isRemoved) return [told('The job was removed, so nothing is expected.', { reason: 'removed' })];
  const rule = ruleWords(spec);
  if (isPaused) {
    const how = state.job.paused_by_api ? 'over the API' : 'by its declaration';
    return [
      told(rule),
      told(`It is paused ${how}. So nothing is expected, and no ping counts.`, { reason: 'paused' }),
    ];
  }
  const { expected_at: slotAt } = state.job;
  if (spec.schedule === null) return [told(rule)];
  if (spec.schedule.kind === 'every' && open.length > 0)
    return [told(rule), told(`Nothing is expected while a run is open: ${nameOf(open[0]!, words)}.`)];
  if (slotAt === null) return [told(rule), told('It has no slot any more.')];
  return [
    told(rule),
    ...slotTold(now, slotAt, words),
    ...clockChangeTold(spec, slotAt, words),
    ...maintenanceTold(now, words),
    ...takeOverTold(now, slotAt, words),
  ];
}

function ruleWords({ schedule, graceMs }: Spec): string {
  if (schedule === null) return 'It has no schedule, so nothing is expected of it. What it reports counts.';
  const grace = `Its grace is ${formatDuration(graceMs)}.`;
  return schedule.kind === 'every'
    ? `It is to run every ${formatDuration(schedule.everyMs)}, counted from the start of its last run. ${grace}`
    : `Its schedule is ${scheduleWords(schedule)}. ${grace}`;
}

function slotTold({ at, spec, state, deadline, isLate }: AsOf, slotAt: number, words: ClockWords): Told[] {
  const { last_start_at: startAt } = state.job;
  const early = earlyMs(spec, slotAt);
  const near = words.near(slotAt);
  const isAfterStart =
    spec.schedule?.kind === 'every' && startAt !== null && slotAfter(spec, startAt) === slotAt;
  const since = isAfterStart ? `Its last run began at ${words.at(startAt)}, so the next` : 'The next run';
  const which = isLate
    ? `It was expected at ${words.at(slotAt)}, and nothing had been heard of that run yet.`
    : `${since} is expected at ${words.at(slotAt)}. It may begin up to ${formatDuration(early)} before, so from ${near.at(slotAt - early)} on.`;
  if (deadline === null) return [told(which)];
  if (deadline.outcome === 'unknown') {
    const text = `Cronflow was away around that slot. So the slot waits until ${near.at(deadline.at)} for pings that were kept, and without one it ends as unknown and not as missed.`;
    return [told(which), told(text, { reason: 'outage' })];
  }
  const plainAt = slotAt + spec.graceMs;
  const moved =
    deadline.at > plainAt && plainAt > at - spec.graceMs
      ? ' A change of the configuration has moved that.'
      : '';
  return [
    told(
      `${which} Its deadline is ${near.at(deadline.at)}: by then the run must have been heard of.${moved}`,
    ),
  ];
}

function maintenanceTold({ at, spec }: AsOf, words: ClockWords): Told[] {
  const heldUntil = spec.maintenance.length === 0 ? null : announceAt(spec, [at]);
  if (heldUntil === null) return [];
  return [
    told(
      `A maintenance window is open. What goes wrong in it is told at ${words.at(heldUntil)}, if it still is wrong then.`,
    ),
  ];
}

/** Says that a late run still takes over the slot that was given up last (docs/design.md §3.1, "late"). */
function takeOverTold({ at, spec, state }: AsOf, slotAt: number, words: ClockWords): Told[] {
  const last = state.job.unclaimed.at(-1);
  const untilAt = slotAt - earlyMs(spec, slotAt);
  if (last === undefined || state.incident === null || untilAt <= at || spec.schedule?.kind !== 'cron')
    return [];
  if (slotAfter(spec, last.at) !== slotAt) return [];
  return [
    told(
      `A run that begins before ${words.at(untilAt)}, by hand for example, takes over the slot at ${words.at(last.at)}. If it ends well, the incident closes.`,
      { reason: 'rerun' },
    ),
  ];
}

/** Returns what time alone does next, for programs. */
export function nextOf({ due }: AsOf): NextByTime | null {
  if (due === null) return null;
  switch (due.kind) {
    case 'limit':
      return { at: due.at, what: 'timeout' };
    case 'dropped':
      return { at: due.at, what: 'skipped' };
    case 'deadline':
      return { at: due.at, what: due.outcome };
    case 'announcement':
    case 'reminder':
    case 'resumption':
      return { at: due.at, what: due.kind };
  }
}

/** Tells what time alone does next, and by which rule. */
export function nextTold({ due, state, spec, open, isPaused }: AsOf, given: ClockWords): Told[] {
  if (due === null) {
    const until = isPaused ? 'it is resumed' : 'a ping comes or the configuration changes';
    return [told(`Nothing, until ${until}.`)];
  }
  const { at } = due;
  const words = given.near(at);
  const slotAt = state.job.expected_at ?? at;
  switch (due.kind) {
    case 'limit': {
      const run =
        open.find(({ id }) => id === due.runId) ?? state.runs.open().find(({ id }) => id === due.runId);
      const name = run === undefined ? 'a run' : nameOf(run, words);
      return [
        told(
          `${upper(name)} times out, unless its end comes before: max_runtime is ${formatDuration(spec.maxRuntimeMs)}.`,
          { at, reason: 'timeout' },
        ),
      ];
    }
    case 'dropped':
      return [
        told('The slot is skipped if the run is still open then ("overlap: skip").', {
          at,
          reason: 'overlap_skipped',
        }),
      ];
    case 'deadline': {
      const outcome = due.outcome === 'missed' ? 'is missed' : 'ends as unknown';
      const reason = due.outcome === 'unknown' ? 'outage' : state.job.seen ? 'missed' : 'never_seen';
      return [
        told(`The slot at ${words.at(slotAt)} ${outcome}, unless a run claims it before.`, { at, reason }),
      ];
    }
    case 'announcement':
      return [
        told(
          'The incident is told, if it is still open: the maintenance window is over then, and the grace after it.',
          { at, reason: 'announced' },
        ),
      ];
    case 'reminder':
      return [
        told('Those who were told are reminded, if the incident is still open (remind_every).', {
          at,
          reason: 'reminder',
        }),
      ];
    case 'resumption':
      return [told('The pause ends, and the first slot after that is expected.', { at, reason: 'resumed' })];
  }
}
