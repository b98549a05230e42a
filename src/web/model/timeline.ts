import type { NamedRun, Outcome, Reason, Slot, SlotState } from '../../cli/api-types.ts';
import { instantOf } from './time.ts';

/** What the lanes of the timeline show. A lane is one job; its bars are runs, and its ticks slots. */

/** A stretch of time; its end is no part of it. */
export interface Stretch {
  fromAt: number;
  toAt: number;
}

/** A run, or runs that are too many to be drawn one by one. */
export interface Bar {
  fromAt: number;
  /** When it ended; never, of a run that goes on. */
  toAt: number;
  outcome: Outcome;
  reason: Reason;
  runId: string | null;
  /** How many runs it stands for. */
  count: number;
  /** Runs of a job that go on at the same time stand below each other, each in a track of its own. */
  track: number;
}

/** A slot that no run claimed, or that is still to come; or several that are too near to each other. */
export interface Tick {
  fromAt: number;
  toAt: number;
  count: number;
  state: SlotState;
}

export interface Lane {
  job: string;
  bars: readonly Bar[];
  ticks: readonly Tick[];
  trackCount: number;
}

/** Runs that go on at the same time have no more tracks than this; further ones share the last. */
const TRACKS_MAX = 4;

/** Makes the lane of a job out of its slots and its runs. */
export function laneOf(job: string, slots: readonly Slot[], runs: readonly NamedRun[]): Lane {
  const bars = runs.flatMap((run) => barOfRun(run) ?? []);
  const drawn = new Set(runs.map(({ id }) => id));
  const ticks: Tick[] = [];
  for (const slot of slots) {
    const [fromAt, toAt] = [Date.parse(slot.first_slot_at), Date.parse(slot.slot_at)];
    if (slot.state !== 'claimed') ticks.push({ fromAt, toAt, count: slot.count, state: slot.state });
    else if (slot.run_id === null || !drawn.has(slot.run_id)) bars.push(barOfSlot(slot));
  }
  return { job, ticks, ...inTracks(bars) };
}

function barOfRun(run: NamedRun): Bar | null {
  const endedAt = instantOf(run.ended_at);
  const startedAt = instantOf(run.started_at) ?? (endedAt === null ? null : endedAt - (run.duration_ms ?? 0));
  // A slot that ended without a run is a row of the history as well, and the slots have it.
  const isRun = run.started_at !== null || run.exit_code !== null || run.outcome === 'success';
  if (startedAt === null || !isRun) return null;
  const { outcome, reason, id } = run;
  return { fromAt: startedAt, toAt: endedAt ?? Infinity, outcome, reason, runId: id, count: 1, track: 0 };
}

function barOfSlot(slot: Slot): Bar {
  const { outcome, run_id: runId, count } = slot;
  const isOne = count === 1;
  const fromAt = (isOne ? instantOf(slot.started_at) : null) ?? Date.parse(slot.first_slot_at);
  const endedAt = instantOf(slot.ended_at) ?? (outcome === null ? Infinity : Date.parse(slot.slot_at));
  return {
    fromAt,
    toAt: Math.max(endedAt, fromAt),
    outcome,
    reason: slot.reason ?? 'succeeded',
    runId,
    count,
    track: 0,
  };
}

function inTracks(found: readonly Bar[]): Pick<Lane, 'bars' | 'trackCount'> {
  const endAt: number[] = [];
  const bars = found
    .toSorted((a, b) => a.fromAt - b.fromAt)
    .map((bar) => {
      const free = endAt.findIndex((at) => at <= bar.fromAt);
      const track = Math.min(free === -1 ? endAt.length : free, TRACKS_MAX - 1);
      endAt[track] = Math.max(bar.toAt, endAt[track] ?? 0);
      return { ...bar, track };
    });
  return { bars, trackCount: Math.max(1, endAt.length) };
}

/** A run or a slot with the job that it is of. */
export type Found = { job: string } & ({ bar: Bar } | { tick: Tick });

/** Finds the runs that went on at an instant, those that began first coming first. */
export function runsAt(lanes: Iterable<Lane>, at: number): (Found & { bar: Bar })[] {
  const found: (Found & { bar: Bar })[] = [];
  for (const { job, bars } of lanes)
    for (const bar of bars) if (bar.fromAt <= at && at <= bar.toAt) found.push({ job, bar });
  return found.sort((a, b) => a.bar.fromAt - b.bar.fromAt);
}

/** Finds the slots that are no further from an instant than so, one for each job. */
export function slotsNear(lanes: Iterable<Lane>, at: number, withinMs: number): (Found & { tick: Tick })[] {
  const found: (Found & { tick: Tick })[] = [];
  for (const { job, ticks } of lanes) {
    const tick = ticks.find(({ fromAt, toAt }) => fromAt - withinMs <= at && at <= toAt + withinMs);
    if (tick !== undefined) found.push({ job, tick });
  }
  return found;
}

/** Finds what a pointer is on in one lane: a run first, else a slot. */
export function foundIn(lane: Lane, at: number, withinMs: number): Found | null {
  const bar = lane.bars.findLast(({ fromAt, toAt }) => fromAt - withinMs <= at && at <= toAt + withinMs);
  if (bar !== undefined) return { job: lane.job, bar };
  return slotsNear([lane], at, withinMs)[0] ?? null;
}

/** The instant at which a lane first shows anything; lanes are ordered by it to see what waits on what. */
export function firstAtOf({ bars, ticks }: Lane): number {
  return Math.min(bars[0]?.fromAt ?? Infinity, ticks[0]?.fromAt ?? Infinity);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE_MS);

/**
 * Returns the instants that the axis names, at whole minutes and hours of the reader.
 * @param offsetMs how far the reader's clock is ahead of UTC
 * @param countMax how many names there is room for
 */
export function axisOf({ fromAt, toAt }: Stretch, offsetMs: number, countMax: number): number[] {
  const stepMs = STEPS_MS.find((each) => (toAt - fromAt) / each <= countMax) ?? 24 * HOUR_MS;
  const first = Math.ceil((fromAt + offsetMs) / stepMs) * stepMs - offsetMs;
  const found: number[] = [];
  for (let at = first; at < toAt; at += stepMs) found.push(at);
  return found;
}

/** The lengths of time that can be chosen, in hours. Of each, two thirds lie before the instant it is about. */
export const SPANS_H = [36, 12, 6, 2] as const;
export type SpanH = (typeof SPANS_H)[number];

/** What the reader chose of the timeline. It stands in the address. */
export interface View {
  spanH: SpanH;
  /** The instant two thirds into what is shown; null to go with the present. */
  at: number | null;
  group: string;
  q: string;
  order: 'name' | 'first';
}

export function viewOf(query: Readonly<Record<string, string>>): View {
  const { hours = '', at = '', group = '', q = '', order } = query;
  const span = SPANS_H.find((each) => String(each) === hours);
  return {
    spanH: span ?? SPANS_H[0],
    at: instantOf(at),
    group,
    q,
    order: order === 'first' ? 'first' : 'name',
  };
}

export function stretchOf({ spanH, at }: Pick<View, 'spanH' | 'at'>, nowAt: number): Stretch {
  const fromAt = (at ?? nowAt) - (spanH * HOUR_MS * 2) / 3;
  return { fromAt, toAt: fromAt + spanH * HOUR_MS };
}

/** Draws what stands in one lane, as paths of an SVG by what they look like. */
export function pathsOf(
  lane: Lane,
  { fromAt, toAt, nowAt }: Stretch & { nowAt: number },
  { width, height }: { width: number; height: number },
): Map<string, string> {
  const paths = new Map<string, string>();
  const add = (look: string, path: string): void => void paths.set(look, (paths.get(look) ?? '') + path);
  const xOf = (at: number): number => Math.round(((at - fromAt) / (toAt - fromAt)) * width * 2) / 2;
  const middle = height / 2;
  for (const bar of lane.bars) {
    if (bar.toAt < fromAt || bar.fromAt > toAt) continue;
    const look = bar.outcome ?? 'running';
    const tall = bar.outcome === 'success' || bar.outcome === null ? height * 0.4 : height * 0.62;
    const thick = Math.max(2, tall / lane.trackCount);
    const top = lane.trackCount === 1 ? middle - thick / 2 : 3 + (bar.track * (height - 6)) / lane.trackCount;
    const left = Math.max(-4, xOf(bar.fromAt));
    const right = Math.min(width + 4, Math.max(xOf(Math.min(bar.toAt, nowAt)), left + 2.5));
    add(look, `M${left} ${top}H${right}v${thick}H${left}z`);
    // The end of a run that was cut off at its limit has a wall, so that its colour is not needed.
    if (bar.outcome === 'timeout') add('wall', `M${right} ${top - 2}v${thick + 4}`);
  }
  for (const tick of lane.ticks) {
    if (tick.toAt < fromAt || tick.fromAt > toAt) continue;
    for (const at of tick.count > 1 ? [tick.fromAt, tick.toAt] : [tick.fromAt])
      add(`slot-${tick.state}`, signOf(tick.state, xOf(at), middle));
    if (tick.count > 1) add(`slot-${tick.state}`, `M${xOf(tick.fromAt)} ${middle}H${xOf(tick.toAt)}`);
  }
  return paths;
}

function signOf(state: SlotState, x: number, middle: number): string {
  switch (state) {
    case 'missed':
      return `M${x - 5.5} ${middle}l5.5-6 5.5 6-5.5 6z`;
    case 'waiting':
      return `M${x} ${middle - 8}v16M${x - 3} ${middle - 8}h6M${x - 3} ${middle + 8}h6`;
    case 'skipped':
      return `M${x - 4} ${middle}h8`;
    case 'unknown':
      return `M${x - 3} ${middle - 3}l6 6m0-6l-6 6`;
    default:
      return `M${x} ${middle - 5}v10`;
  }
}
