import type { MetaRecord, TableName } from '../local/changes.ts';
import { DumpReader, type DumpSink } from '../local/dump-reader.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { DumpSource, Imported } from '../offline.ts';
import { DAY_MS } from '../../schedule/units.ts';
import type { Database, Session } from './database.ts';
import { isLoggedMeta } from './log.ts';
import { migrate } from './migrations.ts';
import { HAS_RECORDS } from './sql/has-records.ts';
import { INSERT_META } from './sql/insert-meta.ts';
import { LOCK_ALL } from './sql/lock-all.ts';
import { LOCK_SCHEMA } from './sql/lock-schema.ts';
import { NOTE_HEADS } from './sql/note-heads.ts';
import { PUT_META_HISTORY } from './sql/put-meta-history.ts';
import { WAIT_FOR_DUMP } from './sql/wait-for-dump.ts';
import { type Step, step } from './statement.ts';
import { type DumpedTables, importSteps } from './writing.ts';

/** An import that takes longer is given up. */
const IMPORT_MS_MAX = 7 * DAY_MS;
/** Whoever writes to the database when an import begins is waited for this long. */
const LOCK_MS_MAX = 30_000;
/** This many records are written at a time. */
const BATCH = 500;

/**
 * Fills an empty database from a dump. All of it is one transaction: an import that is killed, or whose dump does not
 * check out, leaves the database as empty as it was, so that one can simply begin again, and no instance ever sees a
 * part. An instance that starts meanwhile waits, and gives up after ten minutes.
 * @throws CronflowError `invalid` for a database that holds data, and for a dump that does not check out
 */
export async function importInto(database: Database, source: DumpSource): Promise<Imported> {
  await migrate(database);
  return database.write(IMPORT_MS_MAX, async (session) => {
    await session.begin([step(WAIT_FOR_DUMP)], 'write', LOCK_MS_MAX);
    await session.run([step(LOCK_SCHEMA), step(LOCK_ALL)]);
    await expectEmpty(session);
    const sink = new ImportedRecords(session, source.nowAt);
    const imported = await new DumpReader(source.name, database.records.format, sink).read(source.lines);
    await session.commit([step(NOTE_HEADS)]);
    return imported;
  });
}

async function expectEmpty(session: Session): Promise<void> {
  const [found] = await session.run([step(HAS_RECORDS)]);
  if (found![0]!['is_there'] === true)
    throw new CronflowError(
      'invalid',
      'The database holds data already, and an import never mixes two stores. Name an empty one in CRONFLOW_STORE, ' +
        'or drop the schema "cronflow" of this one if you can do without what it holds.',
    );
}

/** Writes the records of a dump, some at a time. */
class ImportedRecords implements DumpSink {
  readonly #session: Session;
  readonly #nowAt: number;
  #put: DumpedTables = {};
  #pending = 0;

  constructor(session: Session, nowAt: number) {
    this.#session = session;
    this.#nowAt = nowAt;
  }

  async add(table: TableName, record: unknown): Promise<void> {
    ((this.#put[table] as unknown[] | undefined) ??= []).push(record);
    this.#pending += 1;
    if (this.#pending >= BATCH) await this.end();
  }

  async end(): Promise<void> {
    if (this.#pending === 0) return;
    const steps = [
      ...importSteps(this.#put, this.#session.records),
      ...metaSteps(this.#put.meta ?? [], this.#nowAt),
    ];
    [this.#put, this.#pending] = [{}, 0];
    await this.#session.run(steps);
  }
}

/** Returns the statements that write values which belong to no job, and since when the database has them. */
function metaSteps(records: readonly MetaRecord[], at: number): Step[] {
  if (records.length === 0) return [];
  const logged = records.filter(isLoggedMeta);
  const history = step(PUT_META_HISTORY, keysOf(logged), at, valuesOf(logged));
  return [step(INSERT_META, keysOf(records), valuesOf(records)), ...(logged.length === 0 ? [] : [history])];
}

function keysOf(records: readonly MetaRecord[]): string[] {
  return records.map(({ key }) => key);
}

function valuesOf(records: readonly MetaRecord[]): string[] {
  return records.map(({ value }) => JSON.stringify(value));
}
