import type { AuditRecord } from '../../core/model/audit.ts';
import type { Day } from '../../core/model/daily.ts';
import type { LoggedEvent } from '../../core/model/event.ts';
import type { Delivery, Incident, Job, JobState, Row } from '../../core/model/records.ts';
import type { MetaValue, Output } from '../store.ts';

/** Refers to the output of a run and says how large it is. The text itself is kept apart from the records. */
export interface OutputRef {
  job_id: string;
  run_id: string;
  /** The size of the kept text in bytes of UTF-8. */
  bytes: number;
  dropped_bytes: number;
  /** The place of the text in a log of commits, for a store that has one. */
  place?: OutputPlace;
  /** Identifies a text that stands in a file of its own, as lowdb kept it before schema version 6. */
  hash?: string;
}

/** The place of a text in the log of commits. It stays the same when the text is moved out of a segment that goes. */
export interface OutputPlace {
  /** The number of the first commit of the segment. */
  segment: number;
  /** The place of the text in the segment, as it is written there. */
  offset: number;
  bytes: number;
}

/** Returns the record that is kept of an output beside its text. */
export function outputRefOf(jobId: string, runId: string, { text, dropped_bytes }: Output): OutputRef {
  return { job_id: jobId, run_id: runId, bytes: Buffer.byteLength(text), dropped_bytes };
}

export interface MetaRecord {
  key: string;
  value: MetaValue;
}

/** What is declared of a job, without what it lives through. It changes with the configuration and not with a ping. */
export type DeclaredJob = Omit<Job, 'state'>;

/** What a job lives through. It changes with every event. */
export interface LivedState {
  job_id: string;
  state: JobState;
}

/** The records of each table. The journal and the snapshot use the same names for the tables. */
export interface Records {
  /** In a snapshot, a dump and a line of a journal it holds the state, too. */
  jobs: DeclaredJob & { state?: JobState };
  states: LivedState;
  runs: Row;
  days: Day;
  incidents: Incident;
  deliveries: Delivery;
  outputs: OutputRef;
  audit: AuditRecord;
  meta: MetaRecord;
}
export type TableName = keyof Records;
export const TABLE_NAMES = [
  'jobs',
  'states',
  'runs',
  'days',
  'incidents',
  'deliveries',
  'outputs',
  'audit',
  'meta',
] as const;

/**
 * The changes of one commit as plain JSON, which is the content of a journal line. Deletions come before puts. A
 * deleted job is listed with all that belonged to it, so that applying the changes needs no rule of its own.
 */
export interface Changes {
  put: { [T in TableName]?: Records[T][] };
  del: { [T in TableName]?: string[] };
  /**
   * The events of the commit in order, for the log of docs/design.md §3.5. They change nothing when they are read back.
   */
  events: { job_id: string; event: LoggedEvent }[];
}
