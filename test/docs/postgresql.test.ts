import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/observe/log.ts';
import { systemClock } from '../../src/clock.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { openOffline } from '../../src/store/open/open-offline.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { databaseUrl, freshDatabase, missingPostgres, sharedPostgres, sql } from '../support/postgres.ts';
import { missingPgBouncer, PgBouncer, type PoolMode } from '../support/postgres/pgbouncer.ts';
import { job, run } from '../support/records.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/postgresql.md'), 'utf8');
const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

/** A block of a language below a heading, by default the first one. */
function block(heading: string, language: string, index = 0): string {
  const part = page.slice(page.indexOf(`\n## ${heading}\n`));
  const blocks = [...part.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))];
  return blocks[index]![1]!;
}

function bash(text: string, cwd: string): Promise<{ code: number | null; said: string }> {
  const env = { PATH: `${cwd}:${process.env.PATH ?? ''}`, HOME: cwd, TMPDIR: cwd };
  const child = spawn('bash', ['-euc', text], { cwd, env, timeout: WAIT_LIMIT_MS });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

test.skipIf(missing !== null)(
  `the page makes a user with the least rights, and moves a store as that user${where}`,
  async () => {
    const name = `docs_${process.pid}`;
    const server = await sharedPostgres();
    const cwd = await mkdtemp(join(tmpdir(), 'cronflow-postgresql-'));
    const administration = databaseUrl(server, 'postgres');
    const named = (text: string): string => text.replaceAll(/\b(ROLE|DATABASE|TO) cronflow\b/g, `$1 ${name}`);
    for (const statement of named(block('The database', 'sql')).split(';\n').filter(Boolean))
      await sql(administration, statement);

    const store = new LowdbStore({ directory: join(cwd, 'data'), clock: systemClock, log: silentLogger });
    await store.open();
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(run('a', 1));
    });
    await store.close();
    await symlink(join(ROOT, 'dist/main.js'), join(cwd, 'cronflow'));
    const url = databaseUrl(server, name).replace(/user=\w+/, `user=${name}`);
    const moving = block('Moving', 'sh')
      .replace('/var/lib/cronflow', join(cwd, 'data'))
      .replace(/postgres:\S+/, `'${url}'`);
    expect(await bash(moving, cwd)).toMatchObject({ code: 0 });
    const records = async (file: string): Promise<string[]> =>
      (await readFile(join(cwd, file), 'utf8')).trimEnd().split('\n').slice(1);
    expect((await records('check.jsonl')).map((line) => JSON.parse(line) as object)).toEqual(
      (await records('dump.jsonl')).map((line) => JSON.parse(line) as object),
    );

    // The same user runs it, and keeps the log in order.
    const moved = new PostgresStore({ url, clock: systemClock, log: silentLogger });
    await moved.open();
    await moved.transact({ ids: ['a'] }, (tx) => tx.putRun(run('a', 2)));
    expect((await moved.runsOf('a', { skip: 0, limit: 10 })).total).toBe(2);
    await moved.close();
    // And nothing more: it is nobody's superuser, and others cannot use its database.
    await sql(url, 'CREATE SCHEMA of_its_own', 'DROP SCHEMA of_its_own');
    await expect(sql(url, 'CREATE ROLE another')).rejects.toThrow('permission denied');
    await expect(sql(url, 'CREATE TABLE public.stray ()')).rejects.toThrow('permission denied');
    await sql(administration, `DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${name}`);
    await rm(cwd, { recursive: true, force: true });
  },
);

async function opened(url: string): Promise<PostgresStore> {
  const store = new PostgresStore({ url, clock: systemClock, log: silentLogger, answerMsMax: WAIT_LIMIT_MS });
  await store.open();
  return store;
}

test.skipIf(missing !== null)(
  `a user who may only read and write rows runs what the owner of the schema has made${where}`,
  async () => {
    const name = `docs_rows_${process.pid}`;
    const server = await sharedPostgres();
    const administration = databaseUrl(server, 'postgres');
    const named = (text: string): string =>
      text
        .replaceAll(/\bcronflow_rows\b/g, `${name}_rows`)
        .replaceAll(/\b(ROLE|DATABASE|TO) cronflow\b/g, `$1 ${name}`);
    const statements = (index: number): string[] =>
      named(block('The database', 'sql', index))
        .split(';\n')
        .filter(Boolean);
    await sql(administration, ...statements(0), `CREATE ROLE ${name}_rows LOGIN`);
    await sql(administration, `GRANT CONNECT ON DATABASE ${name} TO ${name}_rows`);
    const urlOf = (user: string): string => databaseUrl(server, name).replace(/user=\w+/, `user=${user}`);
    const [owner, rows] = [urlOf(name), urlOf(`${name}_rows`)];

    // Before there is a schema it can make none, and the message says who can.
    const refusal = expect.stringMatching(
      /permission denied.*Run "cronflow store migrate" as the user who owns/,
    ) as string;
    await expect(opened(rows)).rejects.toMatchObject({ code: 'store_unavailable', message: refusal });
    await openOffline(owner).upgrade(0);
    // Without rights it can read nothing.
    await expect(opened(rows)).rejects.toMatchObject({ code: 'store_unavailable', message: refusal });
    await sql(owner, ...statements(1));

    const store = await opened(rows);
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('a'));
      tx.putRun(run('a', 1));
      tx.putOutput('a', 'a-1', { text: 'printed', dropped_bytes: 0 });
      tx.putMeta('key', 1);
      tx.logEvent('a', { type: 'resumed', at: 1 });
    });
    await store.transact({ all: true }, (tx) => tx.deleteJob('a'));
    await store.claimDeliveries({ owner: 'o', now_at: 1, lease_ms: 1, limit: 1 });
    await store.close();
    // The partitions of the log are there, and belong to the owner.
    await sql(
      owner,
      `SELECT 1 / (count(*) > 3)::int FROM pg_tables WHERE schemaname = 'cronflow' AND tableowner = '${name}' AND tablename ~ '^events_[0-9]+$'`,
    );
    await expect(sql(rows, 'CREATE TABLE cronflow.stray ()')).rejects.toThrow('permission denied');
    await expect(sql(rows, 'DROP TABLE cronflow.jobs')).rejects.toThrow('must be owner');

    // The owner needs no right to create a schema any more.
    await sql(administration, `REVOKE CREATE ON DATABASE ${name} FROM ${name}`);
    for (const url of [owner, rows]) await (await opened(url)).close();
    await sql(
      administration,
      `DROP DATABASE ${name} WITH (FORCE)`,
      `DROP ROLE ${name}_rows`,
      `DROP ROLE ${name}`,
    );
  },
);

const missingPooler = missingPgBouncer();
const wherePooler = missingPooler === null ? '' : `: ${missingPooler}`;

test.skipIf(missingPooler !== null)(
  `the page has settings with which PgBouncer serves${wherePooler}`,
  async () => {
    const [databases, settings] = block('Poolers', 'ini').split('[pgbouncer]\n') as [string, string];
    expect(databases).toMatch(/^\[databases\]\ncronflow = host=\S+ port=5432\n/);
    const pairs = settings
      .trim()
      .split('\n')
      .map((line) => line.split(' = ') as [string, string]);
    const { pool_mode: mode, ...rest } = Object.fromEntries(pairs);
    const database = await freshDatabase();
    const bouncer = await PgBouncer.make(database.address, { mode: mode as PoolMode, settings: rest });
    const url = databaseUrl(bouncer.address, database.name);
    // The second store finds connections on which the first one has prepared what it asks.
    for (const id of ['a', 'b']) {
      const store = new PostgresStore({ url, clock: systemClock, log: silentLogger });
      await store.open();
      await store.transact({ ids: [id] }, (tx) => tx.putJob(job(id)));
      expect((await store.jobById(id))?.id).toBe(id);
      await store.close();
    }
    await expect(sql(`${url}&options=-csearch_path%3Dx`, 'SELECT 1')).rejects.toThrow('options');
    await bouncer.remove();
    await database.drop();
  },
);
