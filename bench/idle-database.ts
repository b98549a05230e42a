import { join } from 'node:path';
import pg from 'pg';
import type { PostgresServer } from '../test/support/postgres/server.ts';
import { withDatabase } from './load/database.ts';
import { Loader } from './load/loader.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { printTable, shown } from './table.ts';

/** So long an idle instance is watched. */
const IDLE_MS = 30_000;
const IDLE_JOBS = 100_000;
const SPIKE_JOBS = 10_000;
/** So many clients of a spike are one process, so that the clients are not the limit. */
const SPIKE_INSTANCES = 2;

/** Measures instances on a PostgreSQL when nothing happens, and when everything happens at once. */
export async function benchIdleDatabase(): Promise<void> {
  await withDatabase(benchIdle);
  await withDatabase((_, directory) => benchSpike(directory));
}

/** Shows what an instance asks of the database while no job is due and nobody pings. */
async function benchIdle(database: PostgresServer, directory: string): Promise<void> {
  const beganMs = performance.now();
  const server = await startCronflow(directory, declareJobs(directory, IDLE_JOBS));
  const readyMs = performance.now() - beganMs;
  const client = new pg.Client({ connectionString: database.url('postgres') });
  try {
    await client.connect();
    // What the start leaves to be done goes by, and the database counts late.
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const before = await activity(client);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const after = await activity(client);
    const perSecond = (of: keyof Activity): string => shown(((after[of] - before[of]) * 1_000) / IDLE_MS);
    printTable(
      `One idle instance with ${IDLE_JOBS.toLocaleString('en')} jobs, a second; the start took ${shown(readyMs / 1_000)} s`,
      ['', 'transactions', 'rows written', 'of these signs of life', 'rows read'],
      [['', ...(['transactions', 'written', 'signs', 'read'] as const).map(perSecond)]],
    );
  } finally {
    await client.end();
    await server.stop();
  }
}

interface Activity {
  transactions: number;
  written: number;
  signs: number;
  read: number;
}

/** Counts rows of the tables of Cronflow. Those of the whole database have its own care for itself among them. */
async function activity(client: pg.Client): Promise<Activity> {
  const { rows } = await client.query<Activity>(`
    SELECT (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database())::float8
        AS transactions,
      sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 AS written,
      sum(n_tup_upd) FILTER (WHERE relname = 'meta')::float8 AS signs,
      sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS read
    FROM pg_stat_user_tables`);
  return rows[0]!;
}

/** The spike of real life: every job starts at second 0 and ends at second 5, over a connection of its own. */
async function benchSpike(directory: string): Promise<void> {
  const configPath = declareJobs(directory, SPIKE_JOBS);
  const servers: Server[] = [];
  const loaders: Loader[] = [];
  try {
    for (let index = 0; index < SPIKE_INSTANCES; index += 1) {
      servers.push(await startCronflow(join(directory, `instance-${index}`), configPath));
      loaders.push(new Loader());
    }
    const rows: string[][] = [];
    for (const ping of ['start', 'success'] as const) {
      const beganMs = performance.now();
      const results = await Promise.all(
        servers.map(({ port }, index) => {
          const jobs = SPIKE_JOBS / SPIKE_INSTANCES;
          const traffic = {
            kind: 'ping',
            ping,
            rid: 'spike',
            jobs,
            fromJob: 0,
            firstJob: index * jobs,
          } as const;
          return loaders[index]!.play({
            port,
            connections: jobs,
            requestsEach: 1,
            durationMs: 60_000,
            traffic,
          });
        }),
      );
      const longest = (of: 'p50Ms' | 'p99Ms' | 'maxMs'): string =>
        shown(Math.max(...results.map((result) => result[of])));
      const taken = results.reduce((sum, { requests }) => sum + requests, 0);
      rows.push([`${ping}, ${taken} taken`, longest('p50Ms'), longest('p99Ms'), longest('maxMs')]);
      const leftMs = 5_000 - (performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
    }
    printTable(
      `${SPIKE_JOBS.toLocaleString('en')} jobs at once, over ${SPIKE_INSTANCES} instances on one database`,
      ['', 'p50 ms', 'p99 ms', 'longest ms'],
      rows,
    );
  } finally {
    for (const loader of loaders) loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}
