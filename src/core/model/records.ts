/**
 * The records Cronflow keeps. They are stored as JSON, so their keys are snake_case; every `*_at` is an
 * instant in milliseconds since the Unix epoch (ISO 8601 UTC on the wire), every `*_ms` a duration.
 */
import type { Declaration } from './declaration.ts';
import type {
  BadKind,
  CloseReason,
  Outcome,
  PingKind,
  Reason,
  RunOutcome,
  SlotOutcome,
  Status,
  SystemReason,
} from './reasons.ts';

/** One HTTP signal from a job, as the server understood it. */
export interface Ping {
  kind: PingKind;
  received_at: number;
  /** The age of the event by the client's own clock; 0 to 7 days. */
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
  /** Names, for people, the part that tells how the run did and that nobody can read; absent where all is read. */
  unreadable?: string;
}

/** One row of the history of a job, told apart by `kind`. */
export type Row = Run | SlotsRow | SkipRow;

/** A row that pings made, so that a ping may belong to it. */
export type PingedRow = Run | SkipRow;

interface AnyRow {
  /** Unique: `JOB_ID-NUMBER`. */
  id: string;
  job_id: string;
  /** Counts the rows of the job in the order in which Cronflow learned of them. A correction may date them otherwise. */
  number: number;
  reason: Reason;
}

/** One execution. */
export interface Run extends AnyRow {
  kind: 'run';
  rid: string | null;
  /** The slot that it claimed; null for an unscheduled run. */
  slot_at: number | null;
  /** True if it claimed its slot after the slot had been given up. */
  late: boolean;
  /** Null where only its end is known. */
  started_at: number | null;
  /** True once its start ping has come. An end may overtake that ping, and it may come twice. */
  start_received: boolean;
  /** The row of a slot given up earlier, which this run's outcome will replace. */
  replaces_run_id: string | null;
  /** The outcome of that slot until then. The row of the slot may be trimmed from the history before this run ends. */
  replaces_outcome?: UnclaimedSlot['outcome'];
  /** Null while the run is open. */
  ended_at: number | null;
  /**
   * Orders the ends: the highest number that another row of the job had when this run ended; null while it is open. The
   * history keeps what ended last, else a run that hung for long would be gone with the timeout itself.
   */
  ended_after_number: number | null;
  duration_ms: number | null;
  /** The instant at which the run ends as `timeout` if nothing is heard; null once it has ended. */
  limit_at: number | null;
  /** No limit falls before this, whatever `max_runtime` becomes: its start arrived late, or the limit was changed. */
  limit_at_min?: number;
  /** Null while the run is open. */
  outcome: RunOutcome | null;
  /** Says, for people, what was expected of it and is not so; null where the reason says it all. */
  detail: string | null;
  /** The end that a run reported which had failed by starting, `overlap`. It counts if nothing was open after all. */
  own_end?: { outcome: RunOutcome; reason: Reason; detail: string | null };
  /** False for what was recorded while paused: it does not count. */
  counted: boolean;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  /** Bytes of output kept in the store; 0 for none. */
  output_bytes: number;
  output_dropped_bytes: number;
}

/** Slots in a row that ended without a run, with the same outcome for the same reason. */
export interface SlotsRow extends AnyRow {
  kind: 'slots';
  /** The number of the slots. */
  count: number;
  first_slot_at: number;
  /** The latest of the slots. */
  slot_at: number;
  /** The latest slots, oldest first, as many as a run may still claim; absent where there is one. */
  latest_slots_at?: readonly number[];
  /** The instant at which the latest of them ended. */
  ended_at: number;
  outcome: SlotOutcome;
}

/** A `skip`: the wrapper found the job's lock taken. Nothing ran. */
export interface SkipRow extends AnyRow {
  kind: 'skip';
  rid: string | null;
  host: string | null;
  /** The slot that it settled, if any. */
  slot_at: number | null;
  /** The instant of the ping. */
  ended_at: number;
  /** A failure where the lock is stuck. */
  outcome: 'skipped' | 'failure';
  /** False for what was recorded while paused: it does not count. */
  counted: boolean;
  /** Bytes of output kept in the store; 0 for none. */
  output_bytes: number;
  output_dropped_bytes: number;
}

/** The part that is kept of a run which a short history has let go, so that its pings are known when they come again. */
export interface RememberedRun {
  rid: string;
  run_id: string;
  started_at: number | null;
  /** True if its end was reported. False if the run was given up. */
  is_ended: boolean;
  /** The instant at which it ended or was given up; absent where an older version noted it. */
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
  /** The same as in the ping; absent where all of it was read. */
  unreadable?: string;
}

/** A bad outcome that still counts: none good has come since. */
export interface BadOutcome {
  run_id: string;
  kind: BadKind;
  reason: Reason;
  /** The instant at which it happened. */
  at: number;
  /** The start of the run, or its slot. A recovery must not have begun before it. */
  began_at: number;
}

/** A slot that ended `missed` or `unknown`, which a late report or a rerun may still claim. */
export interface UnclaimedSlot {
  at: number;
  outcome: 'missed' | 'unknown';
  /** The history row that stands for it. */
  run_id: string;
}

/** The part of a job that the core keeps beside its runs and incident. It is small, as every commit writes it. */
export interface JobState {
  status: Status;
  /** The oldest slot not yet settled; null when none is expected. */
  expected_at: number | null;
  /** The instant from which an interval expects runs: the declaration, a change of it, or the end of a pause. */
  expected_from_at?: number;
  /** A spec change moves no deadline before this instant; 0 when it does not matter. */
  deadline_at_min: number;
  /** The one instant at which time alone could change this state; null when never. */
  due_at: number | null;
  /** True once any ping was received. */
  seen: boolean;
  paused_by_api: boolean;
  /** The instant at which the pause of the API ends by itself; absent where it does not. */
  paused_until_at?: number;
  /** The instant up to which everything due has been applied. */
  settled_at: number;
  /** The number of the newest row. */
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
  /** No sequence of skips begins before this instant, because a run was heard of then, or a pause ended. */
  skips_from_at?: number;
  /** The latest runs with a run id, oldest first, where `keep_runs` is too short for them to be found in the history. */
  remembered?: RememberedRun[];
  /**
   * The time from each of the last ten claimed slots to its claim, oldest first. A gap that begins later can
   * not have hidden the run. Absent until a slot was claimed.
   */
  claim_delays_ms?: readonly number[];
  /**
   * How many missed slots in a row had a run after all that sent only its end, and the longest time from a slot to
   * that end. Absent where the latest slot had no such run.
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
  /** The start of the run, or its slot. */
  began_at: number;
}

/** The part of an incident that is the same for a job and for Cronflow itself. */
interface IncidentBase {
  id: string;
  opened_at: number;
  closed_at: number | null;
  close_reason: CloseReason | null;
  /** Notifiers owed an `opened` delivery so far: exactly those are owed the closing. */
  told: string[];
  /** The instant at which the next reminder falls due. An acknowledgement, maintenance or a gap keeps it back. */
  next_reminder_at: number | null;
  reminder_count: number;
  acknowledged_until_at: number | null;
}

/** A stretch during which a job is in trouble; opens once, closes once. */
export interface JobIncident extends IncidentBase {
  kind: 'job';
  job_id: string;
  job_name: string;
  /** The reason for which it opened. A late report that shows another cause corrects it. */
  reason: Reason;
  /** The run or history row whose outcome opened it; null where that turned out to be no trouble. */
  opened_by_run_id: string | null;
  /** The start of the run that opened it, or its slot. The run id alone may stand for later slots, too. */
  opened_by_began_at?: number;
  /** Kinds of trouble in it now: a `missed` that turned out to be a failure is in it no more. */
  kinds: BadKind[];
  bad_count: number;
  /** The latest outcomes in it, oldest first. */
  outcomes: IncidentOutcome[];
  /** The newest bad run's start or slot, 0 when none is left: a recovery must not have started before it. */
  newest_bad_at: number;
  /** Good runs in a row that count towards recovery. */
  good_run_ids: string[];
  /** The instant at which it is told, if it goes on until after maintenance; null when nothing holds it back. */
  announce_at: number | null;
  /** The instants in maintenance because of which it is held back until `announce_at`; absent where none ever was. */
  held_instants?: readonly number[];
}

/** The part of an incident that is the same for all trouble of Cronflow itself. */
interface SystemIncidentBase extends IncidentBase {
  reason: SystemReason;
  /** A full account of what is wrong. */
  detail: string;
  /**
   * The parts of the detail, and all that were parts while there was such trouble. Nobody is told of any of it again.
   * Absent where the detail is one thing.
   */
  causes?: readonly string[];
}

/** A notifier loses messages or cannot be reached. Several may fail at a time. */
export interface NotifierIncident extends SystemIncidentBase {
  kind: 'notifier';
  /** The name of the notifier. */
  subject: string;
}

/** Any other trouble of Cronflow itself, of which there is one of a kind at a time. */
export interface ServiceIncident extends SystemIncidentBase {
  kind: 'config' | 'outage' | 'store';
}

/** A stretch during which Cronflow itself is in trouble. It belongs to no job. */
export type SystemIncident = NotifierIncident | ServiceIncident;

export type Incident = JobIncident | SystemIncident;

/** All kinds of incidents. */
export const INCIDENT_KINDS: readonly Incident['kind'][] = ['job', 'config', 'outage', 'store', 'notifier'];

export type DeliveryKind = 'opened' | 'reminder' | 'closed' | 'closed_silently';

/** The facts that every message needs, frozen when it became owed. */
interface FactsBase {
  /** The instant at which it happened. */
  at: number;
  incident_opened_at: number;
  /** Says, for people, what the other fields cannot say. */
  detail: string | null;
}

/** The facts of a message about a job. */
export interface JobFacts extends FactsBase {
  job_name: string;
  outcome: Outcome | null;
  reason: Reason;
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
  /** Says what to do about it, where more is known than its reason says. */
  advice?: string;
}

/** The facts of a message about Cronflow itself. */
export interface SystemFacts extends FactsBase {
  /** Tells these facts from those of a job. */
  job_name: null;
  reason: SystemReason;
}

export type DeliveryFacts = JobFacts | SystemFacts;

/** The states of a delivery: still owed, or how it ended. */
export const DELIVERY_STATUSES = ['pending', 'sent', 'logged', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The part of a delivery that is the same for a job and for Cronflow itself. */
interface DeliveryBase {
  /** Stable, so that a receiver can tell a repeat: `INCIDENT_ID.NOTIFIER.KIND[.N]`. */
  id: string;
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
  /** The instant at which it was sent, logged or given up. */
  finished_at: number | null;
  last_error: string | null;
  /** Other deliveries to the same notifier of which this message tells, too (docs/design.md §7, Storms). */
  merged_ids?: readonly string[];
  /** The delivery whose message tells of this one. */
  merged_into?: string;
  /** True if the delivery was given up, and is owed anew since its notifier takes messages again. */
  redelivered?: true;
  /** The name that the receiver gave the message, where it gave one; for later messages about the incident. */
  receipt?: string;
  /** The instant of its first attempt, which failed; absent before that, and once it is finished. */
  failing_from_at?: number;
  /** Instances that cannot send it, while others may; absent once it is finished (docs/design.md §6). */
  refused?: readonly Refusal[];
}

/** Says why one of the instances that share a store cannot send a message. */
export interface Refusal {
  /** Names the instance. */
  by: string;
  /** The instant of its attempt. */
  at: number;
  /** The answer of the receiver, or the reason why the instance only logged the message. */
  why: string;
  /** Set where the instance has no address for it. */
  is_logged?: true;
}

/** A message owed about the trouble of a job. */
export interface JobDelivery extends DeliveryBase {
  job_id: string;
  facts: JobFacts;
}

/** A message owed about trouble of Cronflow itself. */
export interface SystemDelivery extends DeliveryBase {
  /** Tells this delivery from that of a job. */
  job_id: null;
  facts: SystemFacts;
}

/** One message owed to one notifier about one incident; lives in the outbox until sent. */
export type Delivery = JobDelivery | SystemDelivery;

/** The place of a declaration, for messages and for the 409 of an API that may not change it. */
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
  /** The declaration as it was written, without defaults. `PATCH` changes it, and defaults are applied to it again. */
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
