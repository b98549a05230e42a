import pg from 'pg';
import type { PostgresServer } from '../test/support/postgres/server.ts';
import { withDatabase } from './load/database.ts';
import { declareJobs, startCronflow } from './load/servers.ts';
import { printTable, shown } from './table.ts';

/** So long an idle instance is watched. */
const IDLE_MS = 30_000;
const IDLE_JOBS = 100_000;
/** Measures an instance on a PostgreSQL while nothing happens. */
export async function benchIdleDatabase(): Promise<void> {
  await withDatabase(benchIdle);
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
