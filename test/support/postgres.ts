import { once } from 'node:events';
import { createConnection } from 'node:net';
import pg from 'pg';
import {
  databaseUrl,
  databaseUrlAt,
  PostgresServer,
  type ServerAddress,
  socketPath,
  sql,
} from './postgres/server.ts';
import { SHARED_SOCKET } from './postgres/shared.ts';

export { missingPostgres } from './postgres/programs.ts';
export { databaseUrl, databaseUrlAt, PostgresServer, type ServerAddress, socketPath, sql };

/** A database of one test. */
export interface TestDatabase {
  /** The URL, for `CRONFLOW_STORE`. */
  url: string;
  name: string;
  address: ServerAddress;
  /** Removes it, and ends the connections that there still are. */
  drop(): Promise<void>;
}

/** A database from which those of tests are copied. */
interface Template {
  /** Names it among all templates of a run. */
  name: string;
  /** Fills it. It is called once in a whole run, and has closed its connections when it returns. */
  fill: (url: string) => Promise<void>;
}

/**
 * Returns the address of the server that all tests of a run share. The first who asks has it started. It is there for
 * databases: nobody restarts it, or changes its settings. Its data would not outlive a crash of the machine.
 */
export async function sharedPostgres(): Promise<ServerAddress> {
  const path = process.env[SHARED_SOCKET];
  if (path === undefined) throw new Error('only a test that vitest runs shares a PostgreSQL');
  const socket = createConnection(path);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  const answer = JSON.parse(text) as ServerAddress | { error: string };
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

let count = 0;

/**
 * Makes a database for one test: an empty one, or a copy of a template, which takes some 30 ms.
 * @param address the server; by default the one that all tests of a run share
 */
export async function freshDatabase(template?: Template, address?: ServerAddress): Promise<TestDatabase> {
  const server = address ?? (await sharedPostgres());
  const administration = databaseUrl(server, 'postgres');
  if (template !== undefined) await fillOnce(server, template);
  count += 1;
  const name = `test_${process.pid}_${count}`;
  await sql(administration, `CREATE DATABASE ${name} TEMPLATE ${template?.name ?? 'template0'}`);
  return {
    url: databaseUrl(server, name),
    name,
    address: server,
    drop: () => sql(administration, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Makes a template where there is none yet. Processes that want it at the same time wait for each other. */
async function fillOnce(server: ServerAddress, { name, fill }: Template): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(server, 'postgres') });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const there = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (there.rowCount !== 0) return;
    await client.query(`CREATE DATABASE ${name}_new TEMPLATE template0`);
    await fill(databaseUrl(server, `${name}_new`));
    await client.query(`ALTER DATABASE ${name}_new RENAME TO ${name}`);
  } finally {
    await client.end();
  }
}

let emptied: Promise<TestDatabase> | undefined;

/**
 * Empties the one database that the tests of a file use in turn, whose schema stays. That takes a tenth of the time of
 * a new database.
 */
export async function emptyDatabase(): Promise<string> {
  emptied ??= freshDatabase();
  const { url } = await emptied;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(EMPTIED_TABLES);
    await client.query(rows.map(({ name }) => `DELETE FROM cronflow.${name}`).join(';'));
  } finally {
    await client.end();
  }
  return url;
}

/** The tables but those that a migration fills, and the partitions, which go with their table. */
const EMPTIED_TABLES = `
  SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'cronflow' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN ('schema_version', 'locks')`;
