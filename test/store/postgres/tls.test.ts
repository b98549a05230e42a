import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import {
  databaseUrlAt,
  freshDatabase,
  missingPostgres,
  PostgresServer,
  type TestDatabase,
} from '../../support/postgres.ts';

const CERTIFICATE = fileURLToPath(new URL('../../testdata/tls/server-cert.pem', import.meta.url));
const VERIFIED = `sslmode=verify-full&sslrootcert=${encodeURIComponent(CERTIFICATE)}`;

describe.skipIf(missingPostgres() !== null)('a database that takes only encrypted connections', () => {
  let server: PostgresServer;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await PostgresServer.make({
      tcp: true,
      tls: true,
      settings: { listen_addresses: '127.0.0.1,127.0.0.2' },
    });
    database = await freshDatabase(undefined, server.address);
  });
  afterAll(async () => {
    await database?.drop();
    await server?.remove();
  });

  function storeAt(host: string, query: string): PostgresStore {
    const url = `postgres://cronflow@${host}:${server.address.port}/${database.name}?${query}`;
    return new PostgresStore({ url, clock: systemClock, log: silentLogger });
  }

  /** Returns of each connection of Cronflow whether it is encrypted. */
  async function connections(): Promise<boolean[]> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ ssl: boolean }>(
      "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'cronflow%'",
    );
    await client.end();
    return rows.map(({ ssl }) => ssl);
  }

  test.each(['localhost', '127.0.0.1'])('is served at %s, whose name the certificate has', async (host) => {
    const store = storeAt(host, VERIFIED);
    await store.open();
    await store.transact({ meta: ['count'] }, (tx) => tx.putMeta('count', 1));
    await store.view({ meta: ['count'] }, (view) => view.meta('count'));
    const found = await connections();
    expect(found.length).toBeGreaterThan(1);
    expect(found).not.toContain(false);
    await store.close();
  });

  test.each([
    [
      'without encryption',
      '127.0.0.1',
      '',
      /no encryption\. If it takes only encrypted connections, add \?sslmode=/,
    ],
    ['with encryption turned off', '127.0.0.1', 'sslmode=disable', /no encryption\. If it takes only/],
    [
      'where nobody vouches for it',
      '127.0.0.1',
      'sslmode=verify-full',
      /self-signed certificate\. Name the file/,
    ],
    [
      'where require finds nobody who does',
      '127.0.0.1',
      'sslmode=require',
      /self-signed certificate\. Name the file/,
    ],
    [
      'under another name',
      '127.0.0.2',
      VERIFIED,
      /127\.0\.0\.2 is not in .*\. Write the host in CRONFLOW_STORE as/,
    ],
    [
      'where the file of a certificate is missing',
      '127.0.0.1',
      'sslmode=verify-full&sslrootcert=/missing.pem',
      /'\/missing\.pem'\. Check the host of a Unix socket, and the files that sslrootcert/,
    ],
  ])('is not used %s', async (_case, host, query, message) => {
    const store = storeAt(host, query);
    const opened = store.open().then(() => store.close());
    await expect(opened).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(message),
    });
  });

  test('is served without a check of the certificate where that is said', async () => {
    const store = storeAt('127.0.0.2', 'sslmode=no-verify');
    await store.open();
    expect(await connections()).not.toContain(false);
    await store.close();
  });
});

test.skipIf(missingPostgres() !== null)(
  'a database without TLS is not used where it was asked for',
  async () => {
    const server = await PostgresServer.make({ tcp: true });
    const url = `${databaseUrlAt(server.address.port, 'postgres')}?${VERIFIED}`;
    const store = new PostgresStore({ url, clock: systemClock, log: silentLogger });
    const opened = store.open().then(() => store.close());
    await expect(opened).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/does not support SSL connections\. Turn on TLS at the database/),
    });
    await server.remove();
  },
);
