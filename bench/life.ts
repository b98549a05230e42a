import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MINUTE_MS } from '../src/schedule/units.ts';
import { withDirectory } from './disk.ts';
import { addHistory } from './load/history.ts';
import { Loader } from './load/loader.ts';
import type { LoadResult } from './load/plan.ts';
import { memoryBytesOf, processorMsOf } from './load/process.ts';
import { declareJobs, type Server, startCronflow } from './load/servers.ts';
import { median } from './measure.ts';
import { printTable, shown } from './table.ts';

const MANY_JOBS = 100_000;
const IDLE_MS = 20_000;
/** A snapshot is waited for at most so long. */
const SNAPSHOT_MS_MAX = 90_000;
const SPIKE_JOBS = 10_000;
/** Slots fall due so long after the service has started, at the next full minute after that. */
const DUE_LEAD_MS = 15_000;

/** Measures what happens in the life of one service: starts, idle hours, snapshots, spikes and storms. */
export async function benchLife(): Promise<void> {
  const loader = new Loader();
  try {
    await withDirectory((directory) => benchSizes(loader, directory));
    await withDirectory((directory) => benchDue(loader, directory, 5_000));
    await withDirectory((directory) => benchDue(loader, directory, 100));
    await withDirectory((directory) => benchSpike(loader, directory));
  } finally {
    loader.stop();
  }
}

/** Starts services of several sizes again, as after an upgrade, and keeps the largest for what follows. */
async function benchSizes(loader: Loader, directory: string): Promise<void> {
  const rows: string[][] = [];
  let baseBytes = 0;
  for (const { jobs, runsEach } of [
    { jobs: 10, runsEach: 0 },
    { jobs: 10_000, runsEach: 0 },
    { jobs: 10_000, runsEach: 100 },
    { jobs: MANY_JOBS, runsEach: 0 },
  ]) {
    const own = join(directory, `${jobs}-${runsEach}`);
    const config = declareJobs(own, jobs);
    await (await startCronflow(own, config)).stop();
    if (runsEach > 0) await addHistory(join(own, 'data'), runsEach);
    const startedMs = performance.now();
    const server = await startCronflow(own, config);
    const readyMs = performance.now() - startedMs;
    const bytes = memoryBytesOf(server.pid);
    baseBytes ||= bytes;
    const runs = jobs * runsEach;
    const name = `${jobs.toLocaleString('en')} jobs, ${runs.toLocaleString('en')} runs`;
    rows.push([
      name,
      shown(readyMs / 1_000),
      shown(bytes / 1e6),
      shown((bytes - baseBytes) / Math.max(jobs, runs)),
    ]);
    if (jobs === MANY_JOBS) await benchIdle(loader, server, own);
    await server.stop();
  }
  printTable('A start with a data directory', ['', 'ready after s', 'MB', 'bytes a job or run'], rows);
}

async function benchIdle(loader: Loader, server: Server, directory: string): Promise<void> {
  const before = processorMsOf(server.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const share = (processorMsOf(server.pid) - before) / IDLE_MS;
  printTable(
    `Idle, ${MANY_JOBS.toLocaleString('en')} jobs`,
    ['', '% of a core'],
    [['20 s', shown(share * 100)]],
  );

  const data = join(directory, 'data');
  const known = snapshotsIn(data);
  const results: LoadResult[] = [];
  const untilMs = performance.now() + SNAPSHOT_MS_MAX;
  // A snapshot appears under its name once it is whole, so the second after it shows nothing new.
  while (performance.now() < untilMs && snapshotsIn(data) === known) {
    const traffic = { kind: 'ping', ping: 'success', jobs: MANY_JOBS, fromJob: 0 } as const;
    results.push(await loader.play({ port: server.port, connections: 4, durationMs: 1_000, traffic }));
  }
  const isWritten = snapshotsIn(data) !== known;
  printTable(
    `Pings while a snapshot of ${MANY_JOBS.toLocaleString('en')} jobs is written${isWritten ? '' : ', which did not come'}`,
    ['', 'ms'],
    [
      ['longest answer', shown(Math.max(...results.map(({ maxMs }) => maxMs)))],
      ['longest answer, median of the seconds', shown(median(results.map(({ maxMs }) => maxMs)))],
    ],
  );
}

function snapshotsIn(data: string): string {
  return readdirSync(data)
    .filter((name) => name.startsWith('snapshot') && !name.includes('tmp'))
    .join();
}

/** Lets so many of 100,000 jobs be missed at one instant, while others ping. */
async function benchDue(loader: Loader, directory: string, due: number): Promise<void> {
  // The service takes some seconds to start, and its jobs must be declared before their slot.
  const slotAt = Math.ceil((Date.now() + 2 * DUE_LEAD_MS) / MINUTE_MS) * MINUTE_MS;
  const slot = new Date(slotAt);
  const soon = `${slot.getUTCMinutes()} ${slot.getUTCHours()} * * *`;
  const config = declareJobs(directory, MANY_JOBS, {
    scheduleOf: (number) => (number < due ? soon : undefined),
    grace: '5s',
  });
  const server = await startCronflow(directory, config);
  const deadlineAt = slotAt + 5_000;
  const waitMs = deadlineAt - Date.now() - 1_000;
  if (waitMs < 0) throw new Error('the service took longer to start than its jobs waited');
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const traffic = { kind: 'ping', ping: 'success', jobs: MANY_JOBS, fromJob: due } as const;
  const playing = loader.play({ port: server.port, connections: 4, durationMs: 4_000, traffic });
  let missed = 0;
  let foundAt = Number.NaN;
  while (missed < due && Date.now() < deadlineAt + 60_000) {
    missed = await countMissed(server.port);
    foundAt = Date.now();
    if (missed < due) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { p99Ms, maxMs } = await playing;
  await server.stop();
  printTable(
    `${due.toLocaleString('en')} of ${MANY_JOBS.toLocaleString('en')} jobs missed at one instant`,
    ['', 'ms'],
    [
      ['all found after the deadline', shown(foundAt - deadlineAt)],
      ['p99 of pings meanwhile', shown(p99Ms)],
      ['longest answer', shown(maxMs)],
    ],
  );
}

async function countMissed(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/jobs?status=missed&limit=1`);
  await answer.arrayBuffer();
  return Number(answer.headers.get('x-total-count'));
}

/** The spike of real life: every job starts at second 0 and ends at second 5, over a connection of its own. */
async function benchSpike(loader: Loader, directory: string): Promise<void> {
  const server = await startCronflow(directory, declareJobs(directory, SPIKE_JOBS));
  const rows: string[][] = [];
  for (const ping of ['start', 'success'] as const) {
    const traffic = { kind: 'ping', ping, rid: 'spike', jobs: SPIKE_JOBS, fromJob: 0 } as const;
    const startedMs = performance.now();
    const plan = { port: server.port, connections: SPIKE_JOBS, requestsEach: 1, durationMs: 60_000, traffic };
    const { requests, p50Ms, p99Ms, maxMs } = await loader.play(plan);
    rows.push([`${ping}, ${requests} taken`, shown(p50Ms), shown(p99Ms), shown(maxMs)]);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 5_000 - (performance.now() - startedMs))));
  }
  await server.stop();
  printTable(`${SPIKE_JOBS.toLocaleString('en')} jobs at once`, ['', 'p50 ms', 'p99 ms', 'longest ms'], rows);
}
