import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import pg from 'pg';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { formatOf, type Migration, MIGRATIONS, schemaVersion } from '../../../src/store/local/migrations.ts';
import { openOffline } from '../../../src/store/open/open-offline.ts';
import { convertAll, convertSome } from '../../../src/store/postgres/converting.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { exportOf } from '../../../src/store/postgres/exporting.ts';
import { migrate, SCHEMA, type SchemaStep } from '../../../src/store/postgres/migrations.ts';
import { RecordsInRows } from '../../../src/store/postgres/records.ts';
import { SCHEMA_1 } from '../../../src/store/postgres/sql/schema-1.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, sql, type TestDatabase } from '../../support/postgres.ts';
import { increment, job, NOW_AT, run } from '../../support/records.ts';
import { until } from '../../support/until.ts';

/** The snapshot of a data directory that Cronflow wrote under schema version 3. */
const OLD = fileURLToPath(
  new URL('../../testdata/store-3/written/snapshot-0000000000000076.jsonl', import.meta.url),
);
const OLD_VERSION = 3;
const ALL = { all: true };
const BACKTEST = { bytes_max: 1e9, ms_max: 1e9 };

/** A version to come: jobs, states, runs and values of no job get another form, and one value another key. */
const marked: Migration = (table, record) => {
  const old = record as Record<string, unknown>;
  if (table === 'jobs') {
    const { state, ...declared } = old as { state?: object };
    return { ...declared, ...(state === undefined ? {} : { state: { ...state, mark: 1 } }), mark: 'job' };
  }
  if (table === 'states') return { ...old, state: { ...(old['state'] as object), mark: 1 } };
  if (table === 'meta') return { ...old, key: String(old['key']).replace(/^count$/, 'counted') };
  return table === 'outputs' ? old : { ...old, mark: table };
};
const NEXT = [...MIGRATIONS, marked];
const NEXT_SCHEMA: readonly SchemaStep[] = [
  ...SCHEMA,
  { text: '', needed: SCHEMA.length + 1, records: schemaVersion(NEXT) },
];
const NEXT_VERSIONS = { schema: NEXT_SCHEMA, format: formatOf(NEXT) };

/** The records as version 3 wrote them. Outputs stood in files of their own then. */
async function oldRecords(): Promise<{ table: string; record: Record<string, unknown> }[]> {
  const lines = (await readFile(OLD, 'utf8')).trimEnd().split('\n');
  // The first line and the last one are no records.
  return lines
    .slice(1, -1)
    .map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)) as [string, Record<string, unknown>])
    .map(([table, record]) => ({ table, record }))
    .filter(({ table }) => table !== 'outputs');
}

async function* texts(lines: readonly object[]): AsyncGenerator<string> {
  for (const line of lines) yield JSON.stringify(line);
}

/** Exports a database, and returns the records by their tables and what tells them from others of those. */
async function exported(from: Database, known = SCHEMA.length): Promise<Map<string, object>> {
  const records = new Map<string, object>();
  for await (const line of exportOf(from, NOW_AT, known)) {
    if (!('table' in line)) continue;
    const { id, job_id: jobId, date, key } = line.record as Record<string, unknown>;
    records.set(JSON.stringify([line.table, id ?? key ?? [jobId, date]]), line.record);
  }
  return records;
}

/** The records of version 3 as a version has them. */
async function expected(migrations: readonly Migration[]): Promise<Map<string, object>> {
  const { migrate: present } = formatOf(migrations);
  return new Map(
    (await oldRecords()).map(({ table, record }) => {
      const now = present(OLD_VERSION, table as 'jobs', record) as Record<string, unknown>;
      const { id, job_id: jobId, date, key } = now;
      return [JSON.stringify([table, id ?? key ?? [jobId, date]]), now];
    }),
  );
}

test('a change of records comes with a step of the schema that older instances have to know', () => {
  expect(SCHEMA.at(-1)!.records).toBe(schemaVersion(MIGRATIONS));
  for (const [index, { needed, records }] of SCHEMA.entries()) {
    const before = SCHEMA[index - 1] ?? { needed: 1, records };
    expect(needed).toBeGreaterThanOrEqual(before.needed);
    expect(needed).toBeLessThanOrEqual(index + 1);
    if (records !== before.records) expect(needed).toBe(index + 1);
  }
});

describe.skipIf(missingPostgres() !== null)('a database of another version', () => {
  let database: TestDatabase;
  const stores: PostgresStore[] = [];
  const databases: Database[] = [];
  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const each of databases.splice(0)) await each.end();
    await database.drop();
  });

  const opened = async (versions?: typeof NEXT_VERSIONS): Promise<PostgresStore> => {
    const store = new PostgresStore({
      url: database.url,
      clock: systemClock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
      ...(versions === undefined ? {} : { versions }),
    });
    stores.push(store);
    await store.open();
    return store;
  };
  const connected = (migrations: readonly Migration[] = MIGRATIONS): Database => {
    const records = new RecordsInRows(formatOf(migrations));
    const made = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS, records });
    databases.push(made);
    return made;
  };
  const rows = async <T>(text: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(text)).rows as T[];
    } finally {
      await client.end();
    }
  };
  /** Fills the database with real records of version 3, as if Cronflow had used it then. */
  const oldRows = async (): Promise<void> => {
    const old = await oldRecords();
    const dump: object[] = [
      { cronflow: 'dump', schema_version: OLD_VERSION, created_at: '2026-01-15T12:00:00.000Z' },
      ...old,
      { end: true, records: old.length },
    ];
    await openOffline(database.url).restore({ lines: texts(dump), name: 'dump', nowAt: NOW_AT });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (const { table, record } of old) {
      if (table === 'meta') continue;
      const version = { $version: OLD_VERSION };
      const { state, ...declared } = record as { state?: object };
      const text = JSON.stringify({ ...version, ...(table === 'jobs' ? declared : record) });
      const key = table === 'days' ? 'job_id = $2 AND date = $3' : 'id = $2';
      const keys = table === 'days' ? [record['job_id'], record['date']] : [record['id']];
      await client.query(`UPDATE cronflow.${table} SET record = $1 WHERE ${key}`, [text, ...keys]);
      if (table === 'jobs')
        await client.query('UPDATE cronflow.states SET state = $1 WHERE job_id = $2', [
          JSON.stringify({ ...version, ...state }),
          record['id'],
        ]);
    }
    await client.end();
  };
  /** How many rows there are of each version of records. */
  const versionsOf = (
    table: string,
    column = 'record',
  ): Promise<{ version: string | null; count: string }[]> =>
    rows(`SELECT ${column}->>'$version' AS version, count(*) FROM cronflow.${table} GROUP BY 1`);

  test('of the first schema goes on, and an instance of the first schema can go on with it', async () => {
    await sql(
      database.url,
      'CREATE SCHEMA cronflow',
      'CREATE TABLE cronflow.schema_version (version integer not null)',
      SCHEMA_1,
      'INSERT INTO cronflow.schema_version VALUES (1)',
    );
    const store = await opened();
    await store.transact(ALL, (tx) => tx.putJob(job('a')));
    // This is what the first version asks as it starts.
    expect(await rows('SELECT max(version) AS version FROM cronflow.schema_version')).toEqual([
      { version: 1 },
    ]);
    expect(await migrate(connected())).toEqual({ from: SCHEMA.length, to: SCHEMA.length });
  });

  test('that needs a newer Cronflow is refused, and so is an export of it', async () => {
    await (await opened()).close();
    await sql(database.url, 'INSERT INTO cronflow.schema_version (version, applied) VALUES (98, 99)');
    const refusal = {
      code: 'store_damaged',
      message: expect.stringContaining('schema version 98') as string,
    };
    await expect(opened()).rejects.toMatchObject(refusal);
    await expect(exported(connected())).rejects.toMatchObject(refusal);
  });

  test('that a newer Cronflow has changed in a way that this one does not mind is used', async () => {
    const before = await opened();
    await sql(database.url, 'INSERT INTO cronflow.schema_version (version, applied) VALUES (1, 99)');
    const after = await opened();
    for (const store of [before, after])
      await store.transact({ meta: ['count'] }, (tx) => increment(tx, 'count'));
    expect(await before.meta('count')).toBe(2);
  });

  test('holds real records of version 3, which are read as they are now and written anew', async () => {
    await oldRows();
    expect(await exported(connected())).toEqual(await expected(MIGRATIONS));
    const store = await opened();
    const old = await oldRecords();
    for (const { table, record } of old.filter((each) => each.table === 'runs')) {
      const [jobId, id] = [record['job_id'] as string, record['id'] as string];
      const now = (await expected(MIGRATIONS)).get(JSON.stringify([table, id]));
      expect(await store.run(jobId, id)).toEqual(now);
      const loaded = await store.view({ ids: [jobId] }, (view) => view.runsOf(jobId).all());
      expect(loaded.find((each) => each.id === id)).toEqual(now);
    }
    await store.close();

    const newer = connected(NEXT);
    await migrate(newer, NEXT_SCHEMA);
    const count = await convertAll(newer);
    const states = old.filter(({ table }) => table === 'jobs').length;
    expect(count).toBe(old.filter(({ table }) => table !== 'meta').length + states);
    for (const table of ['jobs', 'runs', 'days', 'incidents'])
      expect((await versionsOf(table)).map(({ version }) => version)).toEqual([String(schemaVersion(NEXT))]);
    expect((await versionsOf('states', 'state')).map(({ version }) => version)).toEqual([
      String(schemaVersion(NEXT)),
    ]);
    expect(await exported(newer, NEXT_SCHEMA.length)).toEqual(await expected(NEXT));
    expect(await convertAll(newer)).toBe(0);
  });

  test('goes on to be written anew where it was left', async () => {
    await oldRows();
    await migrate(connected(NEXT), NEXT_SCHEMA);
    const total = (await expected(NEXT)).size;
    let count = 0;
    for (;;) {
      // Each transaction comes from an instance of its own, as after a crash of the one before.
      const { next, rows: converted } = await convertSome(connected(NEXT), 7);
      count += converted;
      if (next === 'done') break;
      expect(converted).toBeLessThanOrEqual(7);
    }
    const records = await oldRecords();
    const apart = records.filter(({ table }) => table === 'jobs').length;
    const meta = records.filter(({ table }) => table === 'meta').length;
    expect(count).toBe(total + apart - meta);
    expect(await exported(connected(NEXT), NEXT_SCHEMA.length)).toEqual(await expected(NEXT));
  });

  test('is written anew up to a row that somebody else has locked, and waits for none', async () => {
    await oldRows();
    await migrate(connected(NEXT), NEXT_SCHEMA);
    const [first, second] = (
      await rows<{ id: string }>('SELECT id FROM cronflow.jobs ORDER BY id COLLATE "C" LIMIT 2')
    ).map(({ id }) => id) as [string, string];
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    const hold = (id: string) => holder.query('SELECT FROM cronflow.jobs WHERE id = $1 FOR UPDATE', [id]);
    await holder.query('BEGIN');
    await hold(second);
    expect(await convertSome(connected(NEXT))).toEqual({ next: 'more', rows: 1 });
    expect(await convertSome(connected(NEXT))).toEqual({ next: 'busy', rows: 0 });
    await hold(first);
    await holder.query('COMMIT');
    await holder.end();
    await convertAll(connected(NEXT));
    expect(await exported(connected(NEXT), NEXT_SCHEMA.length)).toEqual(await expected(NEXT));
  });

  test('is refused by an instance of the version before once a newer one has changed its records', async () => {
    const old = await opened();
    await old.transact(ALL, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(run('a', 1));
      tx.putMeta('count', 1);
    });
    const newer = await opened(NEXT_VERSIONS);
    const refusal = {
      code: 'store_unavailable',
      message: expect.stringContaining('brought to a newer version while this Cronflow ran') as string,
    };
    await expect(old.transact({ ids: ['a'] }, (tx) => tx.putRun(run('a', 2)))).rejects.toMatchObject(refusal);
    await expect(old.jobById('a')).rejects.toMatchObject(refusal);
    await expect(old.view(ALL, (view) => view.jobs())).rejects.toMatchObject(refusal);
    await expect(
      old.claimDeliveries({ owner: 'o', now_at: NOW_AT, lease_ms: 1, limit: 1 }),
    ).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(old.health()).toMatchObject({ ok: false, refuses: 'commits' });

    // What it had committed is there, and the newer one goes on.
    expect((await newer.runsOf('a', { skip: 0, limit: 9 })).total).toBe(1);
    expect(await newer.meta('counted')).toBe(1);
    await newer.transact({ ids: ['a'] }, (tx) => tx.putRun(run('a', 2)));
    expect(await newer.run('a', 'a-1')).toMatchObject({ mark: 'runs' });
    const past = await newer.past('a', 0, BACKTEST);
    expect(past.begin === null || past.begin.meta('count') === undefined).toBe(true);
    await until('the rows to be written anew', async () =>
      (await versionsOf('runs')).every(({ version }) => version === String(schemaVersion(NEXT))),
    );
  });

  test('is written anew beside commits, and none is lost', async () => {
    await oldRows();
    const store = await opened(NEXT_VERSIONS);
    const names = (await store.listJobs({ skip: 0, limit: 100 })).items.map(({ id }) => id);
    const before = new Map(
      await Promise.all(names.map(async (id) => [id, (await store.jobById(id))!.state.run_count] as const)),
    );
    const rounds = 10;
    for (let round = 0; round < rounds; round += 1)
      await Promise.all(
        names.map((id) =>
          store.transact({ ids: [id] }, (tx) => {
            const { state } = tx.jobById(id)!;
            const number = state.run_count + 1;
            tx.putRun(run(id, number));
            tx.putState(id, { ...state, run_count: number });
          }),
        ),
      );
    await until(
      'all rows to be written anew',
      async () => (await convertSome(connected(NEXT))).next === 'done',
    );
    for (const id of names) {
      expect((await store.jobById(id))!.state.run_count).toBe(before.get(id)! + rounds);
      expect((await store.run(id, `${id}-${before.get(id)! + rounds}`))?.id).toBeDefined();
    }
  });
});
