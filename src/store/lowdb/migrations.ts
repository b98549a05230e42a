import type { Delivery } from '../../core/model/records.ts';
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
