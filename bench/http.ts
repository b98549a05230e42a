import { join } from 'node:path';
import { readdirSync, statSync } from 'node:fs';
import { withDirectory } from './disk.ts';
import { Loader } from './load/loader.ts';
import { declareJobs, type Server, startBare, startCronflow } from './load/servers.ts';
import { type Carried, type Contestant, inTurns } from './load/turns.ts';
import { printTable, shown } from './table.ts';

const ROUNDS = 5;
const TURN_MS = 2_000;
/** The answer to a ping has about as many bytes. */
const PING_ANSWER_BYTES = 75;
const OUTPUT_BYTES = 2_000;
const SIZES = [10, 10_000, 100_000];

/** Measures what the service carries over HTTP, held against bare servers that answer the same requests. */
export async function benchHttp(): Promise<void> {
  const loader = new Loader();
  const servers: Server[] = [];
  const started = async (server: Promise<Server>): Promise<Server> => {
    servers.push(await server);
    return server;
  };
  try {
    await withDirectory(async (directory) => {
      const node = await started(startBare('node', PING_ANSWER_BYTES));
      const koa = await started(startBare('koa', PING_ANSWER_BYTES));
      const sized: { jobs: number; server: Server; directory: string }[] = [];
      for (const jobs of SIZES) {
        const own = join(directory, String(jobs));
        const server = await started(startCronflow(own, declareJobs(own, jobs)));
        sized.push({ jobs, server, directory: own });
      }
      await benchSuccesses(loader, koa, node, sized);
      await benchRuns(loader, koa, sized[1]!);
      await benchList(loader, started, sized[2]!);
    });
  } finally {
    loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

type Sized = { jobs: number; server: Server; directory: string };

async function benchSuccesses(
  loader: Loader,
  koa: Server,
  node: Server,
  sized: readonly Sized[],
): Promise<void> {
  const all: Contestant[] = [
    {
      name: 'bare Koa with its router',
      port: koa.port,
      traffic: { kind: 'ping', ping: 'success', jobs: 10, fromJob: 0 },
    },
    {
      name: 'bare node:http',
      port: node.port,
      traffic: { kind: 'ping', ping: 'success', jobs: 10, fromJob: 0 },
    },
    ...sized.map(({ jobs, server }): Contestant => {
      const name = `Cronflow, ${jobs.toLocaleString('en')} jobs`;
      return { name, port: server.port, traffic: { kind: 'ping', ping: 'success', jobs, fromJob: 0 } };
    }),
  ];
  for (const connections of [16, 64]) {
    const carried = await inTurns(loader, all, { rounds: ROUNDS, connections, durationMs: TURN_MS });
    printCarried(`Durable success pings over ${connections} connections`, carried);
    const [few, , many] = carried.slice(2);
    console.log(`100,000 jobs against 10: ${(many!.requestsPerSecond / few!.requestsPerSecond).toFixed(2)}`);
  }
}

async function benchRuns(loader: Loader, koa: Server, { jobs, server, directory }: Sized): Promise<void> {
  const traffic = { kind: 'run', jobs, fromJob: 0, outputBytes: OUTPUT_BYTES } as const;
  const both = [
    { name: 'bare Koa that reads the bodies', port: koa.port, traffic },
    { name: `Cronflow, ${jobs.toLocaleString('en')} jobs`, port: server.port, traffic },
  ];
  const carried = await inTurns(loader, both, { rounds: ROUNDS, connections: 16, durationMs: TURN_MS });
  printCarried('start and success with 2 kB of output over 16 connections', carried);
  await benchBytes(loader, server, directory);
}

/** Shows how many bytes of the data directory one ping costs, while no snapshot is written. */
async function benchBytes(loader: Loader, server: Server, directory: string): Promise<void> {
  const data = join(directory, 'data');
  const rows: string[][] = [];
  for (const [name, traffic, pingsEach, outputBytes] of [
    ['success without output', { kind: 'ping', ping: 'success', jobs: 1_000, fromJob: 0 }, 1, 0],
    [
      'success with 2 kB of output, and its start',
      { kind: 'run', jobs: 1_000, fromJob: 0, outputBytes: OUTPUT_BYTES },
      2,
      OUTPUT_BYTES,
    ],
  ] as const) {
    const before = bytesBelow(data);
    const { requests } = await loader.play({ port: server.port, connections: 1, durationMs: 1_000, traffic });
    const bytes = (bytesBelow(data) - before) / (requests / pingsEach);
    rows.push([name, shown(bytes), shown(bytes - outputBytes)]);
  }
  printTable('Bytes written', ['', 'bytes', 'beside the output'], rows);
}

function bytesBelow(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function benchList(
  loader: Loader,
  started: (server: Promise<Server>) => Promise<Server>,
  { jobs, server }: Sized,
): Promise<void> {
  const path = '/jobs?limit=100';
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
  const { byteLength } = await answer.arrayBuffer();
  const koa = await started(startBare('koa', byteLength));
  const traffic = { kind: 'get', path } as const;
  const both = [
    { name: `bare Koa that sends as many bytes`, port: koa.port, traffic },
    { name: `Cronflow, ${jobs.toLocaleString('en')} jobs`, port: server.port, traffic },
  ];
  printCarried(
    `GET ${path} over 16 connections, ${byteLength} bytes`,
    await inTurns(loader, both, { rounds: ROUNDS, connections: 16, durationMs: TURN_MS }),
  );
}

function printCarried(title: string, carried: readonly Carried[]): void {
  printTable(
    title,
    ['', 'a second', 'least', 'greatest', 'ratio', 'p99 ms', 'p99 ratio'],
    carried.map(({ name, requestsPerSecond, spread, ratio, p99Ms, p99Ratio }) => [
      name,
      shown(requestsPerSecond),
      ...spread.map(shown),
      ratio.toFixed(2),
      shown(p99Ms),
      p99Ratio.toFixed(2),
    ]),
  );
}
