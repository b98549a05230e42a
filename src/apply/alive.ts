import { type Gap, joinedGaps } from '../core/job/gaps.ts';
import type { Event } from '../core/model/event.ts';
import { LIMITS } from '../core/model/limits.ts';
import type { Job, JobState } from '../core/model/records.ts';
import { TIME_EVENTS_KEY, type View } from '../store/store.ts';
import { MINUTE_MS } from '../schedule/units.ts';

/** An event of time itself, which every job is told. */
export type TimeEvent = Extract<Event, { type: 'gap' | 'clock_set_back' }>;

/** The meta key of the last instant at which Cronflow is known to have been able to take pings. */
export const LIVENESS_KEY = 'liveness';
export const LIVENESS_WRITE_EVERY_MS = 10_000;
/** A clock that is set back by no more than this is only a little off (docs/design.md §3.4). */
export const CLOCK_STEP_MS_MIN = MINUTE_MS;
/** Pings may have been refused if no sign of life was stored for longer than this. */
export const GAP_MS_MIN = 3 * LIVENESS_WRITE_EVERY_MS;

/**
 * Returns the time before `at` in which Cronflow could not take pings, if nothing noted it yet. The first event after a
 * suspension or a full disk may be a ping or a tick, and it must not be judged as if somebody had been listening
 * (docs/design.md §3.4).
 */
export function gapBefore(tx: Pick<View, 'meta'>, at: number): { from_at: number; to_at: number } | null {
  const aliveAt = tx.meta(LIVENESS_KEY) as number | undefined;
  if (aliveAt === undefined || at - aliveAt <= GAP_MS_MIN) return null;
  return { from_at: aliveAt, to_at: at };
}

/**
 * Tells whether the wall clock was set back since the last sign of life, which then lies far ahead. Events before the
 * next sign of life must know of it. A message about them would otherwise be dated by the clock as it was, and be due
 * only when the clock comes by again.
 * @param at now
 */
export function isClockSetBack(aliveAt: number | undefined, at: number): boolean {
  return aliveAt !== undefined && aliveAt - at > CLOCK_STEP_MS_MIN;
}

/** What happened to time itself, of which all jobs are being told, some in each of several commits. */
export interface TimeEvents {
  /** Names the instance that tells them. */
  by: string;
  /** The instant of its last commit. */
  signed_at: number;
  /** The job up to which all are told, in the order of their ids; null before the first. */
  after: string | null;
  /** What they are told, in the order in which it happened. */
  events: readonly TimeEvent[];
}

export function readTimeEvents(tx: Pick<View, 'meta'>): TimeEvents | undefined {
  return tx.meta(TIME_EVENTS_KEY) as TimeEvents | undefined;
}

/**
 * Returns what a job has to be told of time before an event at `at`: what all jobs are being told and this one was not
 * yet, and what happened since the last sign of life. Nobody has noted that, and it is told to every job later.
 */
export function untoldBefore(tx: Pick<View, 'meta'>, { state }: Job, at: number): TimeEvent[] {
  const untold = untoldOf(readTimeEvents(tx)?.events ?? [], state, at);
  if (isClockSetBack(tx.meta(LIVENESS_KEY) as number | undefined, at))
    return [...untold, { type: 'clock_set_back', at }];
  const gap = gapBefore(tx, at);
  return gap === null ? untold : [...untold, { type: 'gap', ...gap }];
}

/**
 * Returns those events that a job was not told yet, as it is told them at `at`. A ping may have come to it before its
 * turn, which brings them along. To be told twice would do no harm to most jobs, but it takes time.
 */
export function untoldOf(events: readonly TimeEvent[], state: JobState, at: number): TimeEvent[] {
  let isSetBack = false;
  return events.flatMap((event): TimeEvent[] => {
    if (event.type === 'gap') {
      // A gap that the job knows by the old clock ends where that is set back, so it says nothing of this one.
      if (isSetBack) return [event];
      const isNoted = state.gaps.some((gap) => gap.from_at <= event.from_at && gap.to_at >= event.to_at);
      return isNoted ? [] : [event];
    }
    // What happened to the job since then has told it. Before, the clock was ahead by more than all this takes. The
    // clock of another instance may be a little behind.
    const isNoted = state.settled_at >= event.at && state.settled_at <= Math.max(at, event.at);
    // A slot of the time since then is still expected, and a gap of that time is told next.
    if (isNoted) return [];
    isSetBack = true;
    return [event];
  });
}

/**
 * Adds an event to those of which jobs are being told. Gaps that reach beyond a clock that was set back end there. A gap
 * that begins where the last one ends goes on with it. Of more gaps than a job remembers those become one that are
 * nearest to each other, so that the list ends where Cronflow dies again and again before all jobs are told.
 */
export function withTimeEvent(events: readonly TimeEvent[], event: TimeEvent): TimeEvent[] {
  if (event.type === 'gap') return withGap(events, event);
  const before = events.flatMap((each): TimeEvent[] => {
    if (each.type !== 'gap') return [];
    return each.from_at >= event.at ? [] : [{ ...each, to_at: Math.min(each.to_at, event.at) }];
  });
  return [...before, event];
}

function withGap(events: readonly TimeEvent[], { from_at: fromAt, to_at: toAt }: Gap): TimeEvent[] {
  // Times before a clock was set back and those after it cannot be compared.
  const since = events.findLastIndex(({ type }) => type === 'clock_set_back') + 1;
  const gaps = events.slice(since).filter((each) => each.type === 'gap');
  const last = gaps.at(-1);
  const isNext = last !== undefined && last.from_at <= fromAt && fromAt <= last.to_at;
  const next = isNext
    ? [...gaps.slice(0, -1), joined(last, toAt)]
    : [...gaps, { from_at: fromAt, to_at: toAt }];
  const fewer = joinedGaps(next, LIMITS.gapsMax);
  return [
    ...events.slice(0, since),
    ...fewer.map((gap): TimeEvent => ({ type: 'gap', from_at: gap.from_at, to_at: gap.to_at })),
  ];
}

function joined(gap: Gap, toAt: number): Gap {
  return { ...gap, to_at: Math.max(gap.to_at, toAt) };
}
