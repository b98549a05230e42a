import { systemClock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import { Tables } from '../local/tables.ts';
import type { OfflineStore } from '../offline.ts';
import type { Past, PastEvent, PastLimits } from '../store.ts';
import { ReadBudget } from '../read-budget.ts';
import { unusable } from './advice.ts';
import { Database } from './database.ts';
import { exportOf, recordsOf, type TableRecord } from './exporting.ts';
import { importInto } from './importing.ts';
import { readPast } from './log.ts';
import { convertAll } from './converting.ts';
import { migrate } from './migrations.ts';

/** This many records are put into the tables at a time. */
const BATCH = 500;

/** What of a database commands read or carry over that do not run it. */
export interface OfflineDatabase extends Pick<OfflineStore, 'past' | 'dump' | 'restore' | 'upgrade'> {
  /** Reads what is no history: jobs, what is owed or was sent, and values that belong to no job. */
  tables: () => Promise<Tables>;
}

/** The tables that a command needs which looks at jobs. The others grow with every run. */
const NO_HISTORY: ReadonlySet<string> = new Set(['jobs', 'deliveries', 'meta']);

/** Returns the database at a URL for commands that do not run it. */
export function offlineDatabase(url: string): OfflineDatabase {
  const log = new OfflineLog(url);
  return {
    tables: () => tablesOf(reading(url, (database) => recordsOf(database, NO_HISTORY))),
    past: (jobId, fromAt, limits) => log.past(jobId, fromAt, limits),
    dump: (nowAt) => reading(url, (database) => exportOf(database, nowAt)),
    restore: (source) => using(url, (database) => importInto(database, source)),
    upgrade: () =>
      using(url, async (database) => {
        const migrated = await migrate(database);
        return { ...migrated, records: await convertAll(database), snapshot: null };
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

async function* reading<T>(url: string, read: (database: Database) => AsyncIterable<T>): AsyncGenerator<T> {
  const database = databaseAt(url);
  try {
    yield* read(database);
  } catch (error) {
    throw refused(url, error);
  } finally {
    await database.end();
  }
}

/**
 * The log of commits for a command, which may ask for many jobs, one after another. They share connections, which
 * nothing else needs: those that are idle are closed, and keep no process from ending.
 */
class OfflineLog {
  readonly #url: string;
  #database: Database | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past> {
    this.#database ??= databaseAt(this.#url);
    const budget = new ReadBudget(systemClock, limits);
    try {
      const past = await readPast(this.#database, jobId, { fromAt, budget });
      return { ...past, events: () => eventsOf(past, this.#url) };
    } catch (error) {
      throw refused(this.#url, error);
    }
  }
}

async function* eventsOf(past: Past, url: string): AsyncGenerator<PastEvent> {
  try {
    yield* past.events();
  } catch (error) {
    throw refused(url, error);
  }
}

function refused(url: string, error: unknown): CronflowError {
  return error instanceof CronflowError ? error : unusable(url, error);
}

async function tablesOf(records: AsyncIterable<TableRecord>): Promise<Tables> {
  const tables = new Tables();
  let put: Record<string, object[]> = {};
  let pending = 0;
  const flush = (): void => {
    tables.apply({ put, del: {}, events: [] });
    [put, pending] = [{}, 0];
  };
  for await (const { table, record } of records) {
    (put[table] ??= []).push(record);
    pending += 1;
    if (pending >= BATCH) flush();
  }
  flush();
  return tables;
}
