import type { BadKind, Outcome, Reason } from '../../../src/core/model/reasons.ts';

/** How something ended. Never changed: what corrects history is a new result in the place of the old one. */
export interface Result {
  outcome: Outcome;
  reason: Reason;
  /** The instant of the outcome itself. */
  at: number;
  /** Start of the run, or the slot where there was none. */
  begun_at: number;
  slot_at: number | null;
  /** The how-many-th thing Cronflow learned of the job. */
  learned: number;
}

/** An instant at which the job should start, and what became of it. */
export interface Slot {
  at: number;
  /** Half the distance to the slot before. */
  half_ms: number;
  /** The run that has it. */
  run: Run | null;
  /** How it ended without a run; a run that takes it over replaces this when it ends itself. */
  result: Result | null;
}

export interface Run {
  rid: string | null;
  started_at: number;
  slot: Slot | null;
  /** False if it ended while the job was paused, or is open and the job still is. */
  counted: boolean;
  /** No limit falls before this, whatever `max_runtime` says. */
  limit_at_min: number;
  /** Null while it is open. */
  result: Result | null;
  /** How one run too many ended by its own report; null if it did not or was none. */
  own_end: Pick<Result, 'outcome' | 'reason'> | null;
  /** When it ended by its own report; null if it never reported an end. */
  ended_at: number | null;
  /** Whether a start ping made it known, so that start and end together say how long it took. */
  start_pinged: boolean;
}

/** A stretch in which Cronflow could take no pings, as Cronflow itself knows it. */
export interface Gap {
  /** When it really went away. */
  at: number;
  /** Its last sign of life. */
  from_at: number;
  to_at: number;
}

/** The kind of trouble an outcome is; null if it is none. */
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
