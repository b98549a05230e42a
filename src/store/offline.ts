import type { LoggedEvent } from '../core/model/event.ts';
import type { Delivery, Job, JobIncident, Row } from '../core/model/records.ts';
import type { MetaValue, Past, PastLimits } from './store.ts';

/** What a store holds at one instant, for commands that read it without running it. */
export interface StoredState {
  /** Lists all jobs, also removed ones. */
  jobs(): Job[];
  jobById(id: string): Job | undefined;
  delivery(id: string): Delivery | undefined;
  /** Returns undefined when there is no value of this name. */
  meta(key: string): MetaValue;
}

/** What a store held at the beginning of its log. */
export interface LoggedState extends StoredState {
  /** Lists the runs of a job, oldest first. */
  runsOf(jobId: string): readonly Row[];
  openIncidentOf(jobId: string): JobIncident | undefined;
}

/** The part of a commit that the log keeps for replays (docs/design.md §3.5). */
export interface LoggedCommit {
  /** The instant of the commit. */
  at: number;
  events: readonly { job_id: string; event: LoggedEvent }[];
}

/** The past of a store: a state, and every commit since. */
export interface LoggedHistory {
  /** The instant at which the log begins, in milliseconds since the Unix epoch. */
  begin_at: number;
  /** All records as they were at that instant. */
  begin: LoggedState;
  /** Reads the commits since then, oldest first, as they are asked for. */
  commits(): AsyncIterable<LoggedCommit>;
}

/** A line of a dump: the header, a record, or the footer without which the dump is not whole. */
export type DumpLine =
  | { cronflow: 'dump'; schema_version: number; created_at: string }
  | { table: string; record: object }
  | { end: true; records: number };

/** A dump that is to become a store. */
export interface DumpSource {
  /** The lines of the dump, without line ends. */
  lines: AsyncIterable<string>;
  /** The name by which faults call the dump. */
  name: string;
  /** Milliseconds since the Unix epoch. */
  nowAt: number;
}

/** Sums up what was imported. */
export interface Imported {
  /** The instant at which the dump was made. */
  created_at: string;
  records: number;
  jobs: number;
}

/** Sums up what was done to bring a store to the present schema version. */
export interface Upgraded {
  /** The oldest schema version that a start would have had to read. */
  from: number;
  to: number;
  records: number;
  /** The name of the snapshot that was written; null where there was nothing to write. */
  snapshot: string | null;
}

/**
 * The store as commands see it that do not run it. Reading takes no lock and changes nothing, so it works beside a
 * Cronflow that runs.
 */
export interface OfflineStore {
  /**
   * Reads what the store holds now.
   * @throws CronflowError `store_missing` when there is no data; `store_damaged` when the data does not check out
   */
  state(): Promise<StoredState>;
  /**
   * Opens the log of commits (docs/design.md §3.5) at the oldest state from which it can be replayed.
   * @returns null where the log has no order but that of each job, so that it is read by `past`
   * @throws CronflowError `store_missing`; `store_damaged`, also when the log was pruned while it was read
   */
  history(): Promise<LoggedHistory | null>;
  /**
   * Opens the log of commits for one job, as `Store.past` does.
   * @throws CronflowError `store_missing`, `store_damaged`, `overloaded`
   */
  past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past>;
  /**
   * Reads everything that the store holds now but its log.
   * @param nowAt milliseconds since the Unix epoch
   * @throws CronflowError `store_missing`, `store_damaged`
   */
  dump(nowAt: number): AsyncIterable<DumpLine>;
  /**
   * Makes the store of a dump, where there is none yet.
   * @throws CronflowError `invalid` for a store that holds data and for a dump that does not check out; `store_locked`
   */
  restore(dump: DumpSource): Promise<Imported>;
  /**
   * Writes what the store holds under the present schema version.
   * @param nowAt milliseconds since the Unix epoch
   * @throws CronflowError `store_missing`; `store_damaged`, also for a version that is newer; `store_locked`
   */
  upgrade(nowAt: number): Promise<Upgraded>;
}
