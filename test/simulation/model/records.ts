import type { BadKind, Outcome, Reason } from '../../../src/core/model/reasons.ts';

/**
 * Says how something ended. A result is never changed. A correction of history is a new result in the place of the old
 * one.
 */
export interface Result {
  outcome: Outcome;
  reason: Reason;
  /** The instant of the outcome itself. */
  at: number;
  /** The start of the run, or the slot where there was none. */
  begun_at: number;
  slot_at: number | null;
  /** The number of the thing among those that Cronflow learned of the job. */
  learned: number;
}

/** An instant at which the job should start, and what came of it. */
export interface Slot {
  at: number;
  /** Half the distance to the slot before. */
  half_ms: number;
  /** The run that claimed it. */
  run: Run | null;
  /** The way in which it ended without a run. A run that takes it over replaces this when the run itself ends. */
  result: Result | null;
}

export interface Run {
  rid: string | null;
  started_at: number;
  slot: Slot | null;
  /** False if it ended while the job was paused, or if it is open and the job still is paused. */
  counted: boolean;
  /** No limit falls before this, whatever `max_runtime` says. */
  limit_at_min: number;
  /** Null while it is open. */
  result: Result | null;
  /** The end by its own report of a run that was one too many; null for any other run, and if there was no report. */
  own_end: Pick<Result, 'outcome' | 'reason'> | null;
  /** The instant of its end by its own report; null if it never reported an end. */
  ended_at: number | null;
  /** Says that a start ping made it known, so that start and end together say how long it took. */
  start_pinged: boolean;
}

/** A stretch in which Cronflow could take no pings, as Cronflow itself knows it. */
export interface Gap {
  /** The instant at which it really went away. */
  at: number;
  /** The instant of its last sign of life. */
  from_at: number;
  to_at: number;
}

/** Returns the kind of trouble that an outcome is, or null if it is none. */
export function badKindOf(outcome: Outcome): BadKind | null {
  switch (outcome) {
    case 'failure':
    case 'abandoned':
      return 'failure';
    case 'missed':
      return 'missed';
    case 'timeout':
      return 'timeout';
    case 'success':
    case 'skipped':
    case 'unknown':
      return null;
  }
}
