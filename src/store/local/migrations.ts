import type { Delivery, Incident } from '../../core/model/records.ts';
import type { MetaRecord, TableName } from './changes.ts';

/**
 * Turns one record of an older schema version into the next version's. It is pure. Every store uses the same ones, and so
 * do dumps: files of a data directory are migrated record by record as they are read, and stay as they are; rows of a
 * database are migrated as they are read, and written anew some at a time.
 *
 * No migration changes the id of a record, because the record is found by it before it is migrated.
 */
export type Migration = (table: TableName, record: unknown) => unknown;

/**
 * The migration at index i leads from schema version i + 1 to i + 2. New ones are appended, and none is ever changed.
 */
export const MIGRATIONS: readonly Migration[] = [
  // Daily figures came with version 2. No older record changes, but a Cronflow that does not know the figures would
  // drop them.
  (_table, record) => record,
  redeliveredOf,
  systemRecordOf,
  rowOf,
  // With version 6 an output stands in the log alone, and its record says where. No older record changes: an output in a
  // file of its own stays there.
  (_table, record) => record,
  // The audit log came with version 7. No older record changes, but a Cronflow that does not know the log would drop it.
  (_table, record) => record,
  // With version 8 a snapshot holds packed rows of history, as `histories`. No older record changes.
  (_table, record) => record,
];

/** With version 3 a delivery that was owed again is called `redelivered`, and the count of dead ones `dead.NOTIFIER`. */
function redeliveredOf(table: TableName, record: unknown): unknown {
  if (table === 'deliveries') {
    const { owed_again: redelivered, ...delivery } = record as Delivery & { owed_again?: true };
    return redelivered === undefined ? delivery : { ...delivery, redelivered };
  }
  const { key, value } = record as MetaRecord;
  return table === 'meta' ? { key: key.replace(/^undelivered\./, 'dead.'), value } : record;
}

/**
 * With version 4 incidents and deliveries of Cronflow itself have no figures of a job. Before, nulls and zeros stood in
 * their place. The change needs a version of its own, because an older Cronflow reads those keys.
 */
function systemRecordOf(table: TableName, record: unknown): unknown {
  if (table === 'incidents')
    return (record as Incident).kind === 'job' ? record : without(record, OF_JOB_INCIDENTS);
  if (table !== 'deliveries') return record;
  const delivery = record as Delivery;
  return delivery.job_id === null ? { ...delivery, facts: without(delivery.facts, OF_JOB_FACTS) } : delivery;
}

const OF_JOB_INCIDENTS: ReadonlySet<string> = new Set([
  'job_id',
  'job_name',
  'opened_by_run_id',
  'kinds',
  'bad_count',
  'outcomes',
  'newest_bad_at',
  'good_run_ids',
  'announce_at',
]);

const OF_JOB_FACTS: ReadonlySet<string> = new Set([
  'outcome',
  'run_id',
  'exit_code',
  'signal',
  'host',
  'duration_ms',
  'expected_at',
  'deadline_at',
  'bad_count',
  'last_success_at',
  'next_slot_at',
]);

function without(record: unknown, keys: ReadonlySet<string>): object {
  return Object.fromEntries(Object.entries(record as object).filter(([key]) => !keys.has(key)));
}

/** The part of a row before version 5 that tells its kind and its place. Every row had the keys of all kinds. */
interface OldRow {
  id: string;
  job_id: unknown;
  reason: unknown;
  outcome: unknown;
  started_at: unknown;
  ended_at: unknown;
  run_count_at_end?: number;
  [key: string]: unknown;
}

/** With version 5 a row of history says what it is, and its number and its place among the ends are keys of it. */
function rowOf(table: TableName, record: unknown): unknown {
  if (table !== 'runs') return record;
  const row = record as OldRow;
  const { id, job_id, reason, outcome, slot_at, ended_at } = row;
  const number = Number(/\d+$/.exec(id)?.[0] ?? 0);
  const any = { id, job_id, number, reason, outcome, slot_at, ended_at };
  if (reason === 'lock_held' || reason === 'stuck_lock') {
    const { rid, host, counted, output_bytes, output_dropped_bytes } = row;
    return { ...any, kind: 'skip', rid, host, counted, output_bytes, output_dropped_bytes };
  }
  const { count, first_slot_at, latest_slots_at, run_count_at_end: countAtEnd, ...run } = row;
  const hadNoRun = outcome === 'missed' || outcome === 'skipped' || outcome === 'unknown';
  if (row.started_at === null && hadNoRun) {
    const latest = latest_slots_at === undefined ? {} : { latest_slots_at };
    return { ...any, kind: 'slots', count, first_slot_at, ...latest };
  }
  const endedAfter = ended_at === null ? null : (countAtEnd ?? number - 1);
  return { ...run, kind: 'run', number, ended_after_number: endedAfter };
}

/** Returns the version that `migrations` lead to. */
export function schemaVersion(migrations: readonly Migration[]): number {
  return migrations.length + 1;
}

/** Brings a record that was written under schema version `version` to the present one. */
export function migrate(
  migrations: readonly Migration[],
  version: number,
  table: TableName,
  record: unknown,
): unknown {
  return migrations.slice(version - 1).reduce((old, migration) => migration(table, old), record);
}

/** The present version of records, and how those of older ones become what it has. */
export interface RecordFormat {
  version: number;
  /** Returns a record that was written under a version as the present one has it. */
  migrate: (version: number, table: TableName, record: unknown) => unknown;
}

/** Returns the format to which migrations lead; by default that of this Cronflow. */
export function formatOf(migrations: readonly Migration[] = MIGRATIONS): RecordFormat {
  return {
    version: schemaVersion(migrations),
    migrate: (version, table, record) => migrate(migrations, version, table, record),
  };
}
