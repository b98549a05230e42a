import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { Listener } from '../../../src/store/postgres/listener.ts';
import {
  databaseUrlAt,
  emptyDatabase,
  freshDatabase,
  missingPostgres,
  socketPath,
} from '../../support/postgres.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

describe.skipIf(missingPostgres() !== null)('a connection that listens', () => {
  let database: Database;
  let listener: Listener;
  let url: string;
  /** What was told of its losses: whether it had been heard. */
  let lost: boolean[];
  beforeEach(async () => {
    url = await emptyDatabase();
    database = new Database({ url, onClock: () => undefined });
    lost = [];
  });
  afterEach(async () => {
    listener.close();
    await database.end();
  });
  const open = (): void => {
    listener = new Listener({
      database,
      url,
      instance: 'one',
      log: silentLogger,
      onNotified: () => undefined,
      onLost: (wasHeard) => void lost.push(wasHeard),
    });
    listener.open();
  };

  test('says that it broke only if it was heard, and is heard again', async () => {
    open();
    await until('it to be there', () => listener.presence);
    // On a busy machine its first tries may have come to nothing.
    lost = [];
    await database.write(60_000, (session) =>
      session.ask({
        text: "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'cronflow feed'",
      }),
    );
    await until('its loss', () => lost.length > 0);
    expect(lost[0]).toBe(true);
    await until('it to be there again', () => listener.presence);
  });

  test('takes no notification of an earlier try for its own', async () => {
    const write = database.write.bind(database);
    const called: (() => Promise<unknown>)[] = [];
    database.write = (limitMs, use) => {
      called.push(() => write(limitMs, use));
      return Promise.resolve(undefined as never);
    };
    open();
    await until('a second try that listens', () => called.length > 1);
    const losses = lost.length;
    await called[0]!();
    await until('it to give up', () => lost.length > losses);
    expect(lost.at(-1)).toBe(false);
    await until('it to be there', async () => {
      await called.at(-1)!();
      return listener.presence;
    });
  });

  test('is made anew where it brings nothing, however often that is asked', async () => {
    const own = await freshDatabase();
    const proxy = await startTcpProxy({ path: socketPath(own.address) });
    await database.end();
    database = new Database({ url: own.url, onClock: () => undefined });
    url = databaseUrlAt(proxy.port, own.name);
    open();
    await until('it to be there', () => listener.presence);
    lost = [];
    proxy.forget();
    await until('its loss', () => {
      listener.prove();
      return lost.length > 0;
    });
    expect(lost[0]).toBe(true);
    await until('it to be there again', () => listener.presence);
    listener.close();
    await proxy.close();
    await own.drop();
  });

  test('is not there where nothing is heard, as behind a pooler, which is no loss', async () => {
    // What is notified reaches nobody.
    database.write = () => Promise.resolve(undefined as never);
    open();
    await until('it to give up', () => lost.length > 0);
    expect(lost[0]).toBe(false);
    expect([listener.isHeard, listener.presence]).toEqual([false, null]);
  });
});
