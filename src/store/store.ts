import type { AuditRecord } from '../core/model/audit.ts';
import type { Day, Tally } from '../core/model/daily.ts';
import type { LoggedEvent } from '../core/model/event.ts';
import type { Outcome, Status } from '../core/model/reasons.ts';
import type {
  Delivery,
  Incident,
  Job,
  JobIncident,
  JobState,
  Row,
  SystemIncident,
} from '../core/model/records.ts';
import type { Runs } from '../core/model/runs.ts';

/**
 * Names everything that a transaction reads and changes. Whatever it does not name cannot be touched: reading or
 * changing it throws. A job brings along its runs, days, incidents and deliveries. A store that several instances share
 * locks exactly what is named.
 */
export interface Scope {
  names?: readonly string[];
  ids?: readonly string[];
  /**
   * The jobs with `due_at <= now_at`, the earliest first, then by id; `Tx.due` lists them. Instances that ask at the
   * same time are given different ones.
   */
  due?: { now_at: number; limit: number; except?: ReadonlySet<string> };
  /** What of the history of these jobs is needed; see `RunsNeeded`. */
  runs?: RunsNeeded;
  /** The ids of deliveries to be finished or postponed. */
  delivery_ids?: readonly string[];
  /** The ids of incidents that belong to no job that is named, and of system incidents that have closed. */
  incident_ids?: readonly string[];
  /** Names the open system incidents, and new ones with their deliveries. */
  system_incidents?: boolean;
  /** The ids of entries of the audit log that are deleted. A new entry needs no scope. */
  audit_ids?: readonly string[];
  /** The keys of meta values. */
  meta?: readonly string[];
  /**
   * The lease under which the deliveries of a lane are changed.
   * @throws CronflowError `lease_lost` from the transaction when another instance holds the lane by now
   */
  lane?: LaneLease;
  /** Names every job and everything else, for a change of the configuration or of time that all jobs are told of. */
  all?: boolean;
  /**
   * Has the transaction refused where a ping would be, whatever it writes itself. A sign of life says that pings can be
   * taken, and a database may refuse them alone, as while somebody has locked one of its tables.
   */
  like_ping?: boolean;
}

/**
 * What of the history of each named job is loaded at once. That is always its open runs, its newest row and its newest
 * anonymous one. A function that asks for more is run again with the runs that ended last; so a ping loads no history,
 * and nothing goes wrong where one needs it after all.
 */
export interface RunsNeeded {
  /** Run ids of clients, whose newest rows are loaded. */
  rids?: readonly string[];
  /** Loads the settled runs that ended last, at most LIMITS.recentRunsMax. */
  recent?: boolean;
  /**
   * Loads these runs of the jobs of which one of them ended `unknown`, and says of other jobs that they have none but
   * those that are always loaded. It is for views that look for such runs among all jobs.
   */
  unknown?: boolean;
  /** Says that nothing ends in nearly all cases. So the figures of days, to which ends are added, are not loaded. */
  begins?: boolean;
}

/** The output of a run: its last bytes as text, and the number of bytes that came before them and were not kept. */
export interface Output {
  text: string;
  dropped_bytes: number;
}

/** A small named JSON value that belongs to no job, such as the applied configuration or liveness. */
export type MetaValue = unknown;

/**
 * The records that a scope named, as one instant shows them. Everything is synchronous. Records read from it must not be
 * mutated; a changed copy is put back instead. Removed jobs are visible, so that a revert restores them.
 */
export interface View {
  jobByName(name: string): Job | undefined;
  jobById(id: string): Job | undefined;
  /** Returns every job, also removed ones. The scope must have `all`. */
  jobs(): Job[];
  /** Lists the ids of the jobs that `Scope.due` found when the transaction began. */
  due(): readonly string[];
  /**
   * Returns all open runs of the job and the settled ones that ended last, at most LIMITS.recentRunsMax. They are the
   * runs as of now, and later writes need not show in them.
   */
  runsOf(jobId: string): Runs;
  openIncidentOf(jobId: string): JobIncident | undefined;
  incident(id: string): Incident | undefined;
  /** Returns the open incidents that belong to no job. */
  openSystemIncidents(): SystemIncident[];
  delivery(id: string): Delivery | undefined;
  /** Returns undefined when there is no value of this name. */
  meta(key: string): MetaValue;
}

/** A view with the writes of its own transaction on top. */
export interface Tx extends View {
  /**
   * Puts a job: what it declares and its state, which are two records.
   * @throws CronflowError `name_taken` when another stored job, removed or not, has the name
   */
  putJob(job: Job): void;
  /** Puts what a job lives through, and leaves alone what it declares. */
  putState(jobId: string, state: JobState): void;
  /** Removes the job with all its runs, days, incidents and deliveries. */
  deleteJob(id: string): void;
  /**
   * Puts a run. The `keep_runs` settled runs of the job that ended last stay, in the order of their ends (docs/design.md §3.5).
   * Open runs always stay.
   */
  putRun(run: Row): void;
  deleteRun(id: string): void;
  /** Changes the daily figures of a job. A day whose figures are all gone is removed. */
  tally(jobId: string, tallies: readonly Tally[]): void;
  deleteDay(jobId: string, date: string): void;
  putIncident(incident: Incident): void;
  deleteIncident(id: string): void;
  putDelivery(delivery: Delivery): void;
  deleteDelivery(id: string): void;
  /**
   * Puts the output of a run. Where the store cannot keep the text, the commit goes through without it, and the run says
   * so: its `output_bytes` are 0, and its `output_dropped_bytes` count the text, too.
   */
  putOutput(jobId: string, runId: string, output: Output): void;
  /** Adds an entry to the audit log, whatever the scope is. The newest AUDIT_RECORDS_MAX stay. */
  putAudit(record: AuditRecord): void;
  deleteAudit(id: string): void;
  /** Puts a value; the value undefined removes the key. */
  putMeta(key: string, value: MetaValue): void;
  /** Adds an event to the log of commits. The event changes nothing by itself. */
  logEvent(jobId: string, event: LoggedEvent): void;

  /** Runs `fn`. If it throws, none of its writes stays, and the other writes of the transaction do. */
  attempt<T>(fn: () => T): T;
}

export interface JobFilter {
  skip: number;
  limit: number;
  /** Goes on after the job of this name. The total counts those before it, too. */
  after?: string;
  status?: Status;
  /** Selects jobs by whether they have an open incident. */
  incident?: 'open' | 'none';
  tag?: string;
  group?: string;
  /** Selects jobs whose name or description contains this text, in any case. */
  q?: string;
}

/** Says which rows of a history are asked for. */
export interface RowSelection {
  /** `open` selects runs that have not ended. */
  outcome?: Outcome | 'open';
  host?: string;
  /** Selects rows that stand for this instant or a later one. One that stands for several slots goes by the last. */
  since_at?: number;
  /** Selects rows that stand for an earlier instant. One that stands for several slots goes by the first. */
  until_at?: number;
}

export interface RunFilter extends RowSelection {
  skip: number;
  limit: number;
  /** Goes on after the row with this number. The total counts those before it, too. */
  after?: number;
}

/** The place of a row among those of all jobs. It stays the same while the row is kept, but for corrections. */
export interface RunPlace {
  /** The instant of `beganAtOf`. */
  began_at: number;
  job_id: string;
  number: number;
}

export interface AllRunsFilter extends RowSelection {
  limit: number;
  job_id?: string;
  group?: string;
  tag?: string;
  after?: RunPlace;
}

/** A part of the rows of all jobs. */
export interface RunsStretch {
  /** At most as many as were asked for, and fewer where too few were found in the rows that one call looks at. */
  items: { job: Job; row: Row }[];
  /** The place after which to go on; null where there is nothing more. */
  next: RunPlace | null;
}

/** The place of a record in a list that is ordered by instants, newest first, and then by ids. */
export interface Place {
  at: number;
  id: string;
}

export interface DeliveryFilter {
  skip: number;
  limit: number;
  /** Goes on after the delivery at this place. The total counts those before it, too. */
  after?: Place;
  status?: Delivery['status'];
  /** The name of the notifier. */
  notifier?: string;
  incident_id?: string;
}

export interface IncidentFilter {
  skip: number;
  limit: number;
  job_id?: string;
  open?: boolean;
  /** Goes on after the incident at this place. The total counts those before it, too. */
  after?: Place;
}

export interface AuditFilter {
  skip: number;
  limit: number;
  /** Goes on after the entry at this place. The total counts those before it, too. */
  after?: Place;
  /** Selects entries of this instant or later. */
  since_at?: number;
  /** Selects entries from before this instant. */
  until_at?: number;
  /** The name of a token, or what made Cronflow read a file. */
  who?: string;
  /** The name of a job that was changed, as it was called then. */
  job?: string;
}

/** The deliveries to one notifier that are kept, counted by status. */
export interface DeliveryCounts extends Record<Delivery['status'], number> {
  notifier: string;
  /** The instant since when the oldest pending delivery is owed, or null when none is pending. */
  oldest_pending_at: number | null;
}

export interface Page<T> {
  items: T[];
  total: number;
}

/**
 * The health of the store. A store that is not `ok` refuses commits, or only the outputs in them, but may take them
 * again.
 */
export type StoreHealth = { ok: true } | { ok: false; refuses: 'commits' | 'outputs'; detail: string };

/** The detail of a store that refuses only outputs begins with these words. */
export const OUTPUTS_REFUSED = 'No output can be kept';

/** The right of one instance to send what is owed to one notifier. */
export interface LaneLease {
  notifier: string;
  owner: string;
  /** Grows whenever the lane passes to another owner, so that a lease which was lost stays lost. */
  token: number;
}

/** What the holder of a lane leaves to the next one, such as its pace and its storm; any JSON. */
export type LaneNote = unknown;

/** Deliveries of one lane that were claimed. */
export interface ClaimedLane {
  lease: LaneLease;
  /** What the last holder left; undefined where there is nothing, and for a lane that the owner held all along. */
  note: LaneNote;
  /** The oldest of each line whose instant has come, the one that is longest due first. */
  deliveries: Delivery[];
}

export interface ClaimOptions {
  /** Names the instance. No two that run have the same name. */
  owner: string;
  now_at: number;
  lease_ms: number;
  /** The greatest number of deliveries for each notifier. */
  limit: number;
  /** The greatest number for the notifiers named here, in place of `limit`. */
  limits?: ReadonlyMap<string, number>;
  /** Notes about lanes that the owner holds. They are kept for as long as leases are. */
  notes?: ReadonlyMap<string, LaneNote>;
}

/** The meta key of the last sign of life of each instance, where several share a store. */
export const INSTANCES_KEY = 'instances';
/** The meta key of the sessions of browsers, where instances share a store. */
export const SESSIONS_KEY = 'sessions';
/** The meta key of the end of the last time in which the store failed, where instances share one. */
export const STORE_MENDED_KEY = 'store_mended';
/** The meta key of who applies a configuration in several commits, where instances share a store. */
export const APPLYING_KEY = 'applying';
/** The meta key of what happened to time itself, of which all jobs are being told in several commits. */
export const TIME_EVENTS_KEY = 'time_events';
/** Values that change often and say nothing of a job, so that no store keeps what they were. */
export const PASSING_KEYS: ReadonlySet<string> = new Set([
  INSTANCES_KEY,
  SESSIONS_KEY,
  STORE_MENDED_KEY,
  APPLYING_KEY,
  TIME_EVENTS_KEY,
]);

/** The meta key of the applied configuration, of whose changes `watch` tells. */
export const CONFIGURATION_KEY = 'configuration';

/**
 * A change that was committed. It says what to look at again, and not all that has become of it. `fresh` says that
 * anything may have changed, since it is not known any more what did.
 */
export type Change =
  | { type: 'fresh' }
  | { type: 'job'; id: string; name: string; due_at: number | null }
  | { type: 'run'; id: string; job_id: string }
  | { type: 'incident'; id: string; job_id: string | null; is_open: boolean }
  | { type: 'delivery'; id: string; notifier: string; status: Delivery['status'] }
  | { type: 'deleted'; of: 'job' | 'run' | 'incident' | 'delivery'; id: string }
  | { type: 'configuration' };

/** Bounds a read of the past, because a log is long and pings go first. */
export interface PastLimits {
  bytes_max: number;
  ms_max: number;
}

/** The records of one job as they were at one instant. */
export interface PastRecords {
  job: Job;
  /** The runs that were kept, oldest first. */
  runs: readonly Row[];
  /** The incident that was open. */
  incident: JobIncident | null;
  /** Returns a meta value of that instant, such as the settings that complete a spec. */
  meta(key: string): MetaValue;
}

/** The past of one job: its records at one instant, and every event of it since (docs/design.md §3.5). */
export interface Past {
  /** The instant at which the log begins. Of what was before, only the records are known. */
  log_from_at: number;
  /** The instant as of which `begin` is. */
  begin_at: number;
  /** The records of the job then; null where it was not stored yet. */
  begin: PastRecords | null;
  /**
   * Reads the events since then in the order of their commits, as they are asked for, up to what is durable now.
   * @throws CronflowError `overloaded` beyond the limits
   */
  events(): AsyncIterable<PastEvent>;
}

export interface PastEvent {
  /** The instant of its commit. */
  at: number;
  event: LoggedEvent;
}

/** Is told of the changes of one commit. What it promises is not waited for. */
export type ChangeListener = (changes: readonly Change[]) => void | Promise<void>;

/**
 * The store (docs/design.md §6). Reads return only durable records, never a change that could still be lost. Removed
 * jobs (`removed_at`) are hidden from `jobByName`, `listJobs` and the due index, but not from `jobById` or `Tx`, and
 * they keep their names.
 */
export interface Store {
  /**
   * Tells whether several instances may use what this store keeps at the same time, as with a database. Absent for a
   * store that one process holds.
   */
  readonly isShared?: boolean;
  /**
   * A word that stands in the store for as long as this instance is connected to it, so that others know of its death
   * at once. It is null, or absent, where the store cannot tell that, or not at present.
   */
  readonly presence?: string | null;
  /**
   * Returns those of these words that stand no more: the instance has ended, or its connection broke. Absent where the
   * store knows no such words.
   */
  absent?(presences: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Opens, recovers and locks the store.
   * @throws CronflowError that says how to recover
   */
  open(): Promise<void>;
  /** Waits for running transactions, writes what a fast start needs, and releases the lock. */
  close(): Promise<void>;

  /**
   * Runs `fn` on the records of `scope` and commits its writes, all of them or none. The promise resolves once the
   * changes are durable. If `fn` throws, nothing changes and the promise rejects with its error.
   *
   * `fn` may run more than once: a store that is shared runs it again when another instance was faster, or when it asked
   * for more than was loaded. So it must have no effect but its writes and what it returns. It logs nothing, changes
   * nothing outside, and awaits nothing. Transactions of one process take effect one after another, in the order of the
   * calls.
   * @throws CronflowError `store_unavailable` when the changes could not be made durable; nothing changed
   */
  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T>;
  /**
   * Reads the records of `scope` as one instant shows them. It locks nothing and waits for no commit, and it sees only
   * what is durable. `read` may run more than once, too.
   */
  view<T>(scope: Scope, read: (view: View) => T): Promise<T>;
  /**
   * Tells the listener of what is committed from now on, after it is durable and after the commit was answered. No
   * listener can fail or delay a commit. Rows that leave the history by themselves are not told.
   * @returns a function that ends it
   */
  watch(listener: ChangeListener): () => void;

  jobByName(name: string): Promise<Job | undefined>;
  jobById(id: string): Promise<Job | undefined>;
  /** Lists jobs ordered by name, as code units compare. */
  listJobs(filter: JobFilter): Promise<Page<Job>>;
  /** Lists runs, those with the highest number first. */
  runsOf(jobId: string, filter: RunFilter): Promise<Page<Row>>;
  /**
   * Lists rows of all jobs that are not removed, those that began last first, then by the id of the job and the number.
   * The cost does not grow with the number of rows that are kept.
   */
  runs(filter: AllRunsFilter): Promise<RunsStretch>;
  /** Lists the rows of some jobs that stand for a slot in a stretch of time, in any order; `to_at` is no part of it. */
  slotRows(filter: { job_ids: readonly string[]; from_at: number; to_at: number }): Promise<Row[]>;
  run(jobId: string, runId: string): Promise<Row | undefined>;
  output(jobId: string, runId: string): Promise<Output | undefined>;
  /** Lists days, the latest date first. */
  daysOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Day>>;
  /** Lists days of any jobs from before a date, at most `limit`, for housekeeping. */
  daysBefore(date: string, limit: number): Promise<Day[]>;
  openIncidentOf(jobId: string): Promise<JobIncident | undefined>;
  /** Lists incidents, those that opened last first, then those with the greatest id. */
  incidents(filter: IncidentFilter): Promise<Page<Incident>>;
  incident(id: string): Promise<Incident | undefined>;
  /** Lists deliveries, those that became owed last first, then those with the greatest id. */
  deliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** Counts the deliveries that are kept for each notifier that has any, ordered by name. */
  deliveryCounts(): Promise<DeliveryCounts[]>;
  /** Lists entries of the audit log, the latest first. */
  audit(filter: AuditFilter): Promise<Page<AuditRecord>>;
  /** Lists the ids of entries of the audit log from before an instant, at most `limit`, for housekeeping. */
  auditIdsBefore(at: number, limit: number): Promise<string[]>;
  /** Returns undefined when there is no value of this name. */
  meta(key: string): Promise<MetaValue>;
  /**
   * Opens the log of commits for one job, at the latest records from before an instant from which its events can be
   * told, or where the log begins. It takes little of the process at a time, so that pings are not held up.
   * @throws CronflowError `overloaded` beyond the limits; `store_damaged` where the log does not check out;
   *   `ReadAgainError` where it was pruned while it was read, see `readAgain`
   */
  past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past>;

  /**
   * Returns the earliest `due_at` of any job, or null when no job has one.
   * @param except jobs that are not asked about, by their ids
   */
  earliestDueAt(except?: ReadonlySet<string>): Promise<number | null>;
  /** Lists the ids of jobs, also removed ones, in the order of these, as code units compare: those after an id, at most `limit`. */
  jobIdsAfter(id: string | null, limit: number): Promise<string[]>;
  /** Lists the ids of jobs that were removed, or gave up a name, before these instants, at most `limit`. */
  outdatedJobIds(before: { removed_at: number; renamed_at: number; limit: number }): Promise<string[]>;

  /**
   * Claims pending deliveries whose `next_attempt_at` has come, for `lease_ms`, and with them the lanes of their
   * notifiers. A lane belongs to one owner at a time, so that order, storms and pace do. Every claim renews the leases
   * of all lanes that the owner holds and to which something is owed. A lane of another owner is claimed only once its
   * lease is up. Then that owner can finish nothing any more, and the deliveries that it had claimed can be claimed at
   * once. Only the oldest unfinished delivery of
   * each job (or system incident) and notifier can be claimed, so that `closed` never overtakes `opened`. The oldest
   * delivery is the one that was put first. A leased delivery holds back those behind it. So does a delivery that is
   * merged into another (`merged_into`) while that one is pending, and it is not claimed itself. A lease ends when its
   * time is up, or when the delivery is put again for any reason but to merge others into it or to take them out.
   */
  claimDeliveries(claim: ClaimOptions): Promise<ClaimedLane[]>;
  /**
   * Gives up every lane of an owner, so that others go on at once.
   * @param only the one notifier whose lane is given up; absent, all are
   */
  leaveLanes(owner: string, notes: ReadonlyMap<string, LaneNote>, only?: string): Promise<void>;
  /**
   * Returns the instant at which the owner should next try `claimDeliveries`, or null when nothing is pending.
   * @param except notifiers that are not asked about
   */
  earliestDeliveryAt(owner: string, except?: ReadonlySet<string>): Promise<number | null>;

  /**
   * Reports the store as failing from the first commit or output that it refused, until a commit as large as the
   * refused one would be taken.
   */
  health(): StoreHealth;
}
