import { existsSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  databaseUrlAt,
  freshDatabase,
  missingPostgres,
  PostgresServer,
  socketPath,
  sql,
} from './postgres.ts';
import { processesOf } from './processes.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

/** Asks for one number over a connection of its own. */
async function ask(url: string, question: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(question);
    return rows[0]!.n;
  } finally {
    await client.end();
  }
}

describe.skipIf(missing !== null)(`databases of tests${where}`, () => {
  test('a database is empty, or a copy of a template that is filled once', async () => {
    let filled = 0;
    const template = {
      name: 'template_of_the_harness',
      fill: (url: string) => {
        filled += 1;
        return sql(url, 'CREATE TABLE t (n integer)', 'INSERT INTO t VALUES (7)');
      },
    };
    const [empty, one, two] = await Promise.all([
      freshDatabase(),
      freshDatabase(template),
      freshDatabase(template),
    ]);
    expect(await ask(empty.url, `SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 't'`)).toBe(0);
    await sql(one.url, 'UPDATE t SET n = 8');
    expect(await ask(one.url, 'SELECT n FROM t')).toBe(8);
    expect(await ask(two.url, 'SELECT n FROM t')).toBe(7);
    expect(filled).toBe(1);
    await Promise.all([empty, one, two].map((database) => database.drop()));
  });

  test('a database goes although something is still connected to it', async () => {
    const database = await freshDatabase();
    const client = new pg.Client({ connectionString: database.url });
    const told = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await database.drop();
    expect(String(await told)).toMatch(/terminat/);
    await client.end().catch(() => undefined);
  });
});

describe.skipIf(missing !== null)(`a server of one file${where}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.make({ durable: true, tcp: true });
  });
  afterAll(() => server.remove());

  test('it has a port where that is asked for', async () => {
    expect(await ask(databaseUrlAt(server.address.port, 'postgres'), 'SELECT 1 AS n')).toBe(1);
  });

  test('what was committed is there after a crash', async () => {
    const url = server.url('postgres');
    await sql(url, 'CREATE TABLE kept (n integer)', 'INSERT INTO kept VALUES (1)');
    await server.restart('immediate');
    expect(await ask(url, 'SELECT n FROM kept')).toBe(1);
    expect(server.log()).toContain('automatic recovery in progress');
  });

  test.skipIf(process.platform !== 'linux')('a frozen server answers nobody until it goes on', async () => {
    const client = new pg.Client({ connectionString: server.url('postgres') });
    await client.connect();
    server.freeze();
    let isAnswered = false;
    const answer = client.query('SELECT 1').then(() => (isAnswered = true));
    const other = new pg.Client({ connectionString: server.url('postgres'), connectionTimeoutMillis: 200 });
    await expect(other.connect()).rejects.toThrow('timeout');
    expect(isAnswered).toBe(false);
    server.thaw();
    await answer;
    await client.end();
  });

  test('a proxy cuts, refuses, swallows and delays connections, and lets them go on', async () => {
    const proxy = await startTcpProxy({ path: socketPath(server.address) });
    const url = databaseUrlAt(proxy.port, 'postgres');
    const client = new pg.Client({ connectionString: url });
    const broken = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    proxy.swallow();
    let isAnswered = false;
    const answer = client.query<{ n: number }>('SELECT 1 AS n').finally(() => (isAnswered = true));
    // A connection that is made after the question has waited as long as it, and another way around would answer first.
    expect(await ask(server.url('postgres'), 'SELECT 1 AS n')).toBe(1);
    expect(isAnswered).toBe(false);
    proxy.flow();
    expect((await answer).rows).toEqual([{ n: 1 }]);
    proxy.delay(50);
    const askedAt = performance.now();
    await client.query('SELECT 1');
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(99);
    proxy.cut();
    await broken;
    await client.end().catch(() => undefined);
    proxy.refuse();
    await expect(ask(url, 'SELECT 1 AS n')).rejects.toThrow(/ECONNRESET|terminated/);
    proxy.flow();
    expect(await ask(url, 'SELECT 1 AS n')).toBe(1);
    await proxy.close();
  });

  test('it ends when its test is killed, and leaves nothing but its programs', async () => {
    expect(processesOf(server.folder).map((found) => found.pid)).toContain(server.pid);
    await server.abandon();
    await until('the folder to go', () => !existsSync(server.address.socketFolder));
    await until('the processes to end', () => processesOf(server.folder).length === 0);
  });
});
