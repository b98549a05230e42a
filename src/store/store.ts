import type { Day, Tally } from '../core/model/daily.ts';
import type { LoggedEvent } from '../core/model/event.ts';
import type { Status } from '../core/model/reasons.ts';
import type { Delivery, Incident, Job, Run } from '../core/model/records.ts';
import type { Runs } from '../core/model/runs.ts';

/** Which jobs a transaction may read and change. PostgreSQL locks exactly these rows. */
export interface Scope {
  names?: readonly string[];
  ids?: readonly string[];
  /** Deliveries to be finished or postponed, by id. */
  delivery_ids?: readonly string[];
  /** Incidents that belong to no loaded job, by id. */
  incident_ids?: readonly string[];
  /** Load every job: configuration changes, liveness gaps, housekeeping. */
  all?: boolean;
}

/** A run's output: its last bytes as text, and how much came before them. */
export interface Output {
  text: string;
  dropped_bytes: number;
}

/** Small named JSON values that belong to no job: the applied configuration, liveness. */
export type MetaValue = unknown;

/**
 * One transaction's view: what its scope loaded, with its own writes on top. Everything is synchronous;
 * records read from it must not be mutated, changed copies are put back. Removed jobs are visible, so that a
 * revert restores them. Reading or changing what the scope does not cover throws, for it was not locked; a
 * job covers its runs, days, incidents and deliveries.
 */
export interface Tx {
  jobByName(name: string): Job | undefined;
  jobById(id: string): Job | undefined;
  /** Every job, removed ones included; only with `all`. */
  jobs(): Job[];
  /**
   * All open runs of the job and the settled ones that ended last, at most LIMITS.recentRunsMax. As of now: what
   * is written later need not show.
   */
  runsOf(jobId: string): Runs;
  openIncidentOf(jobId: string): Incident | undefined;
  /** System incidents are in every scope. */
  incident(id: string): Incident | undefined;
  /** Open incidents of no job. */
  openSystemIncidents(): Incident[];
  delivery(id: string): Delivery | undefined;
  /** Undefined when there is none. */
  meta(key: string): MetaValue;

  /** @throws CronflowError `name_taken` when another stored job, removed or not, has the name */
  putJob(job: Job): void;
  /** Removes the job with all its runs, days, incidents and deliveries. */
  deleteJob(id: string): void;
  /**
   * Of a job's settled runs the `keep_runs` that ended last stay, by `run_count_at_end` or else by number; open
   * runs always do.
   */
  putRun(run: Run): void;
  deleteRun(id: string): void;
  /** Changes a job's daily figures; a day of which nothing is left goes. */
  tally(jobId: string, tallies: readonly Tally[]): void;
  deleteDay(jobId: string, date: string): void;
  putIncident(incident: Incident): void;
  deleteIncident(id: string): void;
  putDelivery(delivery: Delivery): void;
  deleteDelivery(id: string): void;
  putOutput(jobId: string, runId: string, output: Output): void;
  /** Undefined removes the key. */
  putMeta(key: string, value: MetaValue): void;
  /** Adds an event to the log of commits; it changes nothing by itself. */
  logEvent(jobId: string, event: LoggedEvent): void;

  /**
   * Runs `fn` so that, if it throws, none of what it wrote stays. Other writes of the transaction do.
   */
  attempt<T>(fn: () => T): T;
}

export interface JobFilter {
  skip: number;
  limit: number;
  status?: Status;
  /** Whether it has an open incident. */
  incident?: 'open' | 'none';
  tag?: string;
  group?: string;
  /** Case-insensitive part of the name or description. */
  q?: string;
}

export interface DeliveryFilter {
  skip: number;
  limit: number;
  status?: Delivery['status'];
  /** Its name. */
  notifier?: string;
}

/** What is kept of deliveries to one notifier. */
export interface DeliveryCounts extends Record<Delivery['status'], number> {
  notifier: string;
  /** Since when the longest owed of the pending ones is owed; null when none is pending. */
  oldest_pending_at: number | null;
}

export interface Page<T> {
  items: T[];
  total: number;
}

/** What became of the store; `failing` means that commits are refused but may work again. */
export type StoreHealth = { ok: true } | { ok: false; detail: string };

export interface ClaimOptions {
  now_at: number;
  lease_ms: number;
  /** The most for each notifier. */
  limit: number;
  /** The most for these, by name. */
  limits?: ReadonlyMap<string, number>;
}

/**
 * The store (docs/design.md §6). Reads answer what is durable: never a change that could still be lost.
 * Removed jobs (`removed_at`) are hidden from `jobByName`, `listJobs` and the due index, not from `jobById`
 * or `Tx`; they keep their names.
 */
export interface Store {
  /** Opens, recovers and locks; throws a CronflowError that says how to recover. */
  open(): Promise<void>;
  /** Waits for running transactions, writes what is needed for a fast start, releases the lock. */
  close(): Promise<void>;

  /**
   * Runs `fn` on a view of `scope` and commits what it wrote, all of it or nothing. Transactions run one
   * after another in the order of the calls. Resolves once the changes are durable. If `fn` throws,
   * nothing changes and the promise rejects with its error.
   * @throws CronflowError `store_unavailable` when the changes could not be made durable; nothing changed
   */
  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T>;

  jobByName(name: string): Promise<Job | undefined>;
  jobById(id: string): Promise<Job | undefined>;
  /** Ordered by name, as code units compare. */
  listJobs(filter: JobFilter): Promise<Page<Job>>;
  /** Highest number first. */
  runsOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Run>>;
  run(jobId: string, runId: string): Promise<Run | undefined>;
  output(jobId: string, runId: string): Promise<Output | undefined>;
  /** The latest date first. */
  daysOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Day>>;
  /** Days of any jobs from before a date, for housekeeping; at most `limit`. */
  daysBefore(date: string, limit: number): Promise<Day[]>;
  openIncidentOf(jobId: string): Promise<Incident | undefined>;
  /** Those put first come last. */
  incidents(filter: {
    job_id?: string;
    open?: boolean;
    skip: number;
    limit: number;
  }): Promise<Page<Incident>>;
  incident(id: string): Promise<Incident | undefined>;
  /** Those put first come last. */
  deliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** How many deliveries are kept for each notifier that has any, by name. */
  deliveryCounts(): Promise<DeliveryCounts[]>;
  /** Undefined when there is none. */
  meta(key: string): Promise<MetaValue>;

  /** The earliest `due_at` of any job; null when none. */
  earliestDueAt(): Promise<number | null>;
  /** Ids of jobs with `due_at <= now_at`, earliest first, then by id. */
  dueJobIds(nowAt: number, limit: number): Promise<string[]>;

  /**
   * Claims pending deliveries whose `next_attempt_at` has come, for `leaseMs`. Only the oldest unfinished
   * delivery of each job (or system incident) and notifier can be claimed, so `closed` never overtakes
   * `opened`; one that is leased holds back those behind it. So does one that is merged into another
   * (`merged_into`) for as long as that one is pending: it is not claimed itself. A lease ends when the delivery
   * is put again, but for merging others into it or taking them out, or when time is up. Oldest is what was put first.
   */
  claimDeliveries(claim: ClaimOptions): Promise<Delivery[]>;
  /**
   * When `claimDeliveries` should next be tried; null when nothing is pending.
   * @param except notifiers that are not asked about
   */
  earliestDeliveryAt(except?: ReadonlySet<string>): Promise<number | null>;

  /** Failing from the first commit that was refused until what was refused would be taken. */
  health(): StoreHealth;
}
