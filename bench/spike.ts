import { join } from 'node:path';
import { withDatabase } from './load/database.ts';
import { Loader } from './load/loader.ts';
import type { LoadResult } from './load/plan.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { printTable, shown } from './table.ts';

const SPIKE_JOBS = 10_000;
const SPIKE_INSTANCES = 2;
/** Starts and ends follow each other by so much. */
const STEP_MS = 5_000;

/** Measures instances on a PostgreSQL when everything happens at once. */
export async function benchSpike(): Promise<void> {
  await withDatabase((_, directory) => playSpike(directory));
}

/**
 * The spike of real life: every job starts at second 0 and ends at second 5, over a connection of its own. It comes
 * twice, since the first one is the very first that these instances are asked: they, their database and the clients are
 * slower then than those which have run for a while.
 */
async function playSpike(directory: string): Promise<void> {
  const configPath = declareJobs(directory, SPIKE_JOBS);
  const servers: Server[] = [];
  const loaders: Loader[] = [];
  try {
    for (let index = 0; index < SPIKE_INSTANCES; index += 1) {
      servers.push(await startCronflow(join(directory, `instance-${index}`), configPath));
      loaders.push(new Loader());
    }
    const rows: string[][] = [];
    for (const rid of ['first', 'second']) {
      for (const ping of ['start', 'success'] as const) {
        const beganMs = performance.now();
        const results = await pingOfEach({ servers, loaders }, ping, rid);
        rows.push(rowOf(`${rid} ${ping}`, results));
        const leftMs = STEP_MS - (performance.now() - beganMs);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
      }
    }
    printTable(
      `${SPIKE_JOBS.toLocaleString('en')} jobs at once, over ${SPIKE_INSTANCES} instances on one database`,
      ['', 'taken', 'p50 ms', 'p99 ms', 'longest ms'],
      rows,
    );
  } finally {
    for (const loader of loaders) loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Sends a ping of each job, all at once, a part of them to each instance. */
function pingOfEach(
  { servers, loaders }: { servers: readonly Server[]; loaders: readonly Loader[] },
  ping: 'start' | 'success',
  rid: string,
): Promise<LoadResult[]> {
  const jobs = SPIKE_JOBS / servers.length;
  return Promise.all(
    servers.map(({ port }, index) =>
      loaders[index]!.playAnyway({
        port,
        connections: jobs,
        requestsEach: 1,
        durationMs: 60_000,
        traffic: { kind: 'ping', ping, rid, jobs, fromJob: 0, firstJob: index * jobs },
      }),
    ),
  );
}

function rowOf(name: string, results: readonly LoadResult[]): string[] {
  const taken = results.reduce((sum, { requests, failures }) => sum + requests - failures, 0);
  const longest = (of: 'p50Ms' | 'p99Ms' | 'maxMs'): string =>
    shown(Math.max(...results.map((result) => result[of])));
  return [name, taken.toLocaleString('en'), longest('p50Ms'), longest('p99Ms'), longest('maxMs')];
}
