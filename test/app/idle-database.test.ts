import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { createLogger } from '../../src/observe/log.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { INSTANCES_KEY } from '../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { missingPostgres, PostgresServer } from '../support/postgres.ts';

const JOB_COUNT = 200;
/** So many signs of life are watched. Every other thing that an instance does by the clock has its turn meanwhile. */
const SIGNS = 40;
/** The clock moves on by steps of this. An instance signs every two seconds. */
const STEP_MS = 500;
/** It moves no further than this without a sign. A sign is due after two seconds, and 30 without one are a gap. */
const MOVED_MS_MAX = 8_000;

/**
 * What an instance asks while nothing happens: it signs, and looks whether anything is due, owed or new, and whether
 * this version may still serve. The last one drops what all have read in the feed.
 */
const IDLE_STATEMENTS = new Set([
  'limit_transaction',
  'read_needed',
  'read_meta_value',
  'read_meta',
  'lock_meta',
  'update_meta',
  'lock_system_incidents',
  'read_system_incidents',
  'lock_open_system_incidents',
  'lock_due',
  'read_earliest_due',
  'add_lanes',
  'lock_lanes',
  'read_owed',
  'promote_heads',
  'read_all_lanes',
  'read_feed',
  'trim_feed',
]);

describe.skipIf(missingPostgres() !== null)('an instance on a database with nothing due', () => {
  let directory: string;
  let server: PostgresServer;
  let client: pg.Client;
  let clock: FakeClock;
  let app: App;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cronflow-idle-'));
    server = await PostgresServer.make({ settings: { log_statement: 'all', log_min_messages: 'log' } });
    client = new pg.Client({ connectionString: server.url('postgres') });
    await client.connect();
    clock = createFakeClock();
    const jobs = Array.from({ length: JOB_COUNT }, (_, each) => `  job-${each}: {schedule: 0 0 1 1 *}\n`);
    const configPath = join(directory, 'cronflow.yaml');
    writeFileSync(configPath, `notifiers: {log: {type: log}}\njobs:\n${jobs.join('')}`);
    const logger = createLogger(clock, 'error', () => {});
    const options = { configPath, host: '127.0.0.1', port: 0, noAuth: false, strict: false, env: {} };
    app = createApp({ ...options, storeUrl: 'memory:', clock, logger }, async () => {
      const url = server.url('postgres');
      const store = new PostgresStore({ url, clock, log: logger, answerMsMax: WAIT_LIMIT_MS });
      await store.open();
      return store;
    });
    await app.start();
  }, WAIT_LIMIT_MS);
  afterEach(async () => {
    await app.stop();
    await client.end();
    await server.remove();
    rmSync(directory, { recursive: true });
  });

  const signAt = async (): Promise<number> => {
    const { rows } = await client.query<{ at: string }>(
      `select value::text as at from cronflow.meta where key = '${LIVENESS_KEY}'`,
    );
    return Number(rows[0]?.at);
  };

  /**
   * Moves the clock on until so many more signs of life are stored. It waits for a sign that is on its way, because a
   * long time without one would be a gap, of which all jobs are told.
   */
  const live = async (signs: number): Promise<void> => {
    const untilMs = performance.now() + 2 * WAIT_LIMIT_MS;
    let movedMs = 0;
    for (let seen = 0, last = await signAt(); seen < signs;) {
      if (performance.now() > untilMs) throw new Error(`only ${seen} of ${signs} signs of life came`);
      if (movedMs < MOVED_MS_MAX) await clock.advance(STEP_MS);
      movedMs += STEP_MS;
      const at = await signAt();
      if (at === last) continue;
      last = at;
      movedMs = 0;
      seen += 1;
    }
  };

  /** Counts the rows of each table, and those of them that were written by a transaction from `xid` on. */
  const rowsOf = async (xid: string): Promise<{ name: string; all: number; written: number }[]> => {
    const { rows: tables } = await client.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'cronflow' order by tablename",
    );
    const counted = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ all: number; written: number }>(
        `select count(*)::int as all, count(*) filter (where xmin::text::bigint >= $1)::int as written
        from cronflow.${name}`,
        [xid],
      );
      counted.push({ name, ...rows[0]! });
    }
    return counted;
  };

  test(
    'writes its signs of life and nothing else, and asks for little',
    async () => {
      // What a start leaves to be done goes by.
      await live(20);
      const { rows: begun } = await client.query<{ xid: string; pid: number }>(
        'select txid_snapshot_xmax(txid_current_snapshot())::text as xid, pg_backend_pid() as pid',
      );
      const { xid, pid } = begun[0]!;
      const before = await rowsOf(xid);
      const logged = server.log().length;

      await live(SIGNS);

      const after = await rowsOf(xid);
      expect(after.filter(({ written }) => written > 0).map(({ name }) => name)).toEqual(['meta']);
      const { rows: written } = await client.query<{ key: string }>(
        'select key from cronflow.meta where xmin::text::bigint >= $1 order by key',
        [xid],
      );
      expect(written.map(({ key }) => key)).toEqual([INSTANCES_KEY, LIVENESS_KEY]);
      // What the start said in the feed may go meanwhile, since all have read it.
      const kept = (tables: typeof after): unknown[] =>
        tables.filter(({ name }) => name !== 'feed').map(({ name, all }) => [name, all]);
      expect(kept(after)).toEqual(kept(before));
      const names = asked(server.log().slice(logged), pid);
      expect(names).toContain('update_meta');
      expect(names.filter((name) => !IDLE_STATEMENTS.has(name))).toEqual([]);
    },
    5 * WAIT_LIMIT_MS,
  );
});

/** Returns the names of the statements in a log of the database, without their hashes, but for those of one process. */
function asked(log: string, except: number): string[] {
  return Array.from(log.matchAll(/\[(\d+)\] LOG: {2}execute ([^:]+?)(?:_[0-9a-f]{8})?: ?$/gm))
    .filter(([, pid]) => Number(pid) !== except)
    .map(([, , name]) => name!);
}
