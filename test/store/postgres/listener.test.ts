import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { Listener } from '../../../src/store/postgres/listener.ts';
import { emptyDatabase, missingPostgres } from '../../support/postgres.ts';
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

  test('is not there where nothing is heard, as behind a pooler, which is no loss', async () => {
    // What is notified reaches nobody.
    database.write = () => Promise.resolve(undefined as never);
    open();
    await until('it to give up', () => lost.length > 0);
    expect(lost[0]).toBe(false);
    expect([listener.isHeard, listener.presence]).toEqual([false, null]);
  });
});
