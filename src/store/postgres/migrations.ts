import { sleep, systemClock } from '../../clock.ts';
import { MINUTE_MS } from '../../schedule/units.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { Database, Session } from './database.ts';
import { isLocked, refusalOf } from './errors.ts';
import { FIRST_VERSION, type RecordsInRows } from './records.ts';
import { ADD_VERSION_TABLE } from './sql/add-version-table.ts';
import { CONVERT_META } from './sql/convert-meta.ts';
import { CONVERT_META_HISTORY } from './sql/convert-meta-history.ts';
import { LOCK_ALL } from './sql/lock-all.ts';
import { LOCK_SCHEMA } from './sql/lock-schema.ts';
import { PUT_VERSION } from './sql/put-version.ts';
import { READ_ALL_META } from './sql/read-all-meta.ts';
import { READ_ALL_META_HISTORY } from './sql/read-all-meta-history.ts';
import { READ_ENCODING } from './sql/read-encoding.ts';
import { READ_NEEDED } from './sql/read-needed.ts';
import { READ_VERSION } from './sql/read-version.ts';
import { SCHEMA_1 } from './sql/schema-1.ts';
import { SCHEMA_2 } from './sql/schema-2.ts';
import { SCHEMA_3 } from './sql/schema-3.ts';
import { SCHEMA_4 } from './sql/schema-4.ts';
import { SCHEMA_5 } from './sql/schema-5.ts';
import { step } from './statement.ts';

/** What brings the schema from a version to the next one. */
export interface SchemaStep {
  /** The statements that do so; empty where only the records change. */
  text: string;
  /**
   * The version of the schema that a Cronflow has to know to use this one. Instances of the version before run beside
   * the new ones during an upgrade, and one is rolled back. So a step adds only what an older Cronflow does not mind,
   * and leaves what it uses; a later version takes that away, once nobody goes back to what used it. A step that says
   * its own number here makes instances that do not know it refuse everything from then on.
   */
  needed: number;
  /** The version of the records, which a step makes greater where `MIGRATIONS` of records got one more. */
  records: number;
}

/** The steps to each version of the schema, the first one from nothing. New ones are appended, and none is ever changed. */
export const SCHEMA: readonly SchemaStep[] = [
  { text: SCHEMA_1, needed: 1, records: FIRST_VERSION },
  { text: SCHEMA_2, needed: 1, records: FIRST_VERSION },
  { text: SCHEMA_3, needed: 1, records: FIRST_VERSION },
  { text: SCHEMA_4, needed: 1, records: FIRST_VERSION },
  { text: SCHEMA_5, needed: 1, records: FIRST_VERSION },
];

/** The versions of a schema before and after it was migrated; 0 for none. */
export interface Migrated {
  from: number;
  to: number;
}

/** Indexes of large tables may have to be built. */
const MIGRATION_MS_MAX = 600_000;
/** A step waits no longer for a lock on a table that others use, since whoever comes later waits behind it. */
const LOCK_MS_MAX = 2_000;
const AGAIN_MS = 500;
/** Whoever waits says so at once, and then this often. */
const SAID_EVERY_MS = 30_000;

/**
 * Brings the schema to the present version. Instances that start at the same time wait for each other. It holds up
 * nobody for long: where a table cannot be locked soon, it lets others pass and tries again.
 * @param onWaiting is told now and then that somebody else holds the schema, and for how long that has lasted
 * @throws CronflowError `store_damaged` where a newer version is needed; `store_unusable` where the database cannot keep
 * every text; `store_unavailable` where somebody else holds the schema for too long
 */
export async function migrate(
  database: Database,
  schema: readonly SchemaStep[] = SCHEMA,
  onWaiting: (waitedMs: number) => void = () => {},
): Promise<Migrated> {
  const beganMs = systemClock.monotonic();
  let saidMs = -Infinity;
  for (;;) {
    try {
      return await attempt(database, schema);
    } catch (error) {
      const nowMs = systemClock.monotonic();
      const isHeld = isLocked(error);
      if (!isHeld && refusalOf(error) !== 'conflict') throw error;
      if (nowMs > beganMs + MIGRATION_MS_MAX) throw isHeld ? heldTooLong(error) : error;
      if (isHeld && nowMs >= saidMs + SAID_EVERY_MS) {
        onWaiting(nowMs - beganMs);
        saidMs = nowMs;
      }
      await sleep(systemClock, AGAIN_MS);
    }
  }
}

/** Who holds the schema for long, in words. */
export const HOLDS_SCHEMA =
  'another Cronflow fills the database (cronflow store import) or brings its schema to a newer version';

function heldTooLong(cause: unknown): CronflowError {
  return new CronflowError(
    'store_unavailable',
    `The schema was locked for ${MIGRATION_MS_MAX / MINUTE_MS} minutes. Probably ${HOLDS_SCHEMA}. ` +
      'Start again once that is done; nothing was changed here.',
    { cause },
  );
}

function attempt(database: Database, schema: readonly SchemaStep[]): Promise<Migrated> {
  return database.write(MIGRATION_MS_MAX, async (session) => {
    const [answer] = await session.begin([step(READ_ENCODING)], 'write', LOCK_MS_MAX);
    expectUtf8(answer![0]!['encoding'] as string);
    await session.run([step(LOCK_SCHEMA)]);
    const [, found] = await session.run([step(ADD_VERSION_TABLE), step(READ_VERSION)]);
    const { needed, applied: from } = found![0] as unknown as { needed: number; applied: number };
    if (needed > schema.length) throw tooNew(needed, schema.length);
    const to = schema.length;
    // A newer Cronflow may have gone further and said that this one can go on.
    if (from >= to) {
      await session.rollback();
      return { from, to: from };
    }
    for (const { text } of schema.slice(from)) if (text !== '') await session.script(text);
    const last = schema.at(-1)!;
    const records = from === 0 ? last.records : schema[from - 1]!.records;
    if (records < last.records) await convertMeta(session, records);
    await session.commit([step(PUT_VERSION, last.needed, to)]);
    return { from, to };
  });
}

/**
 * Refuses to read a database that needs a newer Cronflow than one that knows a version of the schema.
 * @throws CronflowError `store_damaged`
 */
export async function expectKnown(session: Session, known: number): Promise<void> {
  const [rows] = await session.run([step(READ_NEEDED)]);
  const needed = rows![0]!['needed'] as number;
  if (needed > known) throw tooNew(needed, known);
}

function tooNew(needed: number, known: number): CronflowError {
  return new CronflowError(
    'store_damaged',
    `The database has the schema version ${needed}, and this version of Cronflow knows up to ${known}. Run the newer version of Cronflow that has used it.`,
  );
}

/**
 * Brings all values that belong to no job to the present version, at once, because they do not say which they have. It
 * holds the locks that every commit takes. So one that goes on after it sees that the database needs a newer Cronflow.
 */
async function convertMeta(session: Session, version: number): Promise<void> {
  const { records } = session;
  const [, meta, history] = await session.run([
    step(LOCK_ALL),
    step(READ_ALL_META),
    step(READ_ALL_META_HISTORY),
  ]);
  const now = converted(meta!, version, records);
  const then = converted(history!, version, records);
  const column = (rows: typeof now, key: string): unknown[] => rows.map(({ row }) => row[key]);
  await session.run([
    step(CONVERT_META, column(now, 'key'), now.map(keyOf), now.map(valueOf)),
    step(
      CONVERT_META_HISTORY,
      column(then, 'key'),
      column(then, 'at'),
      column(then, 'position'),
      then.map(keyOf),
      then.map(valueOf),
    ),
  ]);
}

interface ConvertedMeta {
  row: Record<string, unknown>;
  meta: { key: string; value: unknown };
}

function converted(
  rows: readonly Record<string, unknown>[],
  version: number,
  records: RecordsInRows,
): ConvertedMeta[] {
  return rows.map((row) => ({
    row,
    meta: records.readMeta(version, { key: row['key'] as string, value: row['value'] }),
  }));
}

const keyOf = ({ meta }: ConvertedMeta): string => meta.key;
const valueOf = ({ meta }: ConvertedMeta): string => JSON.stringify(meta.value);

/** Refuses a database that cannot keep every text, because each commit with one that it cannot keep would fail. */
function expectUtf8(encoding: string): void {
  if (encoding === 'UTF8') return;
  throw new CronflowError(
    'store_unusable',
    `The database keeps texts as ${encoding}, which lacks most characters, and Cronflow needs one that keeps them as UTF8. ` +
      "Create another one: CREATE DATABASE cronflow ENCODING 'UTF8' TEMPLATE template0 (with LOCALE 'C' where the " +
      'locale of the server is of another encoding), and name it in CRONFLOW_STORE.',
  );
}
