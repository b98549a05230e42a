import type { Declaration } from '../../src/core/model/declaration.ts';
import type { PingKind } from '../../src/core/model/reasons.ts';

/**
 * Everything that happens to Cronflow from outside in one simulated stretch of time, in the order in which it happens.
 * Both the real system and the naive model are given the same script, and their verdicts must agree. All instants are
 * milliseconds since the Unix epoch on the server's own clock.
 */
export interface Script {
  /** Cronflow starts for the first time at this instant, and no ping comes before. */
  start_at: number;
  /** The simulation ends at this instant, and every deadline before it has passed. */
  end_at: number;
  /** The `replay_window` of the file. */
  replay_window_ms: number;
  /** The names of all configured notifiers. */
  notifiers: readonly string[];
  /** The jobs that are declared at the start, by name. */
  jobs: Readonly<Record<string, Declaration>>;
  /** The happenings in the order of `at`. Those of one instant come in the order of the list. */
  happenings: readonly Happening[];
}

export type Happening =
  | { at: number; type: 'ping'; job: string; ping: ScriptedPing }
  /** The file is changed. The job is declared (again) as this, or with null it is no longer declared. */
  | { at: number; type: 'edit'; job: string; declaration: Declaration | null }
  /** The pause ends by itself at `until_at`, or when the job is resumed. */
  | { at: number; type: 'pause'; job: string; until_at?: number }
  | { at: number; type: 'resume'; job: string }
  /** Acknowledges the open incident of the job. Nothing happens if none is open. */
  | { at: number; type: 'acknowledge'; job: string; until_at: number }
  /**
   * Cronflow takes no pings from `at` to `to_at`, and no script puts anything between the two. `crash` kills it at `at`
   * and starts it at `to_at`, `stop` does so cleanly, `suspend` stops the machine with it, and `store_failing` leaves
   * it running with a store that refuses every commit.
   */
  | { at: number; type: 'away'; how: 'crash' | 'stop' | 'suspend' | 'store_failing'; to_at: number };

/** A ping as it reaches the server and is answered 2xx. A field that is left out is absent from the request. */
export interface ScriptedPing {
  kind: PingKind;
  rid?: string;
  exit_code?: number;
  signal?: string;
  duration_ms?: number;
  delay_ms?: number;
  output?: string;
  /** Says that the client captured nothing. */
  captured?: false;
}

/** A message that somebody was owed. Messages are compared as a list in this order per job and notifier. */
export interface Telling {
  job: string;
  notifier: string;
  kind: 'opened' | 'reminder' | 'closed' | 'closed_silently';
  /** The reason of the run or slot that it is about, or of the incident where it is about none. */
  reason: string;
  /** The instant of what it tells, and not the one at which Cronflow learned of it. */
  at: number;
}

/** Says how one slot or run ended, or that it is still open (`outcome` null). Endings are compared as sets per job. */
export interface Ending {
  job: string;
  /** Null for a run that is unscheduled. */
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
  /** The names of the jobs with runs or slots that it could not see. */
  jobs: readonly string[];
}

/** The verdict on a script: what should have happened by the model, or what the real system did. */
export interface Verdict {
  tellings: readonly Telling[];
  endings: readonly Ending[];
  outages: readonly OutageTelling[];
  /** Maps each job to its status at the end. */
  statuses: Readonly<Record<string, string>>;
}
