import type { Records, TableName } from '../local/changes.ts';
import { type Disk, realDisk } from './disk.ts';
import { readTables } from './history.ts';
import { MIGRATIONS, schemaVersion } from '../local/migrations.ts';
import { Outputs } from './outputs.ts';

/**
 * The first line of a dump. A dump is everything that a data directory holds but its log of commits, as lines of JSON
 * that other programs read and write: a header, the records table by table in the order in which they can be put, and a
 * footer.
 */
export interface DumpHeader {
  cronflow: 'dump';
  schema_version: number;
  /** An instant in ISO 8601, UTC. */
  created_at: string;
}

/** A record as its table holds it. Instants are milliseconds since the Unix epoch. */
export type DumpRecord = {
  [T in TableName]: { table: T; record: T extends 'outputs' ? DumpedOutput : Records[T] };
}[TableName];

/** An output with its text. */
export interface DumpedOutput {
  job_id: string;
  run_id: string;
  text: string;
  dropped_bytes: number;
}

/** The last line of a dump, without which the dump is not whole. */
export interface DumpFooter {
  end: true;
  /** The number of records between header and footer. */
  records: number;
}

/**
 * Reads a data directory as of now, with or without a Cronflow that writes to it. It takes no lock and changes nothing.
 * @param nowAt milliseconds since the Unix epoch
 * @returns the lines of the dump, without line ends
 * @throws CronflowError `store_missing`, `store_damaged`
 */
export async function* dumpOf(
  directory: string,
  nowAt: number,
  disk: Disk = realDisk,
): AsyncGenerator<DumpHeader | DumpRecord | DumpFooter> {
  const tables = await readTables(directory, disk);
  const outputs = new Outputs({ disk, directory, schemaVersion: schemaVersion(MIGRATIONS) });
  try {
    await outputs.openToRead();
    yield {
      cronflow: 'dump',
      schema_version: schemaVersion(MIGRATIONS),
      created_at: new Date(nowAt).toISOString(),
    };
    let records = 0;
    for (const each of tables.snapshot()) {
      if (each.table !== 'outputs') {
        records += 1;
        yield each;
        continue;
      }
      const { job_id, run_id } = each.record;
      const output = await outputs.read(each.record);
      // The output is lost or was dropped meanwhile. The run is dumped all the same.
      if (output === undefined) continue;
      records += 1;
      yield { table: 'outputs', record: { job_id, run_id, ...output } };
    }
    yield { end: true, records };
  } finally {
    await outputs.close();
  }
}
