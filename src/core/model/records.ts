/**
 * The records Cronflow keeps. They are stored as JSON, so their keys are snake_case; every `*_at` is an
 * instant in milliseconds since the Unix epoch (ISO 8601 UTC on the wire), every `*_ms` a duration.
 */
import type { Declaration } from './declaration.ts';
import type { BadKind, CloseReason, Outcome, PingKind, Reason, Status } from './reasons.ts';

/** One HTTP signal from a job, as the server understood it. */
export interface Ping {
  kind: PingKind;
  received_at: number;
  /** How long ago the event was by the client's own clock; 0 to 7 days. */
  delay_ms: number;
  /** The client's run id; null when absent or malformed. */
  rid: string | null;
  exit_code: number | null;
  /** Name of the signal that killed the command, e.g. `TERM`. */
  signal: string | null;
  duration_ms: number | null;
  host: string | null;
  /** The kept tail of the output; null when the ping brought none. */
  output: string | null;
  /** Bytes of output the client or the server dropped before the tail. */
  output_dropped_bytes: number;
  /** The client says that it captured nothing, so that nobody knows what the run printed; absent where it did. */
  captured?: false;
  /** What it says of how the run did and nobody can read, for people; absent where all is read. */
  unreadable?: string;
}

/** One execution, or one row of history for slots that ended without one. */
export interface Run {
  /** Unique: `JOB_ID-N`, N counting the job's runs. */
  id: string;
  job_id: string;
  rid: string | null;
  /** The slot this run claimed, or that ended without a run; null for an unscheduled run. */
  slot_at: number | null;
  /** Whether it claimed its slot after the slot had been given up. */
  late: boolean;
  /** Null for rows that no run stands behind, and for an end whose start is not known. */
  started_at: number | null;
  /** Whether its start ping has come: an end may overtake it, and it may come twice. */
  start_received: boolean;
  /** The history row of a slot given up earlier, which this run's outcome will replace. */
  replaces_run_id: string | null;
  /** As what that slot had been given up, for the row may be trimmed from the history before this run ends. */
  replaces_outcome?: UnclaimedSlot['outcome'];
  /** Null while the run is open. */
  ended_at: number | null;
  duration_ms: number | null;
  /** When the run ends as `timeout` if nothing is heard; null once it has ended. */
  limit_at: number | null;
  /** No limit falls before this, whatever `max_runtime` becomes: its start arrived late, or the limit was changed. */
  limit_at_min?: number;
  /** Null while the run is open. */
  outcome: Outcome | null;
  reason: Reason;
  /** What was expected of it and is not so, for people; null where the reason says it all. */
  detail: string | null;
  /** How a run that failed by starting, `overlap`, ended by its own report: it counts if nothing was open after all. */
  own_end?: { outcome: Outcome; reason: Reason; detail: string | null };
  /** False for what was recorded while paused: it does not count. */
  counted: boolean;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  /** Bytes of output kept in the store; 0 for none. */
  output_bytes: number;
  output_dropped_bytes: number;
  /** How many consecutive missed slots this row stands for; 1 for everything else. */
  count: number;
  /** The first of those slots. */
  first_slot_at: number | null;
  /** The latest of those slots, oldest first, as many as a run may still claim; absent where there is one. */
  latest_slots_at?: readonly number[];
  /**
   * How many runs the job had when this one ended, where newer ones had begun meanwhile: the history keeps what
   * ended last, else a run that hung for long would be gone with the timeout itself.
   */
  run_count_at_end?: number;
}

/** What is kept of a run that a short history has let go, so that its pings are known when they come again. */
export interface RememberedRun {
  rid: string;
  run_id: string;
  started_at: number | null;
  /** Whether its end was reported, and not only given up. */
  is_ended: boolean;
  /** When it ended or was given up; absent where an older version noted it. */
  ended_at?: number | null;
}

/** The latest end without a run id: one that comes again soon is a client's retry. */
export interface AnonymousEnd {
  at: number;
  kind: 'success' | 'failure';
  exit_code: number | null;
  host: string | null;
  run_id: string;
  /** The first start that came since, by its own instant; null while there was none. */
  started_since_at: number | null;
  /** As in the ping; absent where all of it was read. */
  unreadable?: string;
}

/** A bad outcome that still counts: none good has come since. */
export interface BadOutcome {
  run_id: string;
  kind: BadKind;
  reason: Reason;
  /** When it happened. */
  at: number;
  /** When the run started, or its slot: what a recovery must not be older than. */
  began_at: number;
}

/** A slot that ended `missed` or `unknown`, which a late report or a rerun may still claim. */
export interface UnclaimedSlot {
  at: number;
  outcome: 'missed' | 'unknown';
  /** The history row that stands for it. */
  run_id: string;
}

/** What the core keeps of one job beside its runs and incident. Small: it is written with every commit. */
export interface JobState {
  status: Status;
  /** The oldest slot not yet settled; null when none is expected. */
  expected_at: number | null;
  /** Since when runs are expected by an interval: the declaration, a change of it, or the end of a pause. */
  expected_from_at?: number;
  /** A spec change moves no deadline before this instant; 0 when it does not matter. */
  deadline_at_min: number;
  /** The one instant at which time alone could change this state; null when never. */
  due_at: number | null;
  /** Whether any ping was ever received. */
  seen: boolean;
  paused_by_api: boolean;
  /** The instant up to which everything due has been applied. */
  settled_at: number;
  /** Counts run ids. */
  run_count: number;
  /** Counts incident ids. */
  incident_count: number;
  last_start_at: number | null;
  last_success_at: number | null;
  /** The latest counted outcome and its instant; `unknown` and `skipped` are not counted. */
  last_outcome: Outcome | null;
  last_outcome_at: number | null;
  /** Bad outcomes since the last good one, oldest first. */
  bad: BadOutcome[];
  unclaimed: UnclaimedSlot[];
  /** Instants of `skip` pings in a row that met no open run, oldest first: as many as make a `stuck_lock`. */
  skips?: readonly number[];
  /** When a run was last heard of that such a row cannot go back beyond; or a pause. */
  skips_from_at?: number;
  /** The latest runs with a run id, oldest first, where `keep_runs` is too short for them to be found in the history. */
  remembered?: RememberedRun[];
  /**
   * How long after its slot each of the last ten claimed slots was claimed, oldest first: a gap that begins later can
   * not have hidden the run. Absent until a slot was claimed.
   */
  claim_delays_ms?: readonly number[];
  /**
   * How many missed slots in a row turned out to have had a run, of which nothing but its end was reported, and how
   * long after its slot at most. Absent where the latest slot was not such a one.
   */
  late_ends?: { count: number; after_ms_max: number };
  /** Absent until one came. */
  anonymous_end?: AnonymousEnd;
  /** Times in which pings could not be taken and that may touch a slot not yet settled. */
  gaps: { from_at: number; to_at: number }[];
}

export interface IncidentOutcome {
  run_id: string;
  outcome: Outcome;
  reason: Reason;
  at: number;
  /** When the run started, or its slot. */
  began_at: number;
}

/** A stretch during which a job is in trouble; opens once, closes once. */
export interface Incident {
  id: string;
  /** Null for system incidents. */
  job_id: string | null;
  job_name: string | null;
  /** `job`, or what is wrong with Cronflow itself. */
  kind: 'job' | 'config' | 'outage' | 'store' | 'notifier';
  opened_at: number;
  closed_at: number | null;
  /** Why it opened, corrected when a late report shows another cause. */
  reason: Reason;
  /** The run or history row whose outcome opened it; null where that turned out to be no trouble. */
  opened_by_run_id: string | null;
  /** When the run that opened it had started, or its slot: a row of history may stand for later slots, too. */
  opened_by_began_at?: number;
  close_reason: CloseReason | null;
  /** Kinds of trouble in it now: a `missed` that turned out to be a failure is in it no more. */
  kinds: BadKind[];
  bad_count: number;
  /** The latest outcomes in it, oldest first. */
  outcomes: IncidentOutcome[];
  /** The newest bad run's start or slot, 0 when none is left: a recovery must not have started before it. */
  newest_bad_at: number;
  /** Good runs in a row that count towards recovery. */
  good_run_ids: string[];
  /** Notifiers owed an `opened` delivery so far: exactly those are owed the closing. */
  told: string[];
  /** When the next reminder falls due; it comes once nothing keeps it back: an acknowledgement, maintenance, a gap. */
  next_reminder_at: number | null;
  reminder_count: number;
  /** When it is told of, if it goes on until after maintenance; null when nothing holds it back. */
  announce_at: number | null;
  /** What lay in maintenance and so is held back until then; absent where nothing ever was. */
  held_instants?: readonly number[];
  acknowledged_until_at: number | null;
  /** Of a system incident: what is wrong, in full. */
  detail?: string;
  /**
   * Of a system incident: what makes up its detail, and all that ever did while there was such trouble: nobody is told
   * of any of it again. Absent where the detail is one thing.
   */
  causes?: readonly string[];
  /** Of a `notifier` incident: the name of the notifier. */
  subject?: string;
}

export type DeliveryKind = 'opened' | 'reminder' | 'closed' | 'closed_silently';

/** What a message needs to know, frozen when it became owed. */
export interface DeliveryFacts {
  job_name: string | null;
  outcome: Outcome | null;
  reason: Reason;
  /** When it happened. */
  at: number;
  run_id: string | null;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  duration_ms: number | null;
  expected_at: number | null;
  deadline_at: number | null;
  /** Bad outcomes in a row, this one included. */
  bad_count: number;
  last_success_at: number | null;
  next_slot_at: number | null;
  incident_opened_at: number;
  /** For system incidents and anything the other fields cannot say. */
  detail: string | null;
  /** What to do about it, where more is known than its reason says. */
  advice?: string;
}

/** What became of a delivery, or that it is still owed. */
export const DELIVERY_STATUSES = ['pending', 'sent', 'logged', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One message owed to one notifier about one incident; lives in the outbox until sent. */
export interface Delivery {
  /** Stable, so that a receiver can tell a repeat: `INCIDENT_ID.NOTIFIER.KIND[.N]`. */
  id: string;
  job_id: string | null;
  incident_id: string;
  notifier: string;
  kind: DeliveryKind;
  created_at: number;
  /**
   * `logged`: only Cronflow's own log has the message, and nobody was told. What an earlier version logged is kept as
   * `sent`.
   */
  status: DeliveryStatus;
  /** Attempts made so far. */
  attempts: number;
  /** Not before this instant. */
  next_attempt_at: number;
  /** When it was sent, logged or given up. */
  finished_at: number | null;
  last_error: string | null;
  /** Others, of the same notifier, that the message of this one tells of, too (docs/design.md §7, Storms). */
  merged_ids?: readonly string[];
  /** The delivery whose message tells of this one. */
  merged_into?: string;
  /** It was given up before, and was owed anew when the notifier took messages again. */
  redelivered?: true;
  /** What the receiver calls the message, where it said so; for later messages about the incident. */
  receipt?: string;
  facts: DeliveryFacts;
}

/** Where a declaration stands, for messages and for the 409 of an API that may not change it. */
export interface Place {
  file: string;
  line: number;
}

/** A job as stored: what was declared, by whom, and its state. */
export interface Job {
  id: string;
  name: string;
  source: 'file' | 'api';
  /** Only for `file` jobs. */
  place: Place | null;
  /** As it was written, without defaults; what `PATCH` changes and defaults are applied to again. */
  declared: Declaration;
  /** `declared` with the defaults filled in: what counts. */
  declaration: Declaration;
  created_at: number;
  updated_at: number;
  /** Set when the job left the file or was deleted; its history is kept 30 days. */
  removed_at: number | null;
  /** Names it had, the latest last; for 30 days pings under them count for it. Absent when it had no other. */
  renamed?: readonly { from: string; at: number }[];
  state: JobState;
}
