import { PassThrough } from 'node:stream';
import { CronflowError } from '../../core/model/errors.ts';
import { DAY_MS } from '../../schedule/units.ts';
import type { DumpLine } from '../offline.ts';
import type { TableName } from '../local/changes.ts';
import type { AnswerRow, Database, Session } from './database.ts';
import type { RecordsInRows } from './records.ts';
import { CLOSE_DUMP } from './sql/close-dump.ts';
import { DUMP_AUDIT } from './sql/dump-audit.ts';
import { DUMP_DAYS } from './sql/dump-days.ts';
import { DUMP_DELIVERIES } from './sql/dump-deliveries.ts';
import { DUMP_INCIDENTS } from './sql/dump-incidents.ts';
import { DUMP_JOBS } from './sql/dump-jobs.ts';
import { DUMP_META } from './sql/dump-meta.ts';
import { DUMP_OUTPUTS } from './sql/dump-outputs.ts';
import { DUMP_RUNS } from './sql/dump-runs.ts';
import { FETCH_DUMP } from './sql/fetch-dump.ts';
import { expectKnown, SCHEMA } from './migrations.ts';
import { HAS_SCHEMA } from './sql/has-schema.ts';
import { WAIT_FOR_DUMP } from './sql/wait-for-dump.ts';
import { type Statement, step } from './statement.ts';

/** Why an export ends where its reader has left. */
const UNREAD = 'Nobody reads the export any more.';
/** An export that takes longer is given up. */
const EXPORT_MS_MAX = 7 * DAY_MS;

/** The tables in the order in which their records can be put, with the record that a row stands for. */
const TABLES: readonly {
  table: TableName;
  begin: Statement;
  recordOf: (row: AnswerRow, records: RecordsInRows) => object;
}[] = [
  { table: 'jobs', begin: DUMP_JOBS, recordOf: dumpedJob },
  { table: 'runs', begin: DUMP_RUNS, recordOf: recordIn('runs') },
  { table: 'days', begin: DUMP_DAYS, recordOf: recordIn('days') },
  { table: 'incidents', begin: DUMP_INCIDENTS, recordOf: recordIn('incidents') },
  { table: 'deliveries', begin: DUMP_DELIVERIES, recordOf: recordIn('deliveries') },
  {
    table: 'outputs',
    begin: DUMP_OUTPUTS,
    recordOf: ({ text, ...row }) => ({ ...row, text: (text as Buffer).toString() }),
  },
  { table: 'audit', begin: DUMP_AUDIT, recordOf: recordIn('audit') },
  { table: 'meta', begin: DUMP_META, recordOf: ({ key, value }) => ({ key, value }) },
];

function dumpedJob({ record, state }: AnswerRow, records: RecordsInRows): object {
  const declared = records.read('jobs', record);
  return { ...declared, state: records.readState(declared.id, state) };
}

function recordIn(table: TableName): (row: AnswerRow, records: RecordsInRows) => object {
  return ({ record }, records) => records.read(table, record);
}

/**
 * Reads everything that the database holds but its log, as one instant shows it, beside instances that write to it.
 * @param known the version of the schema that is known
 * @throws CronflowError `store_damaged` where a newer version is needed; `store_missing` where Cronflow has never used the database
 */
export async function* exportOf(
  database: Database,
  nowAt: number,
  known = SCHEMA.length,
): AsyncGenerator<DumpLine> {
  const { version } = database.records;
  yield { cronflow: 'dump', schema_version: version, created_at: new Date(nowAt).toISOString() };
  let records = 0;
  for await (const page of pagesOf(database, TABLES, known)) {
    records += page.length;
    yield* page;
  }
  yield { end: true, records };
}

/**
 * Reads some of the tables, as one instant shows them.
 * @throws CronflowError `store_missing` where Cronflow has never used the database
 */
export async function* recordsOf(
  database: Database,
  names: ReadonlySet<string>,
): AsyncGenerator<TableRecord> {
  const tables = TABLES.filter(({ table }) => names.has(table));
  for await (const page of pagesOf(database, tables, SCHEMA.length)) yield* page;
}

/** A record, and the table that it is of. */
export type TableRecord = Extract<DumpLine, { table: string }>;

async function* pagesOf(
  database: Database,
  tables: typeof TABLES,
  known: number,
): AsyncGenerator<TableRecord[]> {
  // The transaction goes on while whoever reads the lines takes their time, with a few pages between the two.
  const pages = new PassThrough({ objectMode: true, highWaterMark: 4 });
  const reading = database
    .read(EXPORT_MS_MAX, (session) => readAll(session, { tables, known }, (page) => handOver(pages, page)))
    .then(
      () => void pages.end(),
      (error: unknown) => void pages.destroy(error as Error),
    );
  yield* pages as AsyncIterable<TableRecord[]>;
  await reading;
}

async function readAll(
  session: Session,
  { tables, known }: { tables: typeof TABLES; known: number },
  take: (page: TableRecord[]) => Promise<void>,
): Promise<void> {
  const [found] = await session.begin([step(HAS_SCHEMA), step(WAIT_FOR_DUMP)], 'read');
  if (found![0]!['is_there'] !== true) {
    await session.rollback();
    throw new CronflowError(
      'store_missing',
      'The database holds no data of Cronflow. Name the right one in CRONFLOW_STORE.',
    );
  }
  await expectKnown(session, known);
  for (const { table, begin, recordOf: record } of tables) {
    await session.run([step(begin)]);
    for (;;) {
      const [rows] = await session.run([step(FETCH_DUMP)]);
      if (rows!.length === 0) break;
      await take(rows!.map((row) => ({ table, record: record(row, session.records) })));
    }
    await session.run([step(CLOSE_DUMP)]);
  }
  await session.rollback();
}

/**
 * Hands a page to the reader, once there is room for it.
 * @throws where the reader has left, so that the transaction ends
 */
async function handOver(pages: PassThrough, page: TableRecord[]): Promise<void> {
  // A stream that is closed takes a page without a word, and is closed no second time.
  if (pages.destroyed) throw new Error(UNREAD);
  if (pages.write(page)) return;
  await new Promise<void>((resolve, reject) => {
    const closed = (): void => reject(new Error(UNREAD));
    pages.once('close', closed);
    pages.once('drain', () => {
      pages.off('close', closed);
      resolve();
    });
  });
}
