import type { Delivery, Incident } from '../../core/model/records.ts';
import type { MetaRecord, TableName } from '../local/changes.ts';

/**
 * Turns one record of an older schema version into the next version's. It is pure: snapshots and journals are migrated
 * record by record as they are read, and the files of the older version stay as they are.
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
