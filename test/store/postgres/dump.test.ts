import fc from 'fast-check';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import type { DumpLine, Imported, OfflineStore } from '../../../src/store/offline.ts';
import { openOffline } from '../../../src/store/open/open-offline.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { freshDatabase, missingPostgres, sql, type TestDatabase } from '../../support/postgres.ts';
import {
  job,
  NOW_AT,
  openRun,
  run,
  skipRow,
  slotsRow,
  systemDelivery,
  systemIncident,
} from '../../support/records.ts';
import { until } from '../../support/until.ts';
import { ALL, dump, step } from '../lowdb/workload.ts';

const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

let directory: string;
let database: TestDatabase;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-dump-'));
  if (missing === null) database = await freshDatabase();
});
afterEach(async () => {
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

const embedded = (name: string): OfflineStore => openOffline(`lowdb:${join(directory, name)}`);
const shared = (): OfflineStore => openOffline(database.url);

async function linesOf(store: OfflineStore): Promise<DumpLine[]> {
  const lines: DumpLine[] = [];
  for await (const line of store.dump(NOW_AT)) lines.push(line);
  return lines;
}

/** What tells a record from the others of its table. */
function keyOf(record: object): string {
  const { id, job_id, run_id, date, key } = record as Record<string, unknown>;
  return JSON.stringify([id, job_id, run_id, date, key]);
}

/**
 * The lines of a dump so that those of different stores compare. Incidents and deliveries come in the order in which
 * they were put, which means something; the order of the others is each store's own.
 */
function comparable(lines: readonly DumpLine[]): Record<string, unknown[]> {
  const tables: Record<string, object[]> = {};
  for (const line of lines) if ('table' in line) (tables[line.table] ??= []).push(line.record);
  for (const [table, records] of Object.entries(tables))
    if (table !== 'incidents' && table !== 'deliveries')
      records.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return tables;
}

function into(store: OfflineStore, lines: readonly (DumpLine | string)[]): Promise<Imported> {
  const texts = (async function* () {
    for (const line of lines) yield typeof line === 'string' ? line : JSON.stringify(line);
  })();
  return store.restore({ lines: texts, name: 'dump', nowAt: NOW_AT });
}

/** A data directory after that many transactions of every kind, and with records that are rare. */
async function lived(name: string, transactions: number): Promise<void> {
  const store = new LowdbStore({
    directory: join(directory, name),
    clock: createFakeClock(NOW_AT),
    log: silentLogger,
  });
  await store.open();
  for (let count = 0; count < transactions; count += 1) await store.transact(ALL, step);
  await store.transact(ALL, (tx) => {
    tx.putJob(job('removed', { name: 'removed', removed_at: NOW_AT }, { run_count: 5 }));
    tx.putRun(run('removed', 1, { host: 'web\u00001', rid: 'r' }));
    tx.putRun(slotsRow('removed', 2));
    tx.putRun(skipRow('removed', 3));
    tx.putRun(openRun('removed', 5));
    tx.putOutput('removed', 'removed-1', {
      text: 'null \u0000, line \u2028, half \ud83d\ude00',
      dropped_bytes: 9,
    });
    tx.putIncident(systemIncident('system'));
    tx.putDelivery(systemDelivery('system.ops'));
    tx.putMeta('alive', NOW_AT);
    tx.putMeta('nothing', null);
    tx.putMeta('deep', { a: [1, { b: 'ü \u0000' }] });
  });
  await store.close();
}

/** Counts the jobs of which every row would be read to find open runs. */
async function jobsOfUnknownHeads(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::integer as count from cronflow.states
       where heads_from is null or kept is null or not starts_with(state::text, ' ')`,
    );
    return rows[0]!.count;
  } finally {
    await client.end();
  }
}

describe.skipIf(missing !== null)(`a whole store moves${where}`, () => {
  test('to PostgreSQL and back, and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 120 }), fc.uuid(), async (transactions, name) => {
        await lived(name, transactions);
        const first = await linesOf(embedded(name));
        await sql(database.url, 'DROP SCHEMA IF EXISTS cronflow CASCADE');
        const imported = await into(shared(), first);
        expect(imported).toEqual(await into(embedded(`${name}-straight`), first));
        expect(await jobsOfUnknownHeads(database.url)).toBe(0);
        const second = await linesOf(shared());
        expect(comparable(second)).toEqual(comparable(first));
        expect(second[0]).toEqual(first[0]);
        await into(embedded(`${name}-back`), second);
        expect(comparable(await linesOf(embedded(`${name}-back`)))).toEqual(comparable(first));
      }),
      { numRuns: 4 },
    );
  });

  test('and the store that it became answers as the one that it was', async () => {
    await lived('data', 60);
    const options = { clock: createFakeClock(NOW_AT), log: silentLogger };
    await into(shared(), await linesOf(embedded('data')));
    const before = new LowdbStore({ directory: join(directory, 'data'), ...options });
    const after = new PostgresStore({ url: database.url, ...options });
    await Promise.all([before.open(), after.open()]);
    expect(await dump(after)).toEqual(await dump(before));
    // It goes on: what comes next is numbered on, and a run of before is found.
    const both = await Promise.all([before.transact(ALL, step), after.transact(ALL, step)]);
    expect(both[1]).toBe(both[0]);
    expect(await dump(after)).toEqual(await dump(before));
    await Promise.all([before.close(), after.close()]);
  });

  test('of an older version, whose records are brought up to date', async () => {
    const line = { table: 'deliveries', record: { id: 'd', owed_again: true, job_id: 'j', facts: {} } };
    const delivery = { notifier: 'ops', incident_id: 'i', status: 'sent', created_at: 1, kind: 'opened' };
    const old = [
      { cronflow: 'dump', schema_version: 2, created_at: '2026-01-01T00:00:00.000Z' },
      { ...line, record: { ...line.record, ...delivery } },
      { end: true, records: 1 },
    ] as DumpLine[];
    await into(shared(), old);
    const [, found] = await linesOf(shared());
    expect(found).toMatchObject({ record: { id: 'd', redelivered: true } });
  });
});

describe.skipIf(missing !== null)(`an import that goes wrong${where}`, () => {
  let lines: DumpLine[];
  beforeEach(async () => {
    await lived('data', 40);
    lines = await linesOf(embedded('data'));
  });

  test('leaves the database empty, so that one can begin again', async () => {
    const half = Math.floor(lines.length / 2);
    await expect(into(shared(), lines.slice(0, half))).rejects.toThrow(
      `dump:${half}: the end is missing: it was cut short. Export it again. Nothing was imported.`,
    );
    await expect(into(shared(), [...lines.slice(0, half), 'no json'])).rejects.toThrow(
      `dump:${half + 1}: this line is no JSON object. Nothing was imported.`,
    );
    await expect(
      into(shared(), [lines[0]!, { table: 'jobs', record: {} }, ...lines.slice(2)]),
    ).rejects.toThrow('here, or a little before, a record lacks what it must have');
    expect(comparable(await linesOf(shared()))).toEqual({});
    expect((await into(shared(), lines)).records).toBe(lines.length - 2);
  });

  test('does so also when its process dies in the middle', async () => {
    const reached = new EventEmitter();
    const isReached = once(reached, 'reached');
    const dying = (async function* () {
      for (const line of lines.slice(0, -1)) yield JSON.stringify(line);
      reached.emit('reached');
      await new Promise(() => {});
    })();
    const importing = shared().restore({ lines: dying, name: 'dump', nowAt: NOW_AT });
    importing.catch(() => undefined);
    await isReached;
    // Nobody sees a part of it meanwhile.
    expect(comparable(await linesOf(shared()))).toEqual({});
    // The database ends the connection, as it does when the other end is gone.
    await sql(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'`,
    );
    expect(comparable(await linesOf(shared()))).toEqual({});
    expect((await into(shared(), lines)).records).toBe(lines.length - 2);
  });

  test('that takes a while is waited for by an instance that starts, which says so', async () => {
    const said: string[] = [];
    const events = new EventEmitter();
    const [isReached, goesOn] = [once(events, 'reached'), once(events, 'go on')];
    const slow = (async function* () {
      for (const line of lines.slice(0, -1)) yield JSON.stringify(line);
      events.emit('reached');
      await goesOn;
      yield JSON.stringify(lines.at(-1));
    })();
    const importing = shared().restore({ lines: slow, name: 'dump', nowAt: NOW_AT });
    await isReached;
    const store = new PostgresStore({
      url: database.url,
      clock: createFakeClock(NOW_AT),
      log: { ...silentLogger, warn: (text, fields) => void said.push(`${text} ${JSON.stringify(fields)}`) },
    });
    const opening = store.open();
    const line = await until('a word about it', () =>
      said.find((each) => each.includes('its schema is locked')),
    );
    expect(line).toContain('another Cronflow fills the database (cronflow store import)');
    events.emit('go on');
    await importing;
    await opening;
    expect((await store.listJobs({ skip: 0, limit: 9 })).total).toBeGreaterThan(0);
    await store.close();
  });

  test('is refused where there is data, and that stays', async () => {
    await into(shared(), lines);
    await expect(into(shared(), lines)).rejects.toThrow(
      'The database holds data already, and an import never mixes two stores.',
    );
    expect(comparable(await linesOf(shared()))).toEqual(comparable(lines));
  });

  /** As where the disk is full onto which it is written. */
  test('an export of which nobody reads the rest lets go of the database', async () => {
    await into(shared(), lines);
    await sql(
      database.url,
      `INSERT INTO cronflow.audit (id, at, jobs, record) SELECT 'more-' || n, n, '{}', '{}' FROM generate_series(1, 20000) n`,
    );
    for await (const line of shared().dump(NOW_AT)) if ('table' in line && line.table === 'audit') break;
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const connections = (): Promise<number | null> =>
      client
        .query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cronflow'",
        )
        .then(({ rowCount }) => rowCount);
    await until('its connection to end', async () => (await connections()) === 0);
    expect(await connections()).toBe(0);
    await client.end();
  });

  test('an export of a database that Cronflow never used says so', async () => {
    await expect(linesOf(shared())).rejects.toThrow('The database holds no data of Cronflow.');
  });
});
