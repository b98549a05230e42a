import type { Tally } from './daily.ts';
import type { Reason } from './reasons.ts';
import type { JobDelivery, JobIncident, JobState, Ping, Row } from './records.ts';
import type { Runs } from './runs.ts';
import type { Spec } from './spec.ts';

/** The part of a job that the core reads: its small state, the runs that may still matter, its open incident. */
export interface State {
  job_id: string;
  job: JobState;
  /** All open runs and the most recent settled ones. */
  runs: Runs;
  incident: JobIncident | null;
}

/** Everything that can change a job's state (docs/design.md §3). `at` is the instant it happened. */
export type Event =
  | { type: 'ping'; ping: Ping }
  | { type: 'tick'; now_at: number }
  /** The declaration changed. The `spec` that is given to `transition` is the new one. */
  | { type: 'spec_changed'; at: number; previous: Spec }
  /** The pause ends by itself at `until_at`, or when somebody ends it. */
  | { type: 'paused'; at: number; until_at?: number }
  | { type: 'resumed'; at: number }
  | { type: 'acknowledged'; at: number; until_at: number }
  | { type: 'removed'; at: number }
  /** The job is declared again after it was removed. Its history and name are as they were. */
  | { type: 'restored'; at: number; /** Ends a pause of the API, too. */ resumed?: boolean }
  | { type: 'gap'; from_at: number; to_at: number }
  /** The wall clock was set back, to `at`. */
  | { type: 'clock_set_back'; at: number }
  /** The rules of time zones, by which slots were found until now, have changed. */
  | { type: 'zone_rules_changed'; at: number };

/**
 * An event as the log of commits keeps it (docs/design.md §3.5). With the state at its beginning, the log is enough to
 * replay what happened. Ticks with nothing due are left out, and every event that brings a spec holds that spec.
 */
export type LoggedEvent =
  | Exclude<Event, { type: 'spec_changed' | 'restored' }>
  | { type: 'declared'; at: number; spec: Spec }
  | { type: 'spec_changed'; at: number; spec: Spec }
  | { type: 'restored'; at: number; resumed?: boolean; spec: Spec };

/** The instant at which Cronflow learned of an event: what was due before it is applied first. */
export function instantOf(event: Event | LoggedEvent): number {
  switch (event.type) {
    case 'ping':
      return event.ping.received_at;
    case 'tick':
      return event.now_at;
    case 'gap':
      return event.to_at;
    default:
      return event.at;
  }
}

/** The changes that an event made. Records that are not mentioned are as they were. */
export interface Transition {
  state: State;
  /** Runs and history rows that are new or changed. */
  runs: Row[];
  /** History rows that another run took over. */
  removed_run_ids: string[];
  /** Incidents that are new or changed, in order: one event may close one and open another. */
  incidents: JobIncident[];
  /** Messages that became owed, in the order in which they must be sent. */
  deliveries: JobDelivery[];
  /** The changes of the daily figures (docs/design.md §3.5). */
  tallies: Tally[];
  /** The reason that says what the event itself did. */
  reason: Reason;
  /** The run that a ping belongs to, if any. */
  run_id: string | null;
}
