import { systemClock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { DumpFormat } from '../local/dump-reader.ts';
import { Tables } from '../local/tables.ts';
import type { DumpLine, OfflineStore } from '../offline.ts';
import { ReadBudget } from '../read-budget.ts';
import { Database } from './database.ts';
import { unusable } from './errors.ts';
import { exportOf } from './exporting.ts';
import { importInto } from './importing.ts';
import { readPast } from './log.ts';
import { migrate, SCHEMA_VERSION } from './migrations.ts';

/** This many records are put into the tables at a time. */
const BATCH = 500;

/** What of a database commands read or carry over that do not run it. */
export interface OfflineDatabase extends Pick<OfflineStore, 'past' | 'dump' | 'restore' | 'upgrade'> {
  /** Reads all records but outputs and the audit log. */
  tables: () => Promise<Tables>;
}

/** Returns the database at a URL for commands that do not run it. Each call has connections of its own. */
export function offlineDatabase(url: string, format: DumpFormat): OfflineDatabase {
  const dump = (nowAt: number): AsyncIterable<DumpLine> => dumpOf(url, format.version, nowAt);
  return {
    tables: () => tablesOf(dump(0)),
    past: (jobId, fromAt, limits) =>
      using(url, (database) => {
        const budget = new ReadBudget(systemClock, limits);
        return readPast(database, jobId, { fromAt, budget });
      }),
    dump,
    restore: (source) => using(url, (database) => importInto(database, source, format)),
    upgrade: () =>
      using(url, async (database) => {
        const from = await migrate(database);
        return { from, to: SCHEMA_VERSION, records: 0, snapshot: null };
      }),
  };
}

/** Nothing is prepared, because what is read or written here comes once and could not be run again. */
function databaseAt(url: string): Database {
  return new Database({ url, onClock: () => {}, prepares: false });
}

async function using<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = databaseAt(url);
  try {
    return await use(database);
  } catch (error) {
    throw refused(url, error);
  } finally {
    await database.end();
  }
}

async function* dumpOf(url: string, version: number, nowAt: number): AsyncGenerator<DumpLine> {
  const database = databaseAt(url);
  try {
    yield* exportOf(database, version, nowAt);
  } catch (error) {
    throw refused(url, error);
  } finally {
    await database.end();
  }
}

function refused(url: string, error: unknown): CronflowError {
  return error instanceof CronflowError ? error : unusable(url, error);
}

async function tablesOf(lines: AsyncIterable<DumpLine>): Promise<Tables> {
  const tables = new Tables();
  let put: Record<string, object[]> = {};
  let pending = 0;
  const flush = (): void => {
    tables.apply({ put, del: {}, events: [] });
    [put, pending] = [{}, 0];
  };
  for await (const line of lines) {
    if (!('table' in line) || line.table === 'outputs' || line.table === 'audit') continue;
    (put[line.table] ??= []).push(line.record);
    pending += 1;
    if (pending >= BATCH) flush();
  }
  flush();
  return tables;
}
