import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PostgresServer } from '../test/support/postgres/server.ts';
import { withDirectory } from './disk.ts';
import { Loader } from './load/loader.ts';
import type { LoadResult } from './load/plan.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { median, turnsOf } from './measure.ts';
import { printTable, shown } from './table.ts';

const ROUNDS = 5;
const TURN_MS = 3_000;
const JOBS = 10_000;
/** So many clients ask at a time, whatever is measured. */
const CLIENTS = 48;
const INSTANCES_MAX = 3;
/** So long an idle instance is watched. */
const IDLE_MS = 30_000;
const IDLE_JOBS = 100_000;

/**
 * Measures durable pings of instances that share a PostgreSQL, held against what the same server does at best for as
 * many clients: updates of single rows, as pgbench makes them.
 */
export async function benchInstances(): Promise<void> {
  await withDirectory(async (directory) => {
    const outside = tmpdir();
    // The database lies on the same disk as everything else that is measured.
    process.env['TMPDIR'] = directory;
    const database = await PostgresServer.make({ durable: true, settings: { shared_buffers: '256MB' } });
    process.env['TMPDIR'] = outside;
    process.env['CRONFLOW_STORE'] = database.url('postgres');
    try {
      await benchPings(directory, database);
      await benchIdle(directory, database);
    } finally {
      delete process.env['CRONFLOW_STORE'];
      await database.remove();
    }
  });
}

async function benchPings(directory: string, database: PostgresServer): Promise<void> {
  const configPath = declareJobs(directory, JOBS);
  const servers: Server[] = [];
  const loaders: Loader[] = [];
  const updates = await Updates.make(database.url('postgres'));
  try {
    for (let index = 0; index < INSTANCES_MAX; index += 1) {
      servers.push(await startCronflow(join(directory, `instance-${index}`), configPath));
      loaders.push(new Loader());
    }
    const contestants: { name: string; play: () => Promise<number> }[] = [
      { name: 'updates of single rows', play: () => updates.play() },
      ...servers.map((_, index) => ({
        name: `pings to ${index + 1} instance${index === 0 ? '' : 's'}`,
        play: () => pingsOf(servers.slice(0, index + 1), loaders),
      })),
    ];
    const rates = contestants.map((): number[] => []);
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const index of turnsOf(round, contestants.length)) {
        const rate = await contestants[index]!.play();
        // The first round warms up.
        if (round > 0) rates[index]!.push(rate);
      }
    }
    const rows = contestants.map(({ name }, index) => [
      name,
      shown(median(rates[index]!)),
      median(rates[index]!.map((rate, round) => rate / rates[0]![round]!)).toFixed(2),
    ]);
    printTable(
      `PostgreSQL with ${CLIENTS} clients, ${JOBS.toLocaleString('en')} jobs`,
      ['', 'a second', 'ratio'],
      rows,
    );
  } finally {
    await updates.end();
    for (const loader of loaders) loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Lets all clients send pings, spread over some instances. Returns how many were answered in a second. */
async function pingsOf(servers: readonly Server[], loaders: readonly Loader[]): Promise<number> {
  const connections = CLIENTS / servers.length;
  const each = JOBS / servers.length;
  const results = await Promise.all(
    servers.map(({ port }, index): Promise<LoadResult> => {
      // Jobs do not choose an instance, but no two of these clients ping the same job.
      const jobs = Math.floor(each);
      const traffic = { kind: 'ping', ping: 'success', jobs, fromJob: index * jobs } as const;
      return loaders[index]!.play({ port, connections, durationMs: TURN_MS, traffic });
    }),
  );
  return results.reduce((sum, { requests, elapsedMs }) => sum + (requests * 1_000) / elapsedMs, 0);
}

/** Clients that update single rows of a table, each row by its key and in a transaction of its own. */
class Updates {
  readonly #clients: readonly pg.Client[];

  private constructor(clients: readonly pg.Client[]) {
    this.#clients = clients;
  }

  static async make(connectionString: string): Promise<Updates> {
    const clients = Array.from({ length: CLIENTS }, () => new pg.Client({ connectionString }));
    await Promise.all(clients.map((client) => client.connect()));
    const [first] = clients;
    await first!.query(
      'CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL) WITH (fillfactor = 50)',
    );
    await first!.query('INSERT INTO accounts SELECT id, 0 FROM generate_series(1, $1) id', [JOBS]);
    await first!.query('VACUUM ANALYZE accounts');
    return new Updates(clients);
  }

  async play(): Promise<number> {
    const beganMs = performance.now();
    let count = 0;
    const query = { name: 'update', text: 'UPDATE accounts SET balance = balance + 1 WHERE id = $1' };
    const run = async (client: pg.Client, number: number): Promise<void> => {
      for (let at = number; performance.now() - beganMs < TURN_MS; at += CLIENTS) {
        await client.query({ ...query, values: [(at % JOBS) + 1] });
        count += 1;
      }
    };
    await Promise.all(this.#clients.map((client, number) => run(client, number)));
    return (count * 1_000) / (performance.now() - beganMs);
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}

/** Shows what an instance asks of the database while no job is due and nobody pings. */
async function benchIdle(directory: string, database: PostgresServer): Promise<void> {
  const own = join(directory, 'idle');
  const server = await startCronflow(own, declareJobs(own, IDLE_JOBS));
  const client = new pg.Client({ connectionString: database.url('postgres') });
  try {
    await client.connect();
    // What the start still does goes by.
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 3));
    const before = await activity(client);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const after = await activity(client);
    const perSecond = (of: keyof Activity): string => shown(((after[of] - before[of]) * 1_000) / IDLE_MS);
    printTable(
      `One idle instance with ${IDLE_JOBS.toLocaleString('en')} jobs, a second`,
      ['', 'transactions', 'rows written', 'rows read'],
      [['', perSecond('transactions'), perSecond('written'), perSecond('read')]],
    );
  } finally {
    await client.end();
    await server.stop();
  }
}

interface Activity {
  transactions: number;
  written: number;
  read: number;
}

async function activity(client: pg.Client): Promise<Activity> {
  const { rows } = await client.query<Activity>(`
    SELECT (xact_commit + xact_rollback)::float8 AS transactions,
      (tup_inserted + tup_updated + tup_deleted)::float8 AS written, tup_fetched::float8 AS read
    FROM pg_stat_database WHERE datname = current_database()`);
  return rows[0]!;
}
