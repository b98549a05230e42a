import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresServer } from '../test/support/postgres/server.ts';
import { withDatabase } from './load/database.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { printTable, shown } from './table.ts';

/** 100,000 take five times as long, and on a busy machine longer than a start may take. */
const JOBS = 20_000;
/** The file of the first jobs, one of which is changed. */
const FIRST_FILE = join('jobs', '0.yaml');
/** The watch of files waits until they rest, and reads them. After that nothing is under way. */
const REST_MS = 5_000;
const ASK_EVERY_MS = 10;
/** The database is away for so long. A sign of life comes every 2 s, so this is a gap. */
const AWAY_MS = 8_000;
/** Whatever comes of that is over by then. */
const AFTER_MS = 30_000;
const ANSWER_MS_MAX = 600_000;

/** Measures what pings feel of what concerns all of 20,000 jobs, of two instances that share a PostgreSQL. */
export async function benchLarge(): Promise<void> {
  await withDatabase(async (database, directory) => {
    const configPath = declareJobs(directory, JOBS);
    const servers: Server[] = [];
    try {
      for (const name of ['a', 'b']) servers.push(await startCronflow(join(directory, name), configPath));
      const [first] = servers as [Server, Server];
      await sleep(REST_MS);
      const rows = [
        await felt('one job is changed', servers, () => change(directory, first, isFirstJob)),
        await felt('all jobs are changed', servers, () => change(directory, first, isAnyJob)),
        await felt('the database was away for 8 s', servers, () => away(database)),
      ];
      printTable(
        `What pings feel of ${JOBS.toLocaleString('en')} jobs on PostgreSQL, with two instances`,
        ['', 's', 'refused', 'longest answer, ms', 'longest hold of the event loop, ms'],
        rows,
      );
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
}

const isFirstJob = (line: string): boolean => line.includes(' job-0:');
const isAnyJob = (line: string): boolean => line.includes(' job-');

/** Changes the schedule of some jobs in the files, and waits until that is applied. */
async function change(
  directory: string,
  { port }: Server,
  isChanged: (line: string) => boolean,
): Promise<void> {
  const path = join(directory, FIRST_FILE);
  const files = isChanged === isFirstJob ? [path] : filesOf(directory);
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n');
    const changed = lines.map((line) => (isChanged(line) ? line.replace(/"0 (\d+) /, nextHour) : line));
    writeFileSync(file, changed.join('\n'));
  }
  const answer = await fetch(`http://127.0.0.1:${port}/config/reload`, {
    method: 'POST',
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (!answer.ok) throw new Error(`the configuration was not taken: ${await answer.text()}`);
}

function filesOf(directory: string): string[] {
  const main = readFileSync(join(directory, 'cronflow.yaml'), 'utf8');
  return Array.from(main.matchAll(/jobs\/\d+\.yaml/g), ([name]) => join(directory, name));
}

function nextHour(_: string, hour: string): string {
  return `"0 ${(Number(hour) + 1) % 24} `;
}

/** Lets the database be away. What was refused meanwhile does not count. */
async function away(database: PostgresServer): Promise<void> {
  await database.stop('fast');
  await sleep(AWAY_MS);
  await database.start();
}

/** Asks both instances while something is done, and returns what that felt like. */
async function felt(
  what: string,
  servers: readonly Server[],
  act: () => Promise<unknown>,
): Promise<string[]> {
  const isOutage = what.includes('away');
  const seen = { count: 0, refused: 0, pingMs: 0, heldMs: 0, isOver: false, isCounted: !isOutage };
  const asking = servers.flatMap(({ port }, index) => [
    asked(seen, `http://127.0.0.1:${port}/healthz`, (ms) => (seen.heldMs = Math.max(seen.heldMs, ms))),
    asked(seen, `http://127.0.0.1:${port}/jobs/job-${index}/success`, (ms, isTaken) => {
      seen.count += 1;
      if (!isTaken) seen.refused += 1;
      seen.pingMs = Math.max(seen.pingMs, ms);
    }),
  ]);
  const startedMs = performance.now();
  await act();
  const tookMs = performance.now() - startedMs;
  seen.isCounted = true;
  if (isOutage) await sleep(AFTER_MS);
  seen.isOver = true;
  await Promise.all(asking);
  await sleep(REST_MS);
  return [
    what,
    isOutage ? '-' : shown(tookMs / 1_000),
    `${seen.refused} of ${seen.count}`,
    shown(seen.pingMs),
    shown(seen.heldMs),
  ];
}

/** Asks for an address again and again, one request at a time. */
async function asked(
  seen: { readonly isOver: boolean; readonly isCounted: boolean },
  url: string,
  note: (ms: number, isTaken: boolean) => void,
): Promise<void> {
  while (!seen.isOver) {
    const startedMs = performance.now();
    const wasCounted = seen.isCounted;
    const isTaken = await fetch(url, { method: url.endsWith('z') ? 'GET' : 'POST' }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.ok;
      },
      () => false,
    );
    if (wasCounted) note(performance.now() - startedMs, isTaken);
    await sleep(ASK_EVERY_MS);
  }
}
