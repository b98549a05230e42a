import { join } from 'node:path';
import type { PostgresServer } from '../test/support/postgres/server.ts';
import { CostMeter } from './load/cost.ts';
import { fillHistories } from './load/database.ts';
import { Loader } from './load/loader.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { Updates } from './load/updates.ts';

export const JOBS = 2_000;
/** So many runs are kept of each job by default. */
export const RUNS_EACH = 100;

/** What a fleet is measured on. */
export interface Fleet {
  database: PostgresServer;
  servers: readonly Server[];
  loaders: readonly Loader[];
  updates: Updates;
  meter: CostMeter;
}

/** Starts instances on one database, with jobs whose histories are full. */
export async function withFleet(
  { database, directory }: { database: PostgresServer; directory: string },
  { instances, url }: { instances: number; url?: string },
  use: (fleet: Fleet) => Promise<void>,
): Promise<void> {
  const configPath = declareJobs(directory, JOBS);
  await (await startCronflow(join(directory, 'first'), configPath)).stop();
  await fillHistories(database.url('postgres'), RUNS_EACH);
  const servers: Server[] = [];
  const loaders: Loader[] = [];
  const storeUrl = url ?? database.url('postgres');
  process.env['CRONFLOW_STORE'] = storeUrl;
  const updates = await Updates.make(storeUrl, JOBS);
  const meter = await CostMeter.make(database);
  try {
    for (let index = 0; index < instances; index += 1) {
      servers.push(await startCronflow(join(directory, `instance-${index}`), configPath));
      loaders.push(new Loader());
    }
    await use({ database, servers, loaders, updates, meter });
  } finally {
    await updates.end();
    await meter.end();
    for (const loader of loaders) loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** What clients got in a turn. */
export interface Turn {
  count: number;
  elapsedMs: number;
}

/** Returns how many were answered in a second. */
export function rateOf({ count, elapsedMs }: Turn): number {
  return (count * 1_000) / elapsedMs;
}

/**
 * Lets clients tell of runs, each by a start and an end with a run id, spread over some instances.
 * @returns how many pings were answered
 */
export async function pingsOf(
  { loaders }: Pick<Fleet, 'loaders'>,
  servers: readonly Server[],
  { clients, durationMs, outputBytes = 0 }: { clients: number; durationMs: number; outputBytes?: number },
): Promise<Turn> {
  const jobs = Math.floor(JOBS / servers.length);
  const results = await Promise.all(
    servers.map(({ port }, index) =>
      // Jobs do not choose an instance, but no two of these clients ping the same job.
      loaders[index]!.play({
        port,
        connections: Math.floor(clients / servers.length),
        durationMs,
        traffic: {
          kind: 'run',
          jobs,
          fromJob: 0,
          firstJob: index * jobs,
          outputBytes,
        },
      }),
    ),
  );
  return {
    count: results.reduce((sum, { requests }) => sum + requests, 0),
    elapsedMs: Math.max(...results.map(({ elapsedMs }) => elapsedMs)),
  };
}
