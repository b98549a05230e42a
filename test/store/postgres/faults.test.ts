import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import {
  databaseUrl,
  databaseUrlAt,
  freshDatabase,
  missingPostgres,
  socketPath,
  sql,
  type TestDatabase,
} from '../../support/postgres.ts';
import { increment, job, run } from '../../support/records.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const COUNT = { meta: ['count'] };
/** Ends the connections of others to the database, for which a condition holds. */
const ended = (condition: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`;
const UNAVAILABLE = { code: 'store_unavailable' };

/** A database that has become a copy, or the first again, knows no connection from before. */
function becomeReadOnly({ name, address }: TestDatabase, value: 'on' | 'off'): Promise<void> {
  return sql(
    databaseUrl(address, 'postgres'),
    `ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
  );
}

describe.skipIf(missingPostgres() !== null)('a database behind a network that fails', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let store: PostgresStore;
  let warnings: string[];
  beforeEach(async () => {
    database = await freshDatabase();
    proxy = await startTcpProxy({ path: socketPath(database.address) });
    warnings = [];
    const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const url = databaseUrlAt(proxy.port, database.name);
    store = new PostgresStore({ url, clock: systemClock, log });
    await store.open();
  });
  /** Opens a store that waits longer, for what has to work on a busy machine, too. */
  const patient = async (): Promise<void> => {
    await store.close();
    const url = databaseUrlAt(proxy.port, database.name);
    store = new PostgresStore({ url, clock: systemClock, log: silentLogger, answerMsMax: WAIT_LIMIT_MS });
    await store.open();
  };
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await database.drop();
  });

  let calls = 0;
  const count = (): Promise<number> => {
    calls += 1;
    return store.transact(COUNT, (tx) => increment(tx, 'count'));
  };
  /** Has the database do something whenever a table gets a row. */
  const trigger = (table: string, act: string): Promise<void> =>
    sql(
      database.url,
      `CREATE FUNCTION ${table}_act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${act} RETURN NEW; END $$`,
      `CREATE TRIGGER ${table}_act BEFORE INSERT ON cronflow.${table} FOR EACH ROW EXECUTE FUNCTION ${table}_act()`,
    );
  /** Does what a sign of life does. */
  const sign = (): Promise<number> =>
    store.transact({ ...COUNT, like_ping: true }, (tx) => increment(tx, 'count'));
  const ping = (number: number): Promise<void> =>
    store.transact({ ids: ['a'] }, (tx) => tx.putRun(run('a', number)));
  const addJob = (): Promise<void> => store.transact({ ids: ['a'] }, (tx) => tx.putJob(job('a')));
  const works = (): Promise<unknown> =>
    until('the store to take commits again', () => store.health().ok && count().catch(() => undefined));

  test('that answers nothing refuses every commit and read, and goes on by itself', async () => {
    expect(await count()).toBe(1);
    proxy.swallow();
    const refused = Array.from({ length: 20 }, () => count());
    await expect(store.jobById('a')).rejects.toMatchObject(UNAVAILABLE);
    for (const each of refused) await expect(each).rejects.toMatchObject(UNAVAILABLE);
    expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
    // Whatever the database heard of them by now must not be half of anything.
    proxy.flow();
    await works();
    expect(store.health()).toEqual({ ok: true });
    expect(await store.jobById('a')).toBeUndefined();
  });

  test('that ends all connections between two commits loses neither, and refuses none', async () => {
    await patient();
    for (let each = 1; each <= 5; each += 1) {
      expect(await count()).toBe(each);
      proxy.cut();
    }
    expect(store.health()).toEqual({ ok: true });
  });

  test('that is gone for a moment is waited for', async () => {
    await patient();
    await count();
    proxy.refuse();
    const counted = count();
    await expect(store.jobById('a')).rejects.toMatchObject(UNAVAILABLE);
    proxy.flow();
    expect(await counted).toBe(2);
    expect(store.health()).toEqual({ ok: true });
  });

  test('that is gone refuses every commit and read, and goes on by itself', async () => {
    expect(await count()).toBe(1);
    proxy.refuse();
    await expect(count()).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.listJobs({ skip: 0, limit: 1 })).rejects.toMatchObject(UNAVAILABLE);
    await expect(
      store.claimDeliveries({ owner: 'a', now_at: 1, lease_ms: 1, limit: 1 }),
    ).rejects.toMatchObject(UNAVAILABLE);
    expect(store.health().ok).toBe(false);
    proxy.flow();
    await works();
  });

  test('that is cut again and again loses nothing that was answered', async () => {
    const outcomes = { answered: 0, refused: 0 };
    const callsBefore = calls;
    const client = async (): Promise<void> => {
      while (outcomes.answered < 25) {
        await count().then(
          () => (outcomes.answered += 1),
          (error: unknown) => {
            outcomes.refused += 1;
            expect(error).toMatchObject(UNAVAILABLE);
          },
        );
      }
    };
    const clients = Promise.all(Array.from({ length: 5 }, client));
    const done = clients.then(() => true);
    while (!(await Promise.race([done, new Promise<false>((resolve) => setTimeout(resolve, 40, false))])))
      proxy.cut();
    await done;
    await works();
    const stored = (await store.meta('count')) as number;
    // A commit whose answer was lost counts as refused, and may be there.
    expect(stored).toBeGreaterThan(outcomes.answered);
    expect(stored).toBeLessThanOrEqual(calls - callsBefore);
  });

  test('that ends connections, as a restart does, loses no commit that came after', async () => {
    await addJob();
    await sql(database.url, ended('true'));
    await until('a read', () => store.jobById('a').catch(() => undefined));
    await works();
    expect(store.health()).toEqual({ ok: true });
  });

  test('that forgets prepared statements, as a pooler may, is asked without them', async () => {
    await patient();
    await count();
    await sql(
      database.url,
      `CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NULL; END $$`,
      'CREATE TRIGGER forgets AFTER UPDATE ON cronflow.meta FOR EACH STATEMENT EXECUTE FUNCTION forget()',
    );
    const counts = [await count(), await count(), await count()];
    expect(counts).toEqual([2, 3, 4]);
    expect(await store.meta('count')).toBe(4);
    expect(store.health()).toEqual({ ok: true });
  });

  test('that drops all connections without a word costs one refusal, and not one for each', async () => {
    const connections = new Database({
      url: databaseUrlAt(proxy.port, database.name),
      onClock: () => undefined,
      answerMsMax: WAIT_LIMIT_MS,
    });
    const asked = (limitMs = WAIT_LIMIT_MS): Promise<unknown> =>
      connections.write(limitMs, (session) => session.ask({ text: 'select pg_sleep(0.2)' }));
    // Two at the same time need a connection each.
    await Promise.all([asked(), asked()]);
    proxy.forget();
    await expect(asked(1_000)).rejects.toThrow('did not answer');
    await asked();
    await connections.end();
  });

  test('that is busy with all jobs for long refuses who waits, and goes on by itself', async () => {
    await count();
    await trigger('meta', `IF NEW.key = 'slow' THEN PERFORM pg_sleep(120); END IF;`);
    let isOver = false;
    const all = store.transact({ all: true }, (tx) => tx.putMeta('slow', 1)).catch(() => {});
    void all.then(() => (isOver = true));
    await expect(count()).rejects.toMatchObject(UNAVAILABLE);
    expect(isOver).toBe(false);
    await sql(database.url, ended("query LIKE '%cronflow.meta%'"));
    await all;
    await works();
    // Whoever was refused before its turn is not counted.
    expect(await store.meta('count')).toBe(2);
  });

  test('that is full refuses commits, and counts as failing until it has room', async () => {
    await count();
    const full = ['feed', 'events', 'meta_history'];
    for (const table of full)
      await trigger(table, "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';");
    await expect(addJob()).rejects.toMatchObject(UNAVAILABLE);
    // A value finds room in a page that is there, and to read needs none.
    expect(await count()).toBe(2);
    const warned = warnings.length;
    await until('it to be asked again and again', () => {
      expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
      return warnings.length >= warned + 2;
    });
    for (const table of full) await sql(database.url, `DROP TRIGGER ${table}_act ON cronflow.${table}`);
    await until('the store to work again', () => store.health().ok);
    await addJob();
  });

  test.each(['undefined_column', 'index_corrupted', 'io_error', 'undefined_file'])(
    'whose tables are damaged counts as failing for as long as pings fail, though signs are stored: %s',
    async (code) => {
      await addJob();
      await trigger('runs', `RAISE EXCEPTION 'the table is damaged' USING ERRCODE = '${code}';`);
      await expect(ping(1)).rejects.toMatchObject(UNAVAILABLE);
      await until('a sign', () => sign().catch(() => undefined));
      await expect(ping(1)).rejects.toMatchObject(UNAVAILABLE);
      const warned = warnings.length;
      await until('it to be asked again and again', async () => {
        expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
        await sign().catch(() => undefined);
        return warnings.length >= warned + 2;
      });
      await sql(database.url, 'DROP TRIGGER runs_act ON cronflow.runs');
      await until('a ping', () =>
        ping(1).then(
          () => true,
          () => undefined,
        ),
      );
      await until('the store to work again', () => store.health().ok);
    },
  );

  test('that refuses one ping for an odd reason counts as failing no longer than to the next sign', async () => {
    await addJob();
    await trigger('runs', "RAISE EXCEPTION 'could not open relation' USING ERRCODE = 'internal_error';");
    await expect(ping(1)).rejects.toMatchObject(UNAVAILABLE);
    expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
    await sql(database.url, 'DROP TRIGGER runs_act ON cronflow.runs');
    // Nobody pings for a while, so nothing but a sign, or a try of the database, can say that it works.
    await until('a sign', () => sign().catch(() => undefined));
    expect(store.health()).toEqual({ ok: true });
  });

  // `VACUUM FULL`, `REINDEX` or a change of a table by hand hold up pings, and nothing that does without that table.
  test.each(['runs', 'outputs', 'feed'])(
    'in which somebody has locked the table %s counts as failing, though other commits succeed',
    async (table) => {
      await store.transact({ ids: ['a'] }, (tx) => tx.putJob(job('a')));
      const holder = new pg.Client({ connectionString: database.url });
      await holder.connect();
      await holder.query(`begin; lock table cronflow.${table} in access exclusive mode`);
      await expect(sign()).rejects.toMatchObject(UNAVAILABLE);
      // A commit that needs nothing of that table.
      await until('another commit', () => count().catch(() => undefined));
      expect(store.health()).toMatchObject({ ok: false, refuses: 'commits' });
      await holder.end();
      await until('a sign', () => sign().catch(() => undefined));
      // The sign is the proof, so nobody is told of trouble once it is stored.
      expect(store.health()).toEqual({ ok: true });
    },
  );

  test('that takes writes again, and ends no connection, is noticed on those that there are', async () => {
    await until('a commit', () => count().catch(() => undefined));
    await becomeReadOnly(database, 'on');
    await until('a refusal', () =>
      count().then(
        () => undefined,
        () => !store.health().ok,
      ),
    );
    // A connection keeps the settings with which it began, or leads to a server that has become a copy.
    await sql(
      databaseUrl(database.address, 'postgres'),
      `ALTER DATABASE ${database.name} SET default_transaction_read_only = off`,
    );
    await works();
    expect(store.health()).toEqual({ ok: true });
  });

  test('in which somebody changes the type of a column refuses no commit', async () => {
    await patient();
    for (let each = 0; each < 5; each += 1) await count();
    await sql(database.url, 'ALTER TABLE cronflow.meta ALTER COLUMN value TYPE jsonb USING value::jsonb');
    // A statement that is prepared on a connection is refused there from now on.
    expect(await count()).toBe(6);
    expect(await store.meta('count')).toBe(6);
    expect(store.health()).toEqual({ ok: true });
  });

  test('that takes no writes, as a copy does, refuses commits and is read', async () => {
    await addJob();
    await becomeReadOnly(database, 'on');
    await until('a refusal', () =>
      count().then(
        () => undefined,
        () => !store.health().ok,
      ),
    );
    await until('a read', () => store.jobById('a').catch(() => undefined));
    await becomeReadOnly(database, 'off');
    await works();
    expect(store.health()).toEqual({ ok: true });
  });
});
