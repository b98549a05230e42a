import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import pg from 'pg';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { DAY_MS, MINUTE_MS } from '../../../src/schedule/units.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { Loading } from '../../../src/store/postgres/loading.ts';
import { needOf } from '../../../src/store/postgres/need.ts';
import { TRIM_FEED } from '../../../src/store/postgres/sql/trim-feed.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { Change } from '../../../src/store/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import {
  databaseUrlAt,
  freshDatabase,
  missingPostgres,
  socketPath,
  sql,
  type TestDatabase,
} from '../../support/postgres.ts';
import { delivery, increment, job, NOW_AT, ping, run, systemIncident } from '../../support/records.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const ALL = { all: true };
/** Finds whoever waits for a lock in the database. */
const WAITING =
  "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%cronflow.lanes%'";

const put = (store: PostgresStore, id: string): Promise<void> =>
  store.transact({ ids: [id] }, (tx) => tx.putJob(job(id)));

/** Drops from the feed what may be dropped, as is done once it is old. */
const TRIM = TRIM_FEED.text.replace('$1', String(Date.now() + DAY_MS));

/** Returns the id of the job of a name, in a transaction that changes the job as a ping does. */
function idOfNameOn(store: PostgresStore, name: string): Promise<string | undefined> {
  return store.transact({ names: [name] }, (tx) => {
    const found = tx.jobByName(name);
    if (found !== undefined) tx.putState(found.id, found.state);
    return found?.id;
  });
}

function renameOn(store: PostgresStore, id: string, name: string): Promise<void> {
  return store.transact({ ids: [id] }, (tx) => tx.putJob({ ...tx.jobById(id)!, name }));
}

/** Returns the id of the newest run of a job to which a client gave an id. */
function idOfRidOn(store: PostgresStore, id: string, rid: string): Promise<string | undefined> {
  return store.transact(
    { names: [`job-${id}`], runs: { rids: [rid] } },
    (tx) => tx.runsOf(id).ofRid(rid)?.id,
  );
}

/** Several instances, each with a store of its own, over one database. */
describe.skipIf(missingPostgres() !== null)('instances that share a database', () => {
  let database: TestDatabase;
  let one: PostgresStore;
  let two: PostgresStore;
  const open = async (): Promise<PostgresStore> => {
    const store = new PostgresStore({
      url: database.url,
      clock: systemClock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await store.open();
    return store;
  };
  beforeEach(async () => {
    database = await freshDatabase();
    // Both find no schema, and one of them makes it.
    [one, two] = await Promise.all([open(), open()]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  test('change a value that both count up, one after another', async () => {
    const counts = [one, two].flatMap((store) =>
      Array.from({ length: 40 }, () => store.transact({ meta: ['count'] }, (tx) => increment(tx, 'count'))),
    );
    const seen = await Promise.all(counts);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
  });

  test('give each row of a job a number of its own', async () => {
    await one.transact(ALL, (tx) => tx.putJob(job('a')));
    const added = [one, two].flatMap((store) =>
      Array.from({ length: 20 }, () =>
        store.transact({ names: ['job-a'] }, (tx) => {
          const { id, state } = tx.jobByName('job-a')!;
          const number = state.run_count + 1;
          tx.putRun(run(id, number));
          tx.putState(id, { ...state, run_count: number });
          tx.logEvent(id, { type: 'ping', ping: ping({ received_at: NOW_AT + number }) });
          return number;
        }),
      ),
    );
    const numbers = await Promise.all(added);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    const { items, total } = await two.runsOf('a', { skip: 0, limit: 100 });
    expect([items.length, total]).toEqual([40, 40]);
    const past = await one.past('a', 0, { bytes_max: 1e9, ms_max: 1e9 });
    const received: number[] = [];
    for await (const { event } of past.events())
      if (event.type === 'ping') received.push(event.ping.received_at);
    expect(received).toEqual(Array.from({ length: 40 }, (_, index) => NOW_AT + index + 1));
  });

  test('find a job by its name when another instance has given that name to another job', async () => {
    await one.transact(ALL, (tx) => {
      tx.putJob(job('a', { name: 'backup' }));
      tx.putJob(job('b', { name: 'report' }));
    });
    expect(await idOfNameOn(one, 'backup')).toBe('a');
    await renameOn(two, 'a', 'old');
    expect(await idOfNameOn(one, 'backup')).toBeUndefined();
    await renameOn(two, 'b', 'backup');
    expect([await idOfNameOn(one, 'backup'), await idOfNameOn(one, 'report')]).toEqual(['b', undefined]);
    await renameOn(two, 'b', 'report');
    await renameOn(two, 'a', 'backup');
    // The first instance knows the name of each as that of the other.
    expect(await Promise.all([idOfNameOn(one, 'backup'), idOfNameOn(one, 'report')])).toEqual(['a', 'b']);
  });

  /** Else two of them wait for each other, until the database ends one a second later. */
  test('lock jobs in one order, also where a name belongs to another job by now', async () => {
    await one.transact(ALL, (tx) => {
      for (const id of ['b', 'c', 'z']) tx.putJob(job(id, { name: `name-${id}` }));
    });
    expect(await idOfNameOn(one, 'name-b')).toBe('b');
    await renameOn(two, 'b', 'old');
    await renameOn(two, 'c', 'name-b');
    const [other, watcher] = [0, 1].map(() => new pg.Client({ connectionString: database.url }));
    await Promise.all([other!.connect(), watcher!.connect()]);
    const lock = 'select from cronflow.states where job_id = $1 for update skip locked';
    await other!.query('begin');
    await other!.query(lock, ['c']);
    const found = one.transact({ names: ['name-b', 'name-z'] }, (tx) => {
      const jobs = ['name-b', 'name-z'].map((name) => tx.jobByName(name)!);
      for (const { id, state } of jobs) tx.putState(id, state);
      return jobs.map(({ id }) => id);
    });
    const waiting = WAITING.replace('lanes', 'states');
    await until('it to wait for the first job', async () => (await watcher!.query(waiting)).rowCount === 1);
    expect((await other!.query(lock, ['z'])).rowCount).toBe(1);
    await other!.query('commit');
    await Promise.all([other!.end(), watcher!.end()]);
    expect(await found).toEqual(['c', 'z']);
  });

  test('tell runs of jobs apart that give their runs the same ids', async () => {
    await one.transact(ALL, (tx) => {
      for (const id of ['a', 'b']) {
        tx.putJob(job(id));
        for (const number of [1, 2]) tx.putRun(run(id, number, { rid: id === 'a' ? 'x' : `y${number}` }));
      }
    });
    const asked = [
      ['a', 'x'],
      ['b', 'y1'],
      ['b', 'x'],
      ['a', 'y1'],
    ].map(([id, rid]) => idOfRidOn(two, id!, rid!));
    expect(await Promise.all(asked)).toEqual(['a-2', 'b-1', undefined, undefined]);
  });

  test('make one job of a name, whichever comes first', async () => {
    const made = [one, two].map((store, index) =>
      store.transact({ names: ['same'] }, (tx) => {
        const known = tx.jobByName('same');
        if (known !== undefined) return known.id;
        tx.putJob(job(`id-${index}`, { name: 'same' }));
        return `id-${index}`;
      }),
    );
    const [first, second] = await Promise.all(made);
    expect(first).toBe(second);
    expect((await one.listJobs({ skip: 0, limit: 9 })).total).toBe(1);
  });

  test('open one incident of Cronflow itself', async () => {
    const opened = [one, two, one, two].map((store, index) =>
      store.transact({ system_incidents: true }, (tx) => {
        if (tx.openSystemIncidents().length > 0) return false;
        tx.putIncident(systemIncident(`s${index}`));
        return true;
      }),
    );
    expect((await Promise.all(opened)).filter(Boolean)).toHaveLength(1);
  });

  test('settle different jobs that are due', async () => {
    await one.transact(ALL, (tx) => {
      for (let at = 1; at <= 60; at += 1) tx.putJob(job(`j${at}`, {}, { due_at: at }));
    });
    const settled: string[] = [];
    const settle = async (store: PostgresStore): Promise<void> => {
      for (let count = 1; count > 0;) {
        const ids = await store.transact({ due: { now_at: 99, limit: 7 } }, (tx) => {
          for (const id of tx.due()) tx.putState(id, { ...tx.jobById(id)!.state, due_at: null });
          return tx.due();
        });
        settled.push(...ids);
        count = ids.length;
      }
    };
    await Promise.all([settle(one), settle(two)]);
    // One that found the last jobs locked by the other stops first.
    await settle(one);
    expect(settled).toHaveLength(60);
    expect(new Set(settled).size).toBe(60);
    expect(await two.earliestDueAt()).toBeNull();
  });

  test('claim a delivery once', async () => {
    await one.transact(ALL, (tx) => {
      for (let each = 0; each < 10; each += 1) {
        tx.putJob(job(`j${each}`));
        tx.putDelivery(delivery(`d${each}`, `j${each}`, { notifier: `n${each % 3}` }));
      }
    });
    const claims = Array.from({ length: 8 }, (_, index) => {
      const owner = index % 2 === 0 ? 'one' : 'two';
      const store = owner === 'one' ? one : two;
      return store.claimDeliveries({ owner, now_at: NOW_AT, lease_ms: 60_000, limit: 2 });
    });
    const claimed = (await Promise.all(claims)).flat();
    const ids = claimed.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    expect(ids.toSorted()).toEqual(Array.from({ length: 10 }, (_, index) => `d${index}`));
    for (const notifier of ['n0', 'n1', 'n2']) {
      const owners = claimed
        .filter(({ lease }) => lease.notifier === notifier)
        .map(({ lease }) => lease.owner);
      expect(new Set(owners).size).toBe(1);
    }
  });

  test('leave a lane alone that another claim made while this one waited for the others', async () => {
    const claim = { now_at: NOW_AT, lease_ms: 60_000, limit: 2 };
    const owe = (id: string, notifier: string): Promise<void> =>
      one.transact(ALL, (tx) => {
        tx.putJob(job(id));
        tx.putDelivery(delivery(`d-${id}`, id, { notifier }));
      });
    await owe('a', 'known');
    await one.claimDeliveries({ ...claim, owner: 'one' });
    // What others wait for looks the same for as long as a transaction goes on, so there are two connections.
    const [other, watcher] = [0, 1].map(() => new pg.Client({ connectionString: database.url }));
    await Promise.all([other!.connect(), watcher!.connect()]);
    await other!.query('begin');
    await other!.query('select from cronflow.lanes for update');
    // On a machine that is slow for seconds the claim is refused, which takes nothing from anybody either.
    const claiming = two.claimDeliveries({ ...claim, owner: 'two' }).catch(() => []);
    await until('the claim to wait', async () => {
      const waiting = await watcher!.query(WAITING);
      return waiting.rowCount === 1;
    });
    await owe('b', 'new');
    await other!.query("insert into cronflow.lanes values ('new', 'one', 1, $1)", [NOW_AT + 60_000]);
    await other!.query('commit');
    await Promise.all([other!.end(), watcher!.end()]);
    expect(await claiming).toEqual([]);
    expect(await two.claimDeliveries({ ...claim, owner: 'two' })).toEqual([]);
    expect(await one.claimDeliveries({ ...claim, owner: 'one' })).toHaveLength(1);
  });

  test('hold up everything else while one changes all jobs, and none of it is lost', async () => {
    await one.transact(ALL, (tx) => {
      for (let each = 0; each < 30; each += 1) tx.putJob(job(`j${each}`));
    });
    const pings = Array.from({ length: 60 }, (_, index) =>
      [one, two][index % 2]!.transact({ ids: [`j${index % 30}`] }, (tx) => {
        const { id, state } = tx.jobById(`j${index % 30}`)!;
        tx.putState(id, { ...state, run_count: state.run_count + 1 });
      }),
    );
    const all = two.transact(ALL, (tx) => {
      for (const { id, state } of tx.jobs()) tx.putState(id, { ...state, run_count: state.run_count + 100 });
    });
    await Promise.all([...pings, all]);
    const { items } = await one.listJobs({ skip: 0, limit: 100 });
    expect(items.map(({ state }) => state.run_count)).toEqual(items.map(() => 102));
  });

  describe('hear of what others committed', () => {
    let told: Change[];
    beforeEach(() => {
      told = [];
      two.watch((changes) => void told.push(...changes));
    });
    const jobsTold = (): string[] => told.flatMap((change) => (change.type === 'job' ? change.id : []));

    test('each change once', async () => {
      for (let each = 0; each < 30; each += 1)
        await (each % 3 === 0 ? two : one).transact({ ids: [`j${each}`] }, (tx) =>
          tx.putJob(job(`j${each}`)),
        );
      await until('all changes', () => jobsTold().length >= 30);
      expect(jobsTold().toSorted()).toEqual(Array.from({ length: 30 }, (_, index) => `j${index}`).toSorted());
    });

    test('also of a commit that was under way when they started, behind later ones', async () => {
      const slow = new pg.Client({ connectionString: database.url });
      await slow.connect();
      await slow.query('begin');
      // The place is taken, and nobody sees it before the commit.
      await slow.query('insert into cronflow.feed (instance, at, changes) values ($1, $2, $3)', [
        'another',
        Date.now(),
        JSON.stringify([{ type: 'job', id: 'slow' }]),
      ]);
      await put(one, 'later');
      const late = await open();
      late.watch((changes) => void told.push(...changes));
      await slow.query('commit');
      await slow.end();
      await put(one, 'last');
      // This one and the other watch, and each hears of it.
      await until('the change', () => jobsTold().filter((id) => id === 'slow').length === 2);
      expect(told).not.toContainEqual({ type: 'fresh' });
      await late.close();
    });

    test('also where no notification comes', async () => {
      // A pooler that shares connections takes LISTEN and passes nothing on. Here the connection is not there at all.
      const listening = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cronflow feed'`;
      const deafen = (): Promise<void> => sql(database.url, `SELECT pg_terminate_backend(pid) ${listening}`);
      await deafen();
      await one.transact({ ids: ['a'] }, (tx) => tx.putJob(job('a')));
      await until('the change', async () => {
        await deafen();
        return jobsTold().includes('a');
      });
      expect(jobsTold()).toEqual(['a']);
    });
  });

  test('hold up others for 5 s where they stop while they change all jobs, and longer where there are many', async () => {
    const connections = new Database({ url: database.url, onClock: () => undefined });
    const idleMs = (): Promise<unknown> =>
      connections.write(MINUTE_MS, async (session) => {
        await new Loading(session, needOf([ALL]), 'write', { freeze: false }).begin();
        const [row] = await session.ask({ text: 'show idle_in_transaction_session_timeout' });
        await session.rollback();
        return row?.['idle_in_transaction_session_timeout'];
      });
    // Where there are no jobs yet they hold up nobody, and may be about to make 100,000.
    expect(await idleMs()).toBe('1min');
    await one.transact(ALL, (tx) => {
      for (let each = 0; each < 20; each += 1) tx.putJob(job(`j${each}`));
    });
    expect(await idleMs()).toBe('5020ms');
    await connections.end();
  });

  describe('that lose the database', () => {
    let proxy: TcpProxy;
    let far: PostgresStore;
    let told: string[];
    beforeEach(async () => {
      proxy = await startTcpProxy({ path: socketPath(database.address) });
      far = new PostgresStore({
        url: databaseUrlAt(proxy.port, database.name),
        clock: systemClock,
        log: silentLogger,
      });
      await far.open();
      told = [];
      far.watch((changes) => {
        for (const change of changes) if (change.type === 'job') told.push(change.id);
        if (changes.some(({ type }) => type === 'fresh')) told.push('fresh');
      });
      await put(one, 'before');
      await until('the change', () => told.includes('before'));
      told = [];
    });
    afterEach(async () => {
      await far.close();
      await proxy.close();
    });

    test('hear of all that was committed meanwhile, where it is kept', async () => {
      proxy.refuse();
      await put(one, 'a');
      await put(one, 'b');
      proxy.flow();
      await until('the changes', () => told.includes('b'));
      expect(told).toEqual(['a', 'b']);
    });

    test('are told to look at everything, where the feed was trimmed meanwhile', async () => {
      proxy.refuse();
      await put(one, 'a');
      await put(one, 'b');
      await sql(database.url, TRIM);
      proxy.flow();
      await until('the word', () => told.includes('fresh'));
      told = [];
      await put(one, 'c');
      await until('what comes next', () => told.includes('c'));
      expect(told).not.toContain('fresh');
    });

    test('are told nothing where the feed was trimmed and nothing was committed', async () => {
      proxy.refuse();
      await sql(database.url, TRIM);
      proxy.flow();
      await put(one, 'a');
      await until('the change', () => told.includes('a'));
      expect(told).toEqual(['a']);
    });

    test('are told to look at everything, where a copy took over that lacks commits', async () => {
      proxy.refuse();
      // The copy has nothing of the last commit and gives its place to another one.
      await sql(
        database.url,
        'DELETE FROM cronflow.feed',
        "SELECT setval('cronflow.feed_position_seq', 1, false)",
      );
      await put(one, 'a');
      proxy.flow();
      await until('the word', () => told.includes('fresh'));
      told = [];
      await put(one, 'b');
      await until('what comes next', () => told.includes('b'));
      expect(told).not.toContain('fresh');
    });

    test('are told to look at everything, where a copy took over that lacks commits of their own', async () => {
      await put(far, 'own');
      proxy.refuse();
      await sql(database.url, `DELETE FROM cronflow.feed WHERE changes::text LIKE '%"own"%'`);
      proxy.flow();
      await until('the word', () => told.includes('fresh'));
      expect(told.filter((each) => each === 'fresh')).toEqual(['fresh']);
    });
  });

  test('listen anew where a firewall forgets the connection without a word', async () => {
    const proxy = await startTcpProxy({ path: socketPath(database.address) });
    const url = databaseUrlAt(proxy.port, database.name);
    const far = new PostgresStore({ url, clock: systemClock, log: silentLogger });
    await far.open();
    for (const store of [one, two, far]) await until('it to listen', () => store.presence);
    const told: Change[] = [];
    far.watch((changes) => void told.push(...changes));
    const feeds = async (): Promise<number> => {
      const counted = await watcher.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cronflow feed'",
      );
      return counted.rowCount!;
    };
    const watcher = new pg.Client({ connectionString: database.url });
    await watcher.connect();
    const before = await feeds();
    proxy.forget();
    await one.transact({ ids: ['a'] }, (tx) => tx.putJob(job('a')));
    await until('the change', () => told.some((change) => change.type === 'job'));
    // The database does not know that the old connection leads nowhere.
    await until('a new connection', async () => (await feeds()) > before);
    await until('it to be heard', () => far.presence);
    expect(told).toContainEqual(expect.objectContaining({ type: 'job', id: 'a' }));
    await far.close();
    await watcher.end();
    await proxy.close();
  });

  test('know whether one of them is there, and that its connections are gone', async () => {
    const proxy = await startTcpProxy({ path: socketPath(database.address) });
    const url = databaseUrlAt(proxy.port, database.name);
    const mortal = new PostgresStore({ url, clock: systemClock, log: silentLogger });
    await mortal.open();
    const presence = await until('it to be there', () => mortal.presence);
    const own = await until('this one to be there', () => one.presence);
    expect(await one.absent([presence, own])).toEqual(new Set());
    expect(await two.absent([presence, 'a word of another version', '12345'])).toEqual(new Set(['12345']));
    // The system closes all connections of a process that is killed.
    proxy.refuse();
    await until('its absence', async () => (await two.absent([presence, own])).has(presence));
    expect(await two.absent([own])).toEqual(new Set());
    proxy.flow();
    await until('it to be there again', () => mortal.presence);
    expect(await two.absent([presence])).toEqual(new Set());
    await mortal.close();
    await proxy.close();
  });

  test('do not take each other for one that is gone, where all look for it at once', async () => {
    const gone = Array.from({ length: 200 }, (_, index) => String(1_000 + index));
    const looks = Array.from({ length: 30 }, (_, index) => [one, two][index % 2]!.absent(gone));
    expect(await Promise.all(looks)).toEqual(looks.map(() => new Set(gone)));
  });

  test('start beside a backup that holds the log, on a day for which it has no partition', async () => {
    const backup = new pg.Client({ connectionString: database.url });
    await backup.connect();
    await backup.query('begin');
    await backup.query('lock table cronflow.events in access share mode');
    const clock = createFakeClock(Date.now() + 40 * DAY_MS);
    const later = new PostgresStore({ url: database.url, clock, log: silentLogger });
    await later.open();
    await later.transact({ ids: ['a'] }, (tx) => {
      tx.putJob(job('a'));
      tx.logEvent('a', { type: 'ping', ping: ping({ received_at: NOW_AT }) });
    });
    expect(await later.jobById('a')).toBeDefined();
    await later.close();
    await backup.end();
  });

  test('are refused where the schema is newer than they know', async () => {
    await sql(database.url, 'INSERT INTO cronflow.schema_version (version) VALUES (99)');
    await expect(open()).rejects.toMatchObject({ code: 'store_damaged' });
    await expect(open()).rejects.toThrow('schema version 99');
  });
});
