import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseUrl, missingPostgres, PostgresServer, sql } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;
/** The server takes few connections, so that others can use them up. Some are kept for its superuser. */
const SETTINGS = { max_connections: '20', superuser_reserved_connections: '3' };
const CONNECTIONS_OF_ROLES = 17;
/** The role of the service, and of the others. Only such a role can find no connection left. */
const ROLE = 'plain';

let root: string;
let server: PostgresServer;
let administration: string;
let child: ChildProcess | undefined;
let others: pg.Client[];

beforeEach(async () => {
  if (missing !== null) return;
  root = await mkdtemp(join(tmpdir(), 'cronflow-connections-'));
  server = await PostgresServer.make({ settings: SETTINGS });
  administration = databaseUrl(server.address, 'postgres');
  await sql(administration, `CREATE ROLE ${ROLE} LOGIN`, `CREATE DATABASE watch OWNER ${ROLE}`);
  others = [];
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await release();
  await server?.remove();
  if (root !== undefined) await rm(root, { recursive: true, force: true });
});

/** Takes connections until there are none left for a role that is no superuser. */
async function takeAll(url: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      others.push(client);
    } catch {
      return;
    }
  }
}

async function release(): Promise<void> {
  await Promise.all(others.splice(0).map((each) => each.end().catch(() => {})));
}

/** Ends the connections of the service. */
async function endThose(): Promise<void> {
  const client = new pg.Client({ connectionString: administration });
  await client.connect();
  try {
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cronflow%'",
    );
  } finally {
    await client.end();
  }
}

test.skipIf(missing !== null)(
  `a database with no connection left refuses pings for as long as that lasts${where}`,
  async () => {
    await writeFile(join(root, 'cronflow.yaml'), 'jobs: {backup: {every: 1h}}\n');
    const url = databaseUrl(server.address, 'watch').replace(/user=\w+/, `user=${ROLE}`);
    const started = spawn(process.execPath, [MAIN, 'serve', '--port', '0'], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', CRONFLOW_STORE: url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let log = '';
    started.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const service = await until(
      'the service to listen',
      () => /listening url=(\S+)/.exec(log)?.[1],
      () => log,
    );
    const ping = (): Promise<Response> => fetch(`${service}/ping/backup`, { method: 'POST' });
    expect((await ping()).status).toBe(200);

    // The service takes a connection that was ended anew, unless others are faster. One that it is about to make has no
    // name yet, so only the number of those that others have says that none is left.
    await until('others to have every connection', async () => {
      await endThose();
      await takeAll(url);
      return others.length === CONNECTIONS_OF_ROLES;
    });
    const refused = await ping();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${service}/readyz`)).status).toBe(503);
    await until('a line in the log', () =>
      /takes no commits.*(?:too many clients|connection slots)/.test(log),
    );

    await release();
    await until('a ping to be taken', async () => (await ping()).status === 200);
    await until('to be ready', async () => (await fetch(`${service}/readyz`)).status === 200);
  },
);
