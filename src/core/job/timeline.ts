import type { Outcome, Reason } from '../model/reasons.ts';
import type { Job, Row } from '../model/records.ts';
import { NO_RUNS } from '../model/runs.ts';
import { slotAfter } from '../model/slots.ts';
import type { Spec } from '../model/spec.ts';
import { Draft } from './draft.ts';
import { deadlineOf, plainDeadlineOf } from './due.ts';

/** What became of a slot: a run claimed it, or it ended without one, or it is expected. */
export const SLOT_STATES = ['claimed', 'missed', 'skipped', 'unknown', 'waiting', 'coming'] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** One slot of a job, or several in a row of which the same became. */
export interface TimelineSlot {
  state: SlotState;
  /** The number of slots. */
  count: number;
  first_slot_at: number;
  /** The latest of the slots. */
  slot_at: number;
  /** The outcome of the run or the slot; null where it is open or still expected. */
  outcome: Outcome | null;
  reason: Reason | null;
  /** True if the run claimed its slot after the slot had been given up. */
  late: boolean;
  /** The row of the history that stands for the latest of the slots; null where it is still expected. */
  run_id: string | null;
  started_at: number | null;
  ended_at: number | null;
  /** By when the first of the slots must be claimed; null where it is no longer expected. */
  deadline_at: number | null;
}

/** A stretch of time; the end is no part of it. */
export interface Stretch {
  fromAt: number;
  toAt: number;
}

/**
 * Lists the slots of a job in a stretch of time, those that began first first: what the history knows of past ones, and
 * what is expected from the first slot that is not settled on. Past slots that the history has let go are not listed,
 * because the schedule of today says nothing of them.
 * @param rows the rows of the history that stand for slots in the stretch
 * @param nowAt tells slots that wait from those to come
 */
export function* slotsOfJob(
  job: Job,
  spec: Spec,
  rows: readonly Row[],
  nowAt: number,
  stretch: Stretch,
): Generator<TimelineSlot> {
  const past = pastSlots(rows);
  const settled = new Set(past.map((slot) => slot.slot_at));
  let next = 0;
  for (const slot of expectedSlots(job, spec, nowAt, stretch)) {
    while (next < past.length && past[next]!.first_slot_at <= slot.slot_at) yield past[next++]!;
    // A run may have claimed the slot since the job was read.
    if (!settled.has(slot.slot_at)) yield slot;
  }
  while (next < past.length) yield past[next++]!;
}

/** Returns what became of past slots, in the order in which they were. */
function pastSlots(rows: readonly Row[]): TimelineSlot[] {
  // A run that goes on stands for its slot already, though the row of the slot waits for its end.
  const taken = new Map<string, number>();
  for (const row of rows) {
    if (row.kind !== 'run' || row.ended_at !== null || row.replaces_run_id === null) continue;
    taken.set(row.replaces_run_id, (taken.get(row.replaces_run_id) ?? 0) + 1);
  }
  return rows
    .map((row) => pastSlot(row, taken.get(row.id) ?? 0))
    .filter((slot) => slot !== null)
    .sort((a, b) => a.first_slot_at - b.first_slot_at);
}

/** @param takenCount how many of its slots runs have claimed that go on */
function pastSlot(row: Row, takenCount: number): TimelineSlot | null {
  if (row.slot_at === null) return null;
  const { id, slot_at, outcome, reason, ended_at } = row;
  const known = { slot_at, outcome, reason, run_id: id, ended_at, deadline_at: null };
  if (row.kind === 'slots') {
    const count = row.count - takenCount;
    const { first_slot_at } = row;
    if (count < 1) return null;
    return { ...known, state: row.outcome, count, first_slot_at, late: false, started_at: null };
  }
  const one = { ...known, count: 1, first_slot_at: slot_at };
  if (row.kind === 'skip') return { ...one, state: 'skipped', late: false, started_at: row.ended_at };
  return { ...one, state: 'claimed', late: row.late, started_at: row.started_at };
}

/** Lists the slots that are expected, from the first that is not settled on. */
function* expectedSlots(
  job: Job,
  spec: Spec,
  nowAt: number,
  { fromAt, toAt }: Stretch,
): Generator<TimelineSlot> {
  const { state } = job;
  if (spec.paused || state.paused_by_api || state.expected_at === null) return;
  // What is expected of a job with a period counts from the start of its next run, and that is not known while it runs.
  if (spec.schedule?.kind === 'every' && state.status === 'running') return;
  const draft = new Draft(spec, { job_id: job.id, job: state, runs: NO_RUNS, incident: null }, nowAt);
  let at: number | null = state.expected_at;
  // The slot that is expected next may wait longer than others, for what a gap hid.
  const firstDeadlineAt = deadlineOf(draft)?.at ?? null;
  if (at < fromAt) at = firstExpectedFrom(spec, at, fromAt);
  for (; at !== null && at < toAt; at = slotAfter(spec, at)) {
    yield {
      state: at <= nowAt ? 'waiting' : 'coming',
      count: 1,
      first_slot_at: at,
      slot_at: at,
      outcome: null,
      reason: null,
      late: false,
      run_id: null,
      started_at: null,
      ended_at: null,
      deadline_at: at === state.expected_at ? firstDeadlineAt : plainDeadlineOf(draft, at),
    };
  }
}

/** Returns the first slot at or after `fromAt`, by steps that do not grow with the time before it. */
function firstExpectedFrom(spec: Spec, expectedAt: number, fromAt: number): number | null {
  if (spec.schedule?.kind !== 'every') return slotAfter(spec, fromAt - 1);
  const { everyMs } = spec.schedule;
  return expectedAt + Math.ceil((fromAt - expectedAt) / everyMs) * everyMs;
}

/**
 * Puts slots of one job together that follow each other within one cell of time and of which the same became. So a job
 * that runs every minute is a few items, and a failure among successes is an item of its own. A run that goes on stays
 * alone, too.
 */
export class SlotFold {
  readonly #cellMs: number;
  #folded: TimelineSlot | null = null;
  #lastFirstAt = 0;

  /** @param cellMs the length of a cell; 0 keeps each slot alone */
  constructor(cellMs: number) {
    this.#cellMs = cellMs;
  }

  /** Adds the next slot. Returns what it did not fit to, which is complete. */
  add(slot: TimelineSlot): FoldedSlot | null {
    const folded = this.#folded;
    if (folded !== null && this.#fits(folded, slot)) {
      const { count, first_slot_at, deadline_at } = folded;
      this.#folded = { ...slot, count: count + slot.count, first_slot_at, deadline_at };
      this.#lastFirstAt = slot.first_slot_at;
      return null;
    }
    const complete = this.end();
    this.#folded = slot;
    this.#lastFirstAt = slot.first_slot_at;
    return complete;
  }

  /** Returns what was not returned yet, because the job has no more slots or nobody wants to look at more. */
  end(): FoldedSlot | null {
    const slot = this.#folded;
    this.#folded = null;
    return slot === null ? null : { slot, lastFirstAt: this.#lastFirstAt };
  }

  #fits(folded: TimelineSlot, slot: TimelineSlot): boolean {
    if (this.#cellMs === 0 || (slot.state === 'claimed' && slot.outcome === null)) return false;
    const cellOf = (at: number): number => Math.floor(at / this.#cellMs);
    return (
      cellOf(folded.first_slot_at) === cellOf(slot.first_slot_at) &&
      folded.state === slot.state &&
      folded.outcome === slot.outcome &&
      folded.reason === slot.reason &&
      folded.late === slot.late
    );
  }
}

/** Slots that were put together, and where the first slot of the last of them was, after which a list goes on. */
export interface FoldedSlot {
  slot: TimelineSlot;
  lastFirstAt: number;
}
