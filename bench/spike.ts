import { join } from 'node:path';
import { withDatabase } from './load/database.ts';
import { Loader } from './load/loader.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { printTable, shown } from './table.ts';

const SPIKE_JOBS = 10_000;
const SPIKE_INSTANCES = 2;

/** Measures instances on a PostgreSQL when everything happens at once. */
export async function benchSpike(): Promise<void> {
  await withDatabase((_, directory) => playSpike(directory));
}

/** The spike of real life: every job starts at second 0 and ends at second 5, over a connection of its own. */
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
          return loaders[index]!.playAnyway({
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
      const taken = results.reduce((sum, { requests, failures }) => sum + requests - failures, 0);
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
