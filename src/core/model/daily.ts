import { OUTCOMES, type Outcome } from './reasons.ts';
import type { Row } from './records.ts';
import { isCounted, startOf } from './rows.ts';
import { DAY_MS } from '../../schedule/units.ts';

/** A duration read from a sketch is off by this part of itself at most. */
const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
/** No run is longer. This bounds the buckets that a day can have to about 1,200. */
const DURATION_MS_MAX = 366 * DAY_MS;

/** One job's figures of one day (docs/design.md §3.5). */
export interface Day {
  job_id: string;
  /** The UTC day, `2026-01-15`. */
  date: string;
  /** The number of runs and slots by outcome; outcomes that did not occur are left out. */
  outcomes: Partial<Record<Outcome, number>>;
  /** A sketch of the durations: bucket, count, bucket, count and so on, in ascending order of the buckets. */
  durations: number[];
}

/** A change to the figures of one day. */
export interface Tally {
  date: string;
  outcome: Outcome;
  /** The number to add; it is negative for what is taken back. */
  delta: number;
  /** This duration is added to the sketch, or taken out of it, `delta` times; null leaves the sketch alone. */
  duration_ms: number | null;
}

/** Returns the UTC day of an instant. */
export function dateOf(at: number): string {
  return new Date(Math.floor(at / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Lists what a changed row changes in the daily figures; a correction takes back what it replaces.
 * @param before undefined for a new row
 */
export function talliesOf(before: Row | undefined, after: Row): Tally[] {
  const old = before === undefined ? null : tallyOf(before);
  const now = tallyOf(after);
  if (old !== null && now !== null && isSame(old, now)) return [];
  return [...(old === null ? [] : [{ ...old, delta: -1 }]), ...(now === null ? [] : [now])];
}

/**
 * Returns the figures that a row adds to a day. A run stands on the day of its slot, so that a rerun the next morning
 * replaces the miss on the day of that miss. A run without a slot stands on the day on which it started or, if only its
 * end is known, ended. A run that was recorded while the job was paused does not count. A duration counts where the end
 * was reported, because nobody knows how long a run lasted that timed out or was given up.
 */
function tallyOf(row: Row): Tally | null {
  const at = row.slot_at ?? startOf(row) ?? row.ended_at;
  if (row.outcome === null || !isCounted(row) || at === null) return null;
  const isReported = row.kind === 'run' && (row.outcome === 'success' || row.outcome === 'failure');
  return {
    date: dateOf(at),
    outcome: row.outcome,
    delta: 1,
    duration_ms: isReported ? row.duration_ms : null,
  };
}

function isSame(a: Tally, b: Tally): boolean {
  return a.date === b.date && a.outcome === b.outcome && a.duration_ms === b.duration_ms;
}

/**
 * Returns a day as it is after a change.
 * @param day undefined when nothing was known of that day
 */
export function tallied(day: Day | undefined, jobId: string, tally: Tally): Day {
  const { date, outcome, delta, duration_ms: durationMs } = tally;
  const { [outcome]: before = 0, ...others } = day?.outcomes ?? {};
  // The count that is taken back may stand on a day that is forgotten since.
  const count = Math.max(0, before + delta);
  const durations = day?.durations ?? [];
  return {
    job_id: jobId,
    date,
    outcomes: count === 0 ? others : { ...others, [outcome]: count },
    durations: durationMs === null ? durations : withDuration(durations, bucketOf(durationMs), delta),
  };
}

/** Tells whether nothing is left of a day. */
export function isEmptyDay(day: Day): boolean {
  return Object.keys(day.outcomes).length === 0;
}

/** The figures of a day for people. */
export interface Figures {
  outcomes: Record<Outcome, number>;
  /** The median of the durations, exact to 1 %; null when no run reported one. */
  median_ms: number | null;
  p95_ms: number | null;
}

export function figuresOf(day: Day): Figures {
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, day.outcomes[outcome] ?? 0]));
  return {
    outcomes: outcomes as Record<Outcome, number>,
    median_ms: quantileMs(day.durations, 0.5),
    p95_ms: quantileMs(day.durations, 0.95),
  };
}

/** Returns the least duration that is at least as long as this part of all. */
function quantileMs(durations: readonly number[], part: number): number | null {
  let total = 0;
  for (let i = 1; i < durations.length; i += 2) total += durations[i]!;
  let rank = Math.ceil(total * part);
  for (let i = 0; i < durations.length; i += 2) {
    rank -= durations[i + 1]!;
    if (rank <= 0) return middleMs(durations[i]!);
  }
  return null;
}

/**
 * Returns the bucket of a duration. Buckets grow with the durations they hold, so that the error is relative. Bucket 0
 * holds 0 ms, and bucket n holds durations of more than GAMMA^(n-2) and at most GAMMA^(n-1) ms.
 */
function bucketOf(durationMs: number): number {
  if (durationMs < 1) return 0;
  return 1 + Math.ceil(Math.log(Math.min(durationMs, DURATION_MS_MAX)) / Math.log(GAMMA));
}

/** Returns the duration from which nothing in the bucket is further off than the relative error. */
function middleMs(bucket: number): number {
  return bucket === 0 ? 0 : Math.round((2 * GAMMA ** (bucket - 1)) / (GAMMA + 1));
}

function withDuration(durations: readonly number[], bucket: number, delta: number): number[] {
  let index = 0;
  while (index < durations.length && durations[index]! < bucket) index += 2;
  const isKnown = durations[index] === bucket;
  const count = Math.max(0, (isKnown ? durations[index + 1]! : 0) + delta);
  const after = durations.slice(isKnown ? index + 2 : index);
  return [...durations.slice(0, index), ...(count === 0 ? [] : [bucket, count]), ...after];
}
