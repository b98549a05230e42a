import type { Declaration } from '../../src/core/model/declaration.ts';
import type { PingKind } from '../../src/core/model/reasons.ts';

/**
 * Everything that happens to Cronflow from outside in one simulated stretch of time, in the order in which it
 * happens. Both the real system and the naive model are given the same script; what they say must agree.
 * All instants are milliseconds since the Unix epoch on the server's own clock.
 */
export interface Script {
  /** When Cronflow starts for the first time; no ping comes before. */
  start_at: number;
  /** When the simulation ends; every deadline before it has passed. */
  end_at: number;
  /** The file's `replay_window`. */
  replay_window_ms: number;
  /** Names of all configured notifiers. */
  notifiers: readonly string[];
  /** Jobs declared at the start, by name. */
  jobs: Readonly<Record<string, Declaration>>;
  /** Sorted by `at`; of several at one instant, the order of the list is the order in which they come. */
  happenings: readonly Happening[];
}

export type Happening =
  | { at: number; type: 'ping'; job: string; ping: ScriptedPing }
  /** The file is changed: the job is declared (again) as this, or with null, declared no longer. */
  | { at: number; type: 'edit'; job: string; declaration: Declaration | null }
  | { at: number; type: 'pause' | 'resume'; job: string }
  /** Acknowledges the job's open incident; nothing happens if none is open. */
  | { at: number; type: 'acknowledge'; job: string; until_at: number }
  /**
   * From `at` to `to_at` Cronflow takes no pings and no script puts anything between the two. `crash` kills it
   * at `at` and starts it at `to_at`, `stop` does so cleanly, `suspend` stops the machine with it, and
   * `store_failing` leaves it running with a store that refuses every commit.
   */
  | { at: number; type: 'away'; how: 'crash' | 'stop' | 'suspend' | 'store_failing'; to_at: number };

/** A ping as it reaches the server and is answered 2xx. Fields left out are absent from the request. */
export interface ScriptedPing {
  kind: PingKind;
  rid?: string;
  exit_code?: number;
  signal?: string;
  duration_ms?: number;
  delay_ms?: number;
  output?: string;
  /** The client says that it captured nothing. */
  captured?: false;
}

/** What somebody was owed. Compared as a list in this order per job and notifier. */
export interface Telling {
  job: string;
  notifier: string;
  kind: 'opened' | 'reminder' | 'closed' | 'closed_silently';
  /** The reason of the run or slot it is about (of the incident, where it is about none). */
  reason: string;
  /** The instant of what it tells of, not of when Cronflow learned of it. */
  at: number;
}

/** How one slot or run ended, or that it is still open (`outcome` null). Compared as sets per job. */
export interface Ending {
  job: string;
  /** Null for an unscheduled run. */
  slot_at: number | null;
  /** Null for an anonymous run, and for a slot that ended without one. */
  rid: string | null;
  outcome: string | null;
  reason: string;
}

/** The one message after Cronflow was away. */
export interface OutageTelling {
  from_at: number;
  to_at: number;
  /** Names of the jobs with runs or slots it could not see. */
  jobs: readonly string[];
}

/** What the model says should have happened, and what the real system did. */
export interface Verdict {
  tellings: readonly Telling[];
  endings: readonly Ending[];
  outages: readonly OutageTelling[];
  /** Status of each job at the end. */
  statuses: Readonly<Record<string, string>>;
}
