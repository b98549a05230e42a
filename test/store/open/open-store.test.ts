import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { databaseNameOf } from '../../../src/store/postgres/address.ts';
import { openOffline } from '../../../src/store/open/open-offline.ts';
import { openStore } from '../../../src/store/open/open-store.ts';
import { isShared, storeNameOf, storePlaceOf, storeUrlOf } from '../../../src/store/open/url.ts';
import { delivery, ids, incident, job, NOW_AT, openRun } from '../../support/records.ts';

const PARTS = { clock: systemClock, log: silentLogger };

let root: string;
let url: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-open-'));
  url = storeUrlOf(undefined, join(root, 'data'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the URL of a store', () => {
  test.each([undefined, '', 'lowdb'])('is that of the data directory where CRONFLOW_STORE is %j', (named) => {
    expect(storePlaceOf(storeUrlOf(named, '/var/lib/a b'))).toEqual({
      kind: 'lowdb',
      directory: '/var/lib/a b',
    });
  });

  test('is that of a database where CRONFLOW_STORE is one', () => {
    for (const named of ['postgres://me:secret@db/cronflow', 'postgresql:///cronflow?host=/run/postgresql']) {
      expect(storePlaceOf(storeUrlOf(named, '/data'))).toEqual({ kind: 'postgres', url: named });
      expect(isShared(named)).toBe(true);
    }
    expect(isShared('lowdb:/data')).toBe(false);
  });

  test.each([
    ['postgres://me:p@HUNTER2/x@db/cronflow', 'it has the character "@" after the host'],
    ['postgres://me:1/HUNTER2@db/cronflow', 'it has the character "@" after the host'],
    ['postgres://me:p@HUNTER2?x@db/cronflow', 'it has the character "@" after a "?"'],
    ['postgres://me:1?HUNTER2@db/cronflow', 'it has the character "@" after a "?"'],
    ['postgres://me:p@x#HUNTER2@db/cronflow', 'it has the character "#"'],
    ['postgres://me:HUNTER2%@db/cronflow', 'it has a "%" that no two hexadecimal digits follow'],
    ['postgres://me:HUNTER2:5/x', 'its host and port cannot be read'],
    ['postgres://me:HUNTER2@db1:5432,db2/cronflow', 'it names several hosts'],
    ['postgres://me:HUNTER2@/cronflow?host=db1,db2', 'it names several hosts'],
    ['postgres://me:HUNTER2@db:99999/cronflow', 'its port is no number from 1 to 65535'],
    ['postgres://me:HUNTER2@db:0/cronflow', 'its port is no number from 1 to 65535'],
    ['postgres://me:HUNTER2@/cronflow?host=db&port=pg', 'its port is no number from 1 to 65535'],
    ['postgres://me:HUNTER2 %2F@db/cronflow', 'it has a space and a "%"; a space is written as %20'],
    [
      'postgres://me:HUNTER2@/cronflow?hostaddr=10.0.0.7',
      'its parameter "hostaddr" means nothing to Cronflow; take it out. There are host, ',
    ],
    [
      'postgres://me:HUNTER2@db/cronflow?ssl=true&target_session_attrs=any',
      'its parameter "target_session_attrs" means nothing',
    ],
    [
      'postgres://me:HUNTER2@db/cronflow?sslmode=require&channel_binding=require',
      'its parameter "channel_binding" means nothing to Cronflow; take it out.',
    ],
    ['postgres://me:HUNTER2@db/cronflow?connect_timeout=soon', 'its connect_timeout is no number of seconds'],
    ['postgres://me:HUNTER2@db/cronflow?query_timeout=1', 'its parameter number 1 means nothing'],
    ['postgres://me:a@db/cronflow?password=a&HUNTER2', 'its parameter number 2 means nothing'],
    [
      'postgres://me:HUNTER2@db/cronflow?ssl_mode=verify-full',
      'it has a parameter about encryption that does not',
    ],
    [
      'postgres://me:HUNTER2@db/cronflow?SSLMode=verify-full',
      'it has a parameter about encryption that does not',
    ],
    ['postgres://me:HUNTER2@db/cronflow?tls=true', 'it has a parameter about encryption that does not exist'],
    [
      'postgres://me:HUNTER2@db/cronflow?sslmode=required',
      'its sslmode is none of disable, no-verify, prefer, ',
    ],
  ])('is refused where it is read otherwise than it is meant: %s', (named, why) => {
    let message = '';
    try {
      storeUrlOf(named, '/data');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(`CRONFLOW_STORE: ${why}`);
    expect(message).not.toContain('HUNTER2');
  });

  test.each([
    ['postgres://me:HUNTER2@db/watch', 'watch at db:5432'],
    ['postgres://me:p@HUNTER2@db:5433/watch?sslmode=require', 'watch at db:5433'],
    ['postgres://me:HUNTER2%2F%40@[::1]:5433/a%20b', 'a b at [::1]:5433'],
    ['postgres://me:HUNTER2@db', 'me at db:5432'],
    ['postgres://me:HUNTER2@/watch?host=/run/postgresql', 'watch at /run/postgresql:5432'],
    ['postgres:///watch?host=/run/pg&port=7&user=me@corp&password=HUNTER2', 'watch at /run/pg:7'],
    ['postgresql://', 'of this user at localhost:5432'],
    ['postgres://me:HUNTER2@/watch?host=::1&port=5433', 'watch at [::1]:5433'],
    ['postgres://me:HUNTER2@db/watch\n', 'watch at db:5432'],
  ])('names the database without its password: %s', (named, name) => {
    expect(storeNameOf(storeUrlOf(named, '/data'))).toBe(`the database ${name}`);
  });

  test('leaves to the variables of PostgreSQL what it does not say, and nothing else', () => {
    const env = { PGHOST: '/run/pg', PGPORT: '7', PGDATABASE: 'jobs', PGUSER: 'me', PGPASSWORD: 'HUNTER2' };
    expect(databaseNameOf('postgres://', env)).toBe('jobs at /run/pg:7');
    expect(databaseNameOf('postgres://', { PGUSER: 'me' })).toBe('me at localhost:5432');
    expect(databaseNameOf('postgres://you@db:8/watch', env)).toBe('watch at db:8');
  });

  test('is refused for another store, without the value, which may hold a password', () => {
    expect(() => storeUrlOf('mysql://me:secret@db/cronflow', '/data')).toThrow(
      /^CRONFLOW_STORE: it is neither "lowdb"(?!.*secret)/,
    );
  });

  test.each(['mysql://db', 'lowdb:', '/data', 'memory:here'])('is not %j', (wrong) => {
    expect(() => storePlaceOf(wrong)).toThrow('The URL of a store is "lowdb:"');
  });
});

describe('openStore', () => {
  test('opens the store in a data directory, which then belongs to this process', async () => {
    const store = await openStore(url, PARTS);
    await store.transact({ all: true }, (tx) => tx.putJob(job('a')));
    await expect(openStore(url, PARTS)).rejects.toMatchObject({ code: 'store_locked' });
    await store.close();
    const again = await openStore(url, PARTS);
    expect((await again.jobById('a'))?.id).toBe('a');
    await again.close();
  });

  test('opens a store in memory, each time a new one', async () => {
    const [first, second] = [await openStore('memory:', PARTS), await openStore('memory:', PARTS)];
    await first.transact({ all: true }, (tx) => tx.putJob(job('a')));
    expect((await first.jobById('a'))?.id).toBe('a');
    expect(await second.jobById('a')).toBeUndefined();
  });
});

describe('openOffline', () => {
  test('reads what a store holds beside the process that runs it', async () => {
    const store = await openStore(url, PARTS);
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(openRun('a', 1));
      tx.putIncident(incident('i', 'a'));
      tx.putDelivery(delivery('d', 'a'));
      tx.putMeta('key', 1);
      tx.logEvent('a', { type: 'resumed', at: NOW_AT });
    });
    const offline = openOffline(url);
    const state = await offline.state();
    expect(ids(state.jobs())).toEqual(['a']);
    expect(state.jobById('a')).toEqual(job('a'));
    expect(state.delivery('d')?.incident_id).toBe(delivery('d', 'a').incident_id);
    expect(state.meta('key')).toBe(1);
    const history = (await offline.history())!;
    expect(history.begin.jobs()).toEqual([]);
    const events: unknown[] = [];
    for await (const commit of history.commits()) events.push(...commit.events);
    expect(events).toEqual([{ job_id: 'a', event: { type: 'resumed', at: NOW_AT } }]);
    await store.close();
  });

  test('carries a store over to another place', async () => {
    const store = await openStore(url, PARTS);
    await store.transact({ all: true }, (tx) => tx.putJob(job('a')));
    await store.close();
    const lines: string[] = [];
    for await (const line of openOffline(url).dump(NOW_AT)) lines.push(JSON.stringify(line));
    const copy = openOffline(storeUrlOf(undefined, join(root, 'copy')));
    const source = (async function* () {
      yield* lines;
    })();
    await expect(copy.restore({ lines: source, name: 'dump', nowAt: NOW_AT })).resolves.toMatchObject({
      records: 1,
      jobs: 1,
    });
    expect(ids((await copy.state()).jobs())).toEqual(['a']);
    await expect(copy.upgrade(NOW_AT)).resolves.toMatchObject({ records: 1, snapshot: null });
  });

  test('refuses a store in memory, which nobody else can read', () => {
    expect(() => openOffline('memory:')).toThrow('gone with its process');
  });
});
