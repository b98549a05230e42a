import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { Listener } from '../../../src/store/postgres/listener.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { databaseUrl, freshDatabase, socketPath, sql, type TestDatabase } from '../../support/postgres.ts';
import { missingPgBouncer, PgBouncer, type PoolMode } from '../../support/postgres/pgbouncer.ts';
import { increment, job, NOW_AT, run } from '../../support/records.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const missing = missingPgBouncer();
const where = missing === null ? '' : `: ${missing}`;
const COUNT = { meta: ['count'] };
const UNAVAILABLE = { code: 'store_unavailable' };

/** Lets each commit that changes a value wait for a lock of the test. */
const COMMITS_WAIT = [
  `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true);
    PERFORM pg_advisory_xact_lock(7);
    RETURN NULL;
  END $$`,
  'CREATE CONSTRAINT TRIGGER waits AFTER UPDATE ON cronflow.meta DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()',
];
/** Finds commits that are under way, and those of them that wait. */
const COMMITTING = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query ILIKE '%commit%'`;
const WAITING = `${COMMITTING} AND wait_event_type = 'Lock'`;

/** Fewer connections than the stores have, so that they share them; each client of a session keeps its own. */
const POOL_SIZES: Record<PoolMode, string> = { transaction: '3', session: '40' };

const count = (store: PostgresStore): Promise<number> =>
  store.transact(COUNT, (tx) => increment(tx, 'count'));

describe.skipIf(missing !== null).each(['transaction', 'session'] as const)(
  `a database behind PgBouncer in %s mode${where}`,
  (mode) => {
    let database: TestDatabase;
    let proxy: TcpProxy;
    let bouncer: PgBouncer;
    let stores: PostgresStore[];
    beforeEach(async () => {
      stores = [];
      database = await freshDatabase();
      proxy = await startTcpProxy({ path: socketPath(database.address) });
      bouncer = await PgBouncer.make(proxy.port, { mode, settings: { default_pool_size: POOL_SIZES[mode] } });
    });
    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await bouncer.remove();
      await proxy.close();
      await database.drop();
    });

    const open = async (answerMsMax: number | null = WAIT_LIMIT_MS): Promise<PostgresStore> => {
      const store = new PostgresStore({
        url: databaseUrl(bouncer.address, database.name),
        clock: systemClock,
        log: silentLogger,
        ...(answerMsMax === null ? {} : { answerMsMax }),
      });
      await store.open();
      stores.push(store);
      return store;
    };
    test('serves stores that start one after another and at once, and none loses a commit', async () => {
      const first = await open();
      await count(first);
      const all = [first, await open(), ...(await Promise.all([open(), open()]))];
      const told: string[] = [];
      all[3]!.watch((changes) => {
        for (const each of changes) if (each.type === 'job') told.push(each.id);
      });
      const changed = all.flatMap((store, index) =>
        Array.from({ length: 15 }, async (_, each) => {
          const id = `j${index}-${each}`;
          await store.transact({ ids: [id] }, (tx) => {
            tx.putJob(job(id));
            tx.putRun(run(id, 1));
          });
          await count(store);
          // What one has committed any other reads.
          const other = all[(index + 1) % all.length]!;
          expect((await other.runsOf(id, { skip: 0, limit: 9 })).total).toBe(1);
          return id;
        }),
      );
      const ids = await Promise.all(changed);
      expect(await first.meta('count')).toBe(61);
      await until('all changes to be told', () => new Set(told).size >= ids.length);
      expect(told.toSorted()).toEqual(ids.toSorted());
      for (const store of all) expect(store.health()).toEqual({ ok: true });
    });

    test('does not commit twice what it was told to commit, where the answer is lost', async () => {
      const store = await open();
      await count(store);
      await sql(database.url, ...COMMITS_WAIT);
      const holder = new pg.Client({ connectionString: database.url });
      await holder.connect();
      await holder.query('SELECT pg_advisory_lock(7)');
      const waiting = async (): Promise<number> => (await holder.query(WAITING)).rowCount ?? 0;
      const counted = count(store);
      await until('the commit to be under way', async () => (await waiting()) > 0);
      // The database goes on with a commit although nobody is left whom it could answer.
      proxy.cut();
      await expect(counted).rejects.toMatchObject(UNAVAILABLE);
      await holder.query('SELECT pg_advisory_unlock(7)');
      await until('the commit to end', async () => (await holder.query(COMMITTING)).rowCount === 0);
      await holder.end();
      await sql(database.url, 'DROP TRIGGER waits ON cronflow.meta');
      const stored = await until('a read', () => store.meta('count').catch(() => undefined));
      expect(stored).toBe(2);
    });

    test.runIf(mode === 'session')('shows by its connection whether an instance is there', async () => {
      const [one, two] = [await open(), await open()];
      const presence = await until('it to be there', () => one.presence);
      expect(await two.absent([presence])).toEqual(new Set());
      await one.close();
      await until('its absence', async () => (await two.absent([presence])).has(presence));
    });

    test.runIf(mode === 'transaction')('holds no lock by which an instance would be known', async () => {
      const url = databaseUrl(bouncer.address, database.name);
      const connections = new Database({ url, onClock: () => undefined });
      const lost: boolean[] = [];
      const listener = new Listener({
        database: connections,
        url,
        instance: 'one',
        log: silentLogger,
        onNotified: () => undefined,
        onLost: (wasHeard) => void lost.push(wasHeard),
      });
      listener.open();
      await until('it to give up', () => lost.length > 0);
      expect([lost[0], listener.presence]).toEqual([false, null]);
      listener.close();
      await connections.end();
    });

    test('that is away is refused, and used again once it is back', async () => {
      const store = await open(null);
      await until('a commit', () => count(store).catch(() => undefined));
      proxy.refuse();
      await expect(count(store)).rejects.toMatchObject(UNAVAILABLE);
      await expect(
        store.claimDeliveries({ owner: 'a', now_at: NOW_AT, lease_ms: 1, limit: 1 }),
      ).rejects.toMatchObject(UNAVAILABLE);
      expect(store.health().ok).toBe(false);
      proxy.flow();
      await until('it to be used again', () => store.health().ok && count(store).catch(() => undefined));
      await until('a read', () => store.meta('count').catch(() => undefined));
    });
  },
);
