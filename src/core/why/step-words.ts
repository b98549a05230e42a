import { formatDuration } from '../../schedule/duration.ts';
import { Draft } from '../job/draft.ts';
import { whyMissed } from '../job/why-missed.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { Row } from '../model/records.ts';
import type { Spec } from '../model/spec.ts';
import type { Happened } from '../replay/replay.ts';
import type { ClockWords } from './clock-words.ts';
import { told, type Told } from './explanation.ts';
import { pingWords } from './ping-words.ts';
import { givenUpWords, slotsWords, upper } from './run-words.ts';
import { troubleTold } from './trouble-words.ts';

/** One event of the log, or what time alone did, and what came of it. */
export interface Step {
  at: number;
  event: LoggedEvent;
  specBefore: Spec | null;
  /** Null where a job was declared. */
  happened: Happened | null;
}

/** Tells one step in the order of its consequences. */
export function stepTold(step: Step, words: ClockWords): Told[] {
  const { at, event, happened } = step;
  const said = eventTold(step, words);
  if (happened === null) return said;
  const own = event.type === 'ping' ? happened.result.run_id : null;
  const rows = happened.rows
    .filter(({ after }) => after !== null && after.id !== own)
    .flatMap(({ before, after }) => rowTold(before, after!, step, happened, words));
  return [...said, ...rows, ...troubleTold(happened, at, words)];
}

function eventTold({ at, event, specBefore, happened }: Step, words: ClockWords): Told[] {
  const say = (text: string): Told[] => [told(text, { at, reason: reasonOf(happened) })];
  switch (event.type) {
    case 'ping': {
      if (happened === null) return [];
      const { reason, run_id } = happened.result;
      return [told(pingWords(event.ping, happened, words), { at, reason, run_id })];
    }
    case 'tick':
      return happened?.result.reason === 'resumed'
        ? say('The pause ended by itself. The first slot after that is expected.')
        : [];
    case 'declared':
      return say('The job was declared.');
    case 'restored':
      return say('The job was declared again, after it had been removed.');
    case 'removed':
      return say('The job was removed.');
    case 'spec_changed': {
      const changes = changeWords(specBefore, event.spec);
      return changes.length === 0 ? [] : say(changes.join(' '));
    }
    case 'paused':
      return say(
        `The job was paused over the API${event.until_at === undefined ? '' : ` until ${words.at(event.until_at)}`}. While it is, pings are recorded and do not count.`,
      );
    case 'resumed':
      return say('The job was resumed. The first slot after that is expected.');
    case 'acknowledged':
      return say(
        `Somebody acknowledged the incident. Nobody is reminded of it before ${words.at(event.until_at)}.`,
      );
    case 'gap':
      return say(awayWords(event.from_at, event.to_at, words));
    case 'clock_set_back':
      return say(
        `The clock of the machine that Cronflow runs on was set back to ${words.at(at)}. What had been dated later counts as of that instant.`,
      );
    case 'zone_rules_changed':
      return say('The rules of time zones changed, so the next slot was found anew.');
  }
}

/** Returns the reason of an event, where it says something that docs/reasons.md explains further. */
function reasonOf(happened: Happened | null): Reason | null {
  const reason = happened?.result.reason ?? 'declared';
  return reason === 'nothing_due' ? null : reason;
}

/** Says that Cronflow could take no pings. */
export function awayWords(fromAt: number, toAt: number, words: ClockWords): string {
  return `Cronflow was away from ${words.at(fromAt)} to ${words.at(toAt)}, for ${words.between(fromAt, toAt)}. It could take no pings then.`;
}

function rowTold(
  before: Row | undefined,
  after: Row,
  step: Step,
  happened: Happened,
  words: ClockWords,
): Told[] {
  const { spec } = happened;
  const { reason, id: run_id } = after;
  const isByTime = step.event.type !== 'ping';
  if (after.kind === 'slots') {
    const count = after.count - (before?.kind === 'slots' ? before.count : 0);
    if (count <= 0) return [];
    const text = slotsWords(after, count, { spec, words, isByTime });
    const advice = after.outcome === 'missed' ? adviceOnMiss(after.slot_at, happened, step.at) : null;
    const more = advice === null ? '' : ` ${upper(advice)}.`;
    return [told(`${text}${more}`, { at: after.ended_at, reason, run_id })];
  }
  if (after.kind === 'skip' || before?.kind !== 'run' || before.outcome === after.outcome) return [];
  return [told(givenUpWords(after, spec, words), { at: after.ended_at ?? step.at, reason, run_id })];
}

/** Returns what the core advises where a slot was missed although the job may run. */
function adviceOnMiss(slotAt: number, { spec, result }: Happened, at: number): string | null {
  return whyMissed(new Draft(spec, result.state, at), slotAt)?.advice ?? null;
}

/** Says what a change of the declaration changed, one sentence a key. */
function changeWords(before: Spec | null, after: Spec): string[] {
  if (before === null) return [];
  return Object.keys(LABELS).flatMap((key) => {
    const [was, is] = [before[key as keyof Spec], after[key as keyof Spec]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const label = LABELS[key as keyof typeof LABELS];
    const [wasText, isText] = [valueWords(key, was), valueWords(key, is)];
    if (key === 'name') return [`It was renamed from ${wasText} to ${isText}.`];
    if (wasText === null || isText === null) return [`Its ${label} changed.`];
    return [`Its ${label} changed from ${wasText} to ${isText}.`];
  });
}

/** The keys of a spec by the names that they have in the configuration. */
const LABELS = {
  name: 'name',
  schedule: 'schedule',
  graceMs: 'grace',
  maxRuntimeMs: 'max_runtime',
  minRuntimeMs: 'min_runtime',
  expectedOutput: 'expect',
  overlap: 'overlap',
  maintenance: 'maintenance',
  failureThreshold: 'failure_threshold',
  recoveryThreshold: 'recovery_threshold',
  remindEveryMs: 'remind_every',
  notify: 'notify',
  paused: 'paused',
  successExitCodes: 'success_exit_codes',
  openRunsMax: 'max_open_runs',
  keepRuns: 'keep_runs',
  replayWindowMs: 'replay_window',
} as const satisfies Record<keyof Spec, string>;

function valueWords(key: string, value: unknown): string | null {
  if (key === 'schedule') return scheduleWords(value as Spec['schedule']);
  if (value === null) return 'none';
  if (key.endsWith('Ms')) return formatDuration(value as number);
  return typeof value === 'object' ? null : JSON.stringify(value).replaceAll('"', '');
}

/** Writes a schedule as the configuration does. */
export function scheduleWords(schedule: Spec['schedule']): string {
  if (schedule === null) return 'none';
  if (schedule.kind === 'every') return `"every: ${formatDuration(schedule.everyMs)}"`;
  return `"${schedule.expression}" in ${schedule.timezone}`;
}
