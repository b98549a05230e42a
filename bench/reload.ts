import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { loadConfig } from '../src/config/load.ts';
import { withDirectory } from './disk.ts';
import { Loader } from './load/loader.ts';
import { type Server, startCronflow } from './load/servers.ts';
import { median } from './measure.ts';
import { printTable, shown } from './table.ts';

/** The built program has its schema beside it, and a benchmark has not. */
const LOAD = new URL('../../../dist/config/load.js', import.meta.url).href;
const JOBS = 10_000;
const CHANGED = JOBS / 100;
const ROUNDS = 5;
const LOAD_MS = 6_000;
const LEAD_MS = 500;

/** Measures what pings feel of a changed configuration: 10,000 jobs, one in a hundred with another schedule. */
export async function benchReload(): Promise<void> {
  const loader = new Loader();
  try {
    await withDirectory(async (directory) => {
      const path = join(directory, 'cronflow.yaml');
      writeFileSync(path, textOf(0));
      const built = (await import(LOAD)) as { loadConfig: typeof loadConfig };
      const server = await startCronflow(directory, path);
      const quietMs: number[] = [];
      const longestMs: number[] = [];
      const reloadMs: number[] = [];
      const parseMs: number[] = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        quietMs.push((await pings(loader, server)).maxMs);
        const during = pings(loader, server);
        await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
        writeFileSync(path, textOf(round));
        reloadMs.push(await timed(() => reload(server)));
        longestMs.push((await during).maxMs);
        parseMs.push(await timed(() => built.loadConfig(path, {}, { isInline: true })));
      }
      await server.stop();
      printTable(
        `A configuration of ${JOBS.toLocaleString('en')} jobs, 1 % of them changed`,
        ['', 'ms'],
        [
          ['its text is read and checked', shown(median(parseMs))],
          ['it is read, planned and applied, while pings come', shown(median(reloadMs))],
          ['longest answer to a ping meanwhile', shown(median(longestMs))],
          ['longest answer without a change', shown(median(quietMs))],
        ],
      );
    });
  } finally {
    loader.stop();
  }
}

function pings(loader: Loader, { port }: Server): ReturnType<Loader['play']> {
  const traffic = { kind: 'ping', ping: 'success', jobs: JOBS, fromJob: 0 } as const;
  return loader.play({ port, connections: 1, durationMs: LOAD_MS, traffic });
}

async function reload({ port }: Server): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/config/reload`, { method: 'POST' });
  if (!answer.ok) throw new Error(`the configuration was not taken: ${await answer.text()}`);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

/** Returns the configuration of a round. Each round changes other jobs, and back those of the round before. */
function textOf(round: number): string {
  const lines = Array.from({ length: JOBS }, (_, number) => {
    const isChanged = round > 0 && Math.floor(number / CHANGED) === round;
    return `  job-${number}: { schedule: "0 0 ${isChanged ? 2 : 1} 1 *", grace: 10m, group: "g${number % 50}" }`;
  });
  return `notifiers: { log: { type: log } }\njobs:\n${lines.join('\n')}\n`;
}
