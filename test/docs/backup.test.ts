import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import { ALL, step } from '../store/lowdb/workload.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { missingPostgres, PostgresServer, sql } from '../support/postgres.ts';
import { programsOfSystem } from '../support/postgres/programs.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/postgresql.md', import.meta.url)), 'utf8');
const STEPS = 40;
const bin = programsOfSystem();
const missing =
  missingPostgres() ?? (bin === null ? 'the system has no PostgreSQL with pg_dump (apt: postgresql)' : null);
const where = missing === null ? '' : `: ${missing}`;

/** Returns the blocks of a language below a heading. */
function blocks(heading: string, language: string): string[] {
  const [, rest = ''] = PAGE.split(`\n## ${heading}\n`);
  const [part = ''] = rest.split('\n## ');
  return [...part.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text!);
}

/** Returns what all tables of the schema hold, in short. */
async function contents(url: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string }>(
      `select tablename as table from pg_tables where schemaname = 'cronflow'`,
    );
    const found: Record<string, unknown> = {};
    for (const { table } of rows) {
      const text = `select count(*)::integer, md5(string_agg(t::text, '|' order by t::text collate "C")) from cronflow."${table}" t`;
      found[table] = (await client.query(text)).rows[0];
    }
    return found;
  } finally {
    await client.end();
  }
}

async function opened(url: string): Promise<PostgresStore> {
  const store = new PostgresStore({ url, clock: systemClock, log: silentLogger, answerMsMax: WAIT_LIMIT_MS });
  await store.open();
  return store;
}

test.skipIf(missing !== null)(
  `the page backs a database up and restores it, and nothing differs${where}`,
  async () => {
    const server = await PostgresServer.make({ bin: bin! });
    const cwd = await mkdtemp(join(tmpdir(), 'cronflow-backup-'));
    try {
      const administration = server.url('postgres');
      // The superuser of the server has the name that the page gives the role.
      const making = blocks('The database', 'sql')[0]!.replaceAll(/\b(ROLE|TO) cronflow\b/g, '$1 owner');
      for (const database of ['cronflow', 'cronflow_restored'])
        for (const statement of making.split(';\n').filter(Boolean))
          if (database === 'cronflow' || !statement.startsWith('CREATE ROLE'))
            await sql(administration, statement.replaceAll('DATABASE cronflow', `DATABASE ${database}`));
      const urlOf = (database: string): string => server.url(database).replace(/user=\w+/, 'user=owner');
      const store = await opened(urlOf('cronflow'));
      for (let count = 0; count < STEPS; count += 1) await store.transact(ALL, step);
      await store.close();

      const { socketFolder, port } = server.address;
      const env = {
        PATH: `${bin}:${process.env['PATH']}`,
        PGHOST: socketFolder,
        PGPORT: String(port),
        PGUSER: 'owner',
      };
      const commands = blocks('Backup and restore', 'sh');
      expect(commands).toHaveLength(2);
      for (const command of commands)
        expect(spawnSync('sh', ['-euc', command], { cwd, env, encoding: 'utf8' })).toMatchObject({
          status: 0,
          stderr: '',
        });
      const [before, after] = [
        await contents(server.url('cronflow')),
        await contents(urlOf('cronflow_restored')),
      ];
      expect(before['runs']).toMatchObject({ count: expect.any(Number) as number });
      expect(after).toEqual(before);

      const restored = await opened(urlOf('cronflow_restored'));
      await restored.transact(ALL, step);
      await restored.close();
    } finally {
      await server.remove();
      await rm(cwd, { recursive: true, force: true });
    }
  },
);
