import type { Day, Tally } from '../core/model/daily.ts';
import type { LoggedEvent } from '../core/model/event.ts';
import type { Status } from '../core/model/reasons.ts';
import type { Delivery, Incident, Job, JobIncident, Row, SystemIncident } from '../core/model/records.ts';
import type { Runs } from '../core/model/runs.ts';

/** Names the jobs that a transaction may read and change. PostgreSQL locks exactly these rows. */
export interface Scope {
  names?: readonly string[];
  ids?: readonly string[];
  /** The ids of deliveries to be finished or postponed. */
  delivery_ids?: readonly string[];
  /** The ids of incidents that belong to no loaded job. */
  incident_ids?: readonly string[];
  /** Loads every job, for configuration changes, liveness gaps and housekeeping. */
  all?: boolean;
}

/** The output of a run: its last bytes as text, and the number of bytes that came before them and were not kept. */
export interface Output {
  text: string;
  dropped_bytes: number;
}

/** A small named JSON value that belongs to no job, such as the applied configuration or liveness. */
export type MetaValue = unknown;

/**
 * The view of one transaction: the records that its scope loaded, with its own writes on top. Everything is
 * synchronous. Records read from it must not be mutated; a changed copy is put back instead. Removed jobs are visible,
 * so that a revert restores them. Reading or changing a record that the scope does not cover throws, because the record
 * was not locked. A job covers its runs, days, incidents and deliveries.
 */
export interface Tx {
  jobByName(name: string): Job | undefined;
  jobById(id: string): Job | undefined;
  /** Returns every job, also removed ones. The scope must have `all`. */
  jobs(): Job[];
  /**
   * Returns all open runs of the job and the settled ones that ended last, at most LIMITS.recentRunsMax. They are the
   * runs as of now, and later writes need not show in them.
   */
  runsOf(jobId: string): Runs;
  openIncidentOf(jobId: string): JobIncident | undefined;
  /** Returns an incident; every scope covers system incidents. */
  incident(id: string): Incident | undefined;
  /** Returns the open incidents that belong to no job. */
  openSystemIncidents(): SystemIncident[];
  delivery(id: string): Delivery | undefined;
  /** Returns undefined when there is no value of this name. */
  meta(key: string): MetaValue;

  /** @throws CronflowError `name_taken` when another stored job, removed or not, has the name */
  putJob(job: Job): void;
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
  status?: Status;
  /** Selects jobs by whether they have an open incident. */
  incident?: 'open' | 'none';
  tag?: string;
  group?: string;
  /** Selects jobs whose name or description contains this text, in any case. */
  q?: string;
}

export interface DeliveryFilter {
  skip: number;
  limit: number;
  status?: Delivery['status'];
  /** The name of the notifier. */
  notifier?: string;
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

export interface ClaimOptions {
  now_at: number;
  lease_ms: number;
  /** The greatest number of deliveries for each notifier. */
  limit: number;
  /** The greatest number for the notifiers named here, in place of `limit`. */
  limits?: ReadonlyMap<string, number>;
}

/**
 * The store (docs/design.md §6). Reads return only durable records, never a change that could still be lost. Removed
 * jobs (`removed_at`) are hidden from `jobByName`, `listJobs` and the due index, but not from `jobById` or `Tx`, and
 * they keep their names.
 */
export interface Store {
  /**
   * Opens, recovers and locks the store.
   * @throws CronflowError that says how to recover
   */
  open(): Promise<void>;
  /** Waits for running transactions, writes what a fast start needs, and releases the lock. */
  close(): Promise<void>;

  /**
   * Runs `fn` on a view of `scope` and commits its writes, all of them or none. Transactions run one after another in
   * the order of the calls. The promise resolves once the changes are durable. If `fn` throws, nothing changes and the
   * promise rejects with its error.
   * @throws CronflowError `store_unavailable` when the changes could not be made durable; nothing changed
   */
  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T>;

  jobByName(name: string): Promise<Job | undefined>;
  jobById(id: string): Promise<Job | undefined>;
  /** Lists jobs ordered by name, as code units compare. */
  listJobs(filter: JobFilter): Promise<Page<Job>>;
  /** Lists runs, those with the highest number first. */
  runsOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Row>>;
  run(jobId: string, runId: string): Promise<Row | undefined>;
  output(jobId: string, runId: string): Promise<Output | undefined>;
  /** Lists days, the latest date first. */
  daysOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Day>>;
  /** Lists days of any jobs from before a date, at most `limit`, for housekeeping. */
  daysBefore(date: string, limit: number): Promise<Day[]>;
  openIncidentOf(jobId: string): Promise<JobIncident | undefined>;
  /** Lists incidents, those that were put last first. */
  incidents(filter: {
    job_id?: string;
    open?: boolean;
    skip: number;
    limit: number;
  }): Promise<Page<Incident>>;
  incident(id: string): Promise<Incident | undefined>;
  /** Lists deliveries, those that were put last first. */
  deliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** Counts the deliveries that are kept for each notifier that has any, ordered by name. */
  deliveryCounts(): Promise<DeliveryCounts[]>;
  /** Returns undefined when there is no value of this name. */
  meta(key: string): Promise<MetaValue>;

  /** Returns the earliest `due_at` of any job, or null when no job has one. */
  earliestDueAt(): Promise<number | null>;
  /** Lists the ids of jobs with `due_at <= now_at`, the earliest first, then by id. */
  dueJobIds(nowAt: number, limit: number): Promise<string[]>;

  /**
   * Claims pending deliveries whose `next_attempt_at` has come, for `lease_ms`. Only the oldest unfinished delivery of
   * each job (or system incident) and notifier can be claimed, so that `closed` never overtakes `opened`. The oldest
   * delivery is the one that was put first. A leased delivery holds back those behind it. So does a delivery that is
   * merged into another (`merged_into`) while that one is pending, and it is not claimed itself. A lease ends when its
   * time is up, or when the delivery is put again for any reason but to merge others into it or to take them out.
   */
  claimDeliveries(claim: ClaimOptions): Promise<Delivery[]>;
  /**
   * Returns the instant at which `claimDeliveries` should next be tried, or null when nothing is pending.
   * @param except notifiers that are not asked about
   */
  earliestDeliveryAt(except?: ReadonlySet<string>): Promise<number | null>;

  /**
   * Reports the store as failing from the first commit or output that it refused, until a commit as large as the
   * refused one would be taken.
   */
  health(): StoreHealth;
}
