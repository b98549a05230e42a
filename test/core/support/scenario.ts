import { transition } from '../../../src/core/job/transition.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Event, State, Transition } from '../../../src/core/model/event.ts';
import { PING_KINDS, type PingKind } from '../../../src/core/model/reasons.ts';
import type { Ping } from '../../../src/core/model/records.ts';
import { type ShownRow, shownRow } from '../../../src/core/model/rows.ts';
import { type Spec, specOf } from '../../../src/core/model/spec.ts';
import { parseDuration } from '../../../src/schedule/duration.ts';
import { pingOf } from '../../support/records.ts';
import { declaredAt, stateOf } from './state.ts';
import { DAY_MS } from '../../../src/schedule/units.ts';

/** The first day of every scenario, a Wednesday, begins at this midnight. */
const DAY_ONE = Date.UTC(2025, 0, 1);

/**
 * Plays a script against the pure core and returns its trace, one line for each thing that came of it. A script line is
 * `[dN] HH:MM[:SS] EVENT [key=value ...]`, for example `02:00 start rid=a` or `d2 07:00 tick`. A trace line says what
 * ended, opened, closed or became owed, at its own instant.
 */
export function play(
  declaration: Declaration,
  script: string,
  observe: (result: Transition) => void = () => {},
): string[] {
  const trace: string[] = [];
  playThrough(declaration, script, (before, result) => {
    observe(result);
    trace.push(...describe(before, result));
  });
  return trace;
}

/** Returns the state after a script with its runs as HTTP shows them, oldest first, for questions that a trace does not answer. */
export function stateAfter(
  declaration: Declaration,
  script: string,
): Omit<State, 'runs'> & { runs: readonly ShownRow[] } {
  const state = playThrough(declaration, script, () => {});
  return { ...state, runs: state.runs.all().map(shownRow) };
}

function playThrough(
  declaration: Declaration,
  script: string,
  observe: (before: State, result: Transition) => void,
): State {
  const globals = { notifiers: ['ops'], replayWindowMs: parseDuration('15m') };
  const respec = (changes: Declaration): Spec => specOf('job', { ...declaration, ...changes }, globals);
  let spec = respec({});
  let state = declaredAt(spec, DAY_ONE);
  for (const line of script.trim().split('\n')) {
    const parsed = parseLine(line.trim(), spec, respec);
    spec = parsed.spec;
    const result = transition(spec, state, parsed.event);
    observe(state, result);
    state = stateOf(result);
  }
  return state;
}

/** Reads an instant of a scenario from `[dN] HH:MM[:SS]`. */
export function instant(text: string): number {
  const match = /^(?:d(\d+) )?(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (match === null) throw new Error(`not an instant: ${text}`);
  const [, day = '1', hour, minute, second = '0'] = match;
  return (
    DAY_ONE +
    (Number(day) - 1) * DAY_MS +
    Number(hour) * 3_600_000 +
    Number(minute) * 60_000 +
    Number(second) * 1000
  );
}

function parseLine(
  line: string,
  spec: Spec,
  respec: (changes: Declaration) => Spec,
): { spec: Spec; event: Event } {
  const match = /^((?:d\d+ )?\d\d:\d\d(?::\d\d)?) (\S+)(.*)$/.exec(line);
  if (match === null) throw new Error(`not a script line: ${line}`);
  const at = instant(match[1]!);
  const what = match[2]!;
  const rest = match[3]!.trim();
  if (PING_KINDS.includes(what as PingKind)) {
    return { spec, event: { type: 'ping', ping: pingFrom(what as PingKind, at, fieldsOf(rest)) } };
  }
  switch (what) {
    case 'tick':
      return { spec, event: { type: 'tick', now_at: at } };
    case 'gap':
      return { spec, event: { type: 'gap', from_at: instant(rest.slice('from='.length)), to_at: at } };
    case 'ack':
      return { spec, event: { type: 'acknowledged', at, until_at: instant(rest.slice('until='.length)) } };
    case 'spec':
      return {
        spec: respec(JSON.parse(rest) as Declaration),
        event: { type: 'spec_changed', at, previous: spec },
      };
    case 'paused':
      return {
        spec,
        event:
          rest === ''
            ? { type: 'paused', at }
            : { type: 'paused', at, until_at: instant(rest.slice('until='.length)) },
      };
    case 'resumed':
    case 'removed':
    case 'restored':
    case 'clock_set_back':
    case 'zone_rules_changed':
      return { spec, event: { type: what, at } };
    default:
      throw new Error(`not an event: ${what}`);
  }
}

function fieldsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(' ')
      .filter(Boolean)
      .map((pair) => pair.split('=') as [string, string]),
  );
}

function pingFrom(kind: PingKind, at: number, fields: Record<string, string>): Ping {
  return pingOf(kind, at, {
    delay_ms: fields.delay === undefined ? 0 : parseDuration(fields.delay),
    rid: fields.rid ?? null,
    exit_code: fields.exit === undefined ? null : Number(fields.exit),
    signal: fields.signal ?? null,
    duration_ms: fields.took === undefined ? null : parseDuration(fields.took),
    output: fields.output?.replaceAll('|', '\n') ?? null,
    ...(fields.captured === 'false' ? { captured: false as const } : {}),
    ...(fields.unreadable === undefined ? {} : { unreadable: `${fields.unreadable} cannot be read` }),
  });
}

function describe(before: State, result: Transition): string[] {
  const lines: { at: number; order: number; text: string }[] = [];
  const add = (at: number, text: string): void => void lines.push({ at, order: lines.length, text });
  for (const run of result.runs.map(shownRow)) {
    const row = before.runs.get(run.id);
    const old = row === undefined ? undefined : shownRow(row);
    if (run.outcome === null || (old?.outcome === run.outcome && old.count === run.count)) continue;
    const slot = run.slot_at === null ? 'no slot' : `slot ${clockTime(run.slot_at)}`;
    const times = run.count > 1 ? ` x${run.count}` : '';
    const uncounted = run.counted ? '' : ' (not counted)';
    add(
      run.ended_at ?? 0,
      `${slot}${run.late ? ' late' : ''} ${run.outcome} ${run.reason}${times}${uncounted}`,
    );
  }
  for (const { kind, notifier, facts } of result.deliveries) {
    add(
      facts.at,
      `owe ${notifier} ${kind} ${facts.reason}${facts.bad_count > 1 ? ` (${facts.bad_count})` : ''}`,
    );
  }
  for (const incident of result.incidents) {
    if (incident.closed_at !== null) add(incident.closed_at, `incident closed ${incident.close_reason}`);
  }
  return lines
    .sort((a, b) => a.at - b.at || a.order - b.order)
    .map(({ at, text }) => `${clockTime(at)} ${text}`);
}

function clockTime(at: number): string {
  const day = Math.floor((at - DAY_ONE) / DAY_MS) + 1;
  const time = new Date(at).toISOString().slice(11, 19).replace(/:00$/, '');
  return day === 1 ? time : `d${day} ${time}`;
}
