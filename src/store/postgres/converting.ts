import { sleep, systemClock } from '../../clock.ts';
import type { LivedState, Records } from '../local/changes.ts';
import type { Logger } from '../../observe/log.ts';
import type { AnswerRow, Database } from './database.ts';
import { reasonText, refusalOf } from './errors.ts';
import { FIRST_VERSION, type RecordsInRows } from './records.ts';
import { LOCK_CONVERSION } from './sql/lock-conversion.ts';
import { PUT_CONVERSION } from './sql/put-conversion.ts';
import { READ_CONVERSIONS } from './sql/read-conversions.ts';
import { SOME_ROWS } from './sql/some-rows.ts';
import { step } from './statement.ts';
import { CONVERTED_TABLES, type ConvertedTable, rewriteSteps } from './writing.ts';

/** So many rows are written anew by one transaction, which holds up a ping for some milliseconds at most. */
const BATCH = 500;
/** Between two such transactions others have their turn. */
const REST_MS = 20;
/** Where another instance is at it or has the next row, or the database is away, it is looked at again after this time. */
const AGAIN_MS = 2_000;

/** The row up to which a table is written anew. */
interface Place {
  key: string;
  second: string | number | null;
}

const BEGINNINGS: Readonly<Record<ConvertedTable, Place>> = {
  jobs: { key: '', second: null },
  states: { key: '', second: null },
  incidents: { key: '', second: null },
  deliveries: { key: '', second: null },
  days: { key: '', second: '' },
  audit: { key: '', second: null },
  runs: { key: '', second: 0 },
};

/** What one transaction has done. */
export interface Converted {
  /** Says that there is nothing left to do, that there is more, or that another instance is at it or has the next row. */
  next: 'done' | 'more' | 'busy';
  rows: number;
}

/**
 * Writes some rows anew that hold records of an older version. How far it has come is committed with them, so whoever
 * goes on, after a crash too, begins there. Rows that it has not reached are converted whenever they are read.
 */
export function convertSome(database: Database, batch = BATCH): Promise<Converted> {
  return database.write(database.answerMsMax, async (session) => {
    const [locked, rows] = await session.begin([step(LOCK_CONVERSION), step(READ_CONVERSIONS)]);
    const next = nextOf(rows!, session.records.version);
    if (next === null || locked![0]!['is_locked'] !== true) {
      await session.rollback();
      return { next: next === null ? 'done' : 'busy', rows: 0 };
    }
    const { table, place } = next;
    const after = [place.key, batch, ...(place.second === null ? [] : [place.second])];
    const { read, lock } = SOME_ROWS[table];
    const [all, free] = await session.run([step(read, ...after), step(lock, ...after)]);
    const found = freeOf(all!, free!);
    if (found.length === 0 && all!.length > 0) {
      await session.rollback();
      return { next: 'busy', rows: 0 };
    }
    const older = found.filter(({ record }) => session.records.isOlder(record));
    const isLast = found.length === all!.length && all!.length < batch;
    const last = isLast ? undefined : found.at(-1);
    const reached = last === undefined ? null : { key: last['key'], second: last['second'] ?? null };
    await session.commit([
      ...(older.length === 0
        ? []
        : rewriteSteps(table, presentOf(table, older, session.records), session.records)),
      step(PUT_CONVERSION, table, session.records.version, reached === null ? null : JSON.stringify(reached)),
    ]);
    return { next: 'more', rows: older.length };
  });
}

/**
 * Returns the rows before the first one that somebody else has locked. It is not waited for, because two that wait for
 * rows of each other, which they lock in other orders, would wait in a circle.
 */
function freeOf(all: readonly AnswerRow[], locked: readonly AnswerRow[]): readonly AnswerRow[] {
  const end = locked.findIndex((row, index) => {
    const there = all[index];
    return there === undefined || there['key'] !== row['key'] || there['second'] !== row['second'];
  });
  return end === -1 ? locked.slice(0, all.length) : locked.slice(0, end);
}

/** Returns the first table that has rows of an older version, and where to go on in it; null where there is none. */
function nextOf(rows: readonly AnswerRow[], version: number): { table: ConvertedTable; place: Place } | null {
  const known = new Map(rows.map((row) => [row['table'] as string, row]));
  for (const table of CONVERTED_TABLES) {
    const { version: reached = FIRST_VERSION, place = null } = known.get(table) ?? {};
    if ((reached as number) < version) return { table, place: BEGINNINGS[table] };
    // A newer Cronflow that this one understands may be at it.
    if (place !== null && reached === version) return { table, place: place as Place };
  }
  return null;
}

function presentOf(
  table: ConvertedTable,
  rows: readonly AnswerRow[],
  records: RecordsInRows,
): Records[ConvertedTable][] {
  if (table !== 'states') return rows.map(({ record }) => records.read(table, record));
  return rows.map(({ key, record }): LivedState => {
    const id = key as string;
    return { job_id: id, state: records.readState(id, record) };
  });
}

/**
 * Writes all rows anew that hold records of an older version.
 * @returns how many there were
 */
export async function convertAll(database: Database): Promise<number> {
  for (let count = 0; ;) {
    const { next, rows } = await again(() => convertSome(database));
    count += rows;
    if (next === 'done') return count;
    if (next === 'busy') await sleep(systemClock, AGAIN_MS);
  }
}

/** Runs something again where another instance was faster. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (refusalOf(error) !== 'conflict') throw error;
    }
  }
}

/** Writes rows anew beside the work of an instance, until all are. */
export class Converter {
  readonly #database: Database;
  readonly #log: Logger;
  #cancel: () => void = () => {};
  #converting: Promise<void> = Promise.resolve();
  #isClosed = false;
  #count = 0;

  constructor({ database, log }: { database: Database; log: Logger }) {
    this.#database = database;
    this.#log = log;
  }

  open(): void {
    this.#after(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#converting;
  }

  #after(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = systemClock.after(delayMs, () => {
      this.#converting = this.#convert();
    });
  }

  async #convert(): Promise<void> {
    try {
      const { next, rows } = await again(() => convertSome(this.#database));
      this.#count += rows;
      if (next !== 'done') return this.#after(next === 'busy' ? AGAIN_MS : REST_MS);
      const { version } = this.#database.records;
      if (this.#count > 0)
        this.#log.info('older records are written anew', { version, records: this.#count });
    } catch (error) {
      this.#log.debug('older records are not written anew yet', { error: reasonText(error) });
      this.#after(AGAIN_MS);
    }
  }
}
