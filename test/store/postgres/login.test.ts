import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { missingPostgres, PostgresServer, sql } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

/** Who may log in: the superuser by the socket, everybody else by a password. */
const RULES =
  'local all cronflow trust\nlocal all all scram-sha-256\nhost all cronflow 127.0.0.1/32 scram-sha-256\n';

function storeAt(url: string): PostgresStore {
  return new PostgresStore({ url, clock: systemClock, log: silentLogger });
}

describe.skipIf(missingPostgres() !== null)('a database that asks for a password', () => {
  let server: PostgresServer;
  const rules = join(tmpdir(), `cronflow-login-${process.pid}.conf`);
  beforeAll(async () => {
    writeFileSync(rules, RULES, { mode: 0o644 });
    server = await PostgresServer.make({ tcp: true, settings: { hba_file: rules, max_connections: '40' } });
    await sql(
      server.url('postgres'),
      "CREATE ROLE plain LOGIN PASSWORD 'p@ss %/wörd'",
      "CREATE ROLE late LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01'",
      'ALTER ROLE late SET default_transaction_read_only = on',
      'CREATE DATABASE watch OWNER plain',
      'CREATE DATABASE foreign_one',
    );
    await sql(server.url('foreign_one'), 'CREATE SCHEMA cronflow', 'CREATE TABLE cronflow.jobs (id text)');
  });
  afterAll(async () => {
    await server?.remove();
    rmSync(rules, { force: true });
  });

  const urlOf = (user: string, database = 'watch'): string =>
    server.url(database).replace(/user=\w+/, `user=${user}`);
  const withPassword = (password: string, database?: string): string =>
    `${urlOf('plain', database)}&password=${encodeURIComponent(password)}`;

  test('is served with one that has every kind of character', async () => {
    const store = storeAt(withPassword('p@ss %/wörd'));
    await store.open();
    await store.transact({ meta: ['count'] }, (tx) => tx.putMeta('count', 1));
    expect(await store.meta('count')).toBe(1);
    await store.close();
  });

  test.each([
    ['without a password', () => urlOf('plain'), /asks for a password, and CRONFLOW_STORE has none/],
    [
      'with a wrong one',
      () => withPassword('HUNTER2'),
      /authentication failed.*Check the user and the password/,
    ],
    ['as a user whose time is over', () => `${urlOf('late')}&password=x`, /Check the user and the password/],
    [
      'that does not exist',
      () => withPassword('p@ss %/wörd', 'missing'),
      /"missing" does not exist\. Create it/,
    ],
    [
      'from where it takes nobody',
      () => `postgres://plain@127.0.0.1:${server.address.port}/watch`,
      /no encryption\. If it takes only encrypted/,
    ],
    [
      'that holds a schema of others',
      () => server.url('foreign_one'),
      /already exists\. Its schema "cronflow"/,
    ],
  ])('is not used %s, and the message says what to do', async (_case, url, message) => {
    const opened = storeAt(url()).open();
    await expect(opened).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(message) as string,
    });
    await expect(opened).rejects.not.toThrow('HUNTER2');
  });

  test('leaves others their connections, however often it refuses this one', async () => {
    const client = new pg.Client({ connectionString: server.url('postgres') });
    await client.connect();
    const store = storeAt(urlOf('plain'));
    // Each would be open until the server has waited for a minute.
    for (let each = 0; each < 20; each += 1) await expect(store.jobById('a')).rejects.toThrow('password');
    await until('the server to have ended them', async () => {
      const { rows } = await client.query<{ count: string }>(
        "select count(*) from pg_stat_activity where backend_type = 'client backend'",
      );
      return rows[0]!.count === '1';
    });
    await store.close();
    await client.end();
  });
});
