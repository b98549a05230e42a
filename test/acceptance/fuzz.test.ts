import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { PING_KINDS } from '../../src/core/model/reasons.ts';
import { dumpOf } from '../../src/store/lowdb/dump.ts';
import { openApi } from '../http/openapi.ts';
import { HANG_LIMIT_MS } from '../support/limits.ts';
import { seededRandom } from '../support/random.ts';
import { repetitions } from '../support/repetitions.ts';
import { until } from '../support/until.ts';
import { type Batch, Requests } from './fuzz/requests.ts';

/**
 * Sends requests from good ones to nonsense to a real service over real sockets (docs/design.md §8). A failure prints the
 * seed and the request. CRONFLOW_FUZZ_SEED plays the requests of a seed again, and CRONFLOW_FUZZ_REQUESTS sets how many.
 */
const SEED = Number(process.env.CRONFLOW_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const REQUESTS = Number(process.env.CRONFLOW_FUZZ_REQUESTS ?? repetitions(3_000, 100_000));
const CONNECTIONS = 8;
/** What a server may hold more after all these requests than after the first part of them. */
const GROWTH_BYTES_MAX = 64 * 2 ** 20;
const ANSWER_MS_MAX = 60_000;
/** The thorough run takes minutes, and longer beside other work. */
const LONG_MS_MAX = 6 * HANG_LIMIT_MS;

const SERVICE = fileURLToPath(new URL('../support/serve-measured.mjs', import.meta.url));
const CONFIG = `
notifiers:
  ops: { type: log }
groups:
  web: {}
jobs:
  a: { every: 30d }
  b: { every: 30d, paused: true }
  site: { every: 30d, group: web }
`;
const TOKENS = `
tokens:
  - { name: boss, token: boss-0123456789abcdef, allows: all }
  - { name: viewer, token: viewer-0123456789abcdef, allows: read }
  - { name: pinger, token: pinger-0123456789abcdef, allows: ping }
  - { name: limited, token: limited-0123456789abcdef, allows: ping, jobs: [not-there] }
  - { name: gone, token: gone-0123456789abcdef, allows: all, expires: 2020-01-01 }
`;
const bearer = (name: string): string => `Authorization: Bearer ${name}-0123456789abcdef`;
/** With any of these, nothing may change. */
const REFUSED = [
  '',
  bearer('nobody'),
  bearer('gone'),
  bearer('limited'),
  bearer('viewer'),
  'Authorization: Basic Ym9zczpib3Nz',
  'Authorization: Bearer boss',
  `${bearer('boss')}\r\nOrigin: https://evil.example`,
  `${bearer('pinger')}\r\nSec-Fetch-Site: cross-site`,
];
const ALLOWED = [bearer('boss'), bearer('boss'), bearer('boss'), bearer('pinger'), bearer('viewer'), ''];

let directory: string;
let child: ChildProcess;
let port: number;
let log = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-fuzz-'));
  await writeFile(join(directory, 'cronflow.yaml'), CONFIG);
  await writeFile(join(directory, 'tokens.yaml'), TOKENS, { mode: 0o600 });
  const args = [
    '--config',
    join(directory, 'cronflow.yaml'),
    '--data-dir',
    join(directory, 'data'),
    '--port',
    '0',
  ];
  child = fork(SERVICE, args, {
    silent: true,
    execArgv: ['--expose-gc'],
    env: {
      ...process.env,
      CRONFLOW_TOKENS_FILE: join(directory, 'tokens.yaml'),
      CRONFLOW_PORT: '',
      LOG_LEVEL: 'info',
    },
  });
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  port = Number(await until('the service to listen', async () => /listening url=\S+:(\d+)/.exec(log)?.[1]));
});
afterAll(async () => {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  await rm(directory, { recursive: true });
});

const routes = Object.entries(openApi.paths).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((key) => key !== 'parameters')
    .map((method) => ({ method: method.toUpperCase(), path })),
);

/** Sends bytes, says that nothing more will come, or goes, and returns all that comes back. */
async function exchange(bytes: Buffer, goesAway = false): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  socket.setTimeout(ANSWER_MS_MAX, () => {
    chunks.push(Buffer.from('HTTP/1.1 599 nothing came'));
    socket.destroy();
  });
  if (goesAway) socket.write(bytes, () => socket.destroy());
  else socket.end(bytes);
  await new Promise((resolve) => {
    socket.once('end', () => socket.destroy());
    socket.once('close', resolve);
  });
  return Buffer.concat(chunks).toString('latin1');
}

function failureIn(answers: string): string | null {
  return /HTTP\/1\.1 5\d\d[^\r]*[^]{0,1500}/.exec(answers)?.[0] ?? null;
}

/** Finds the one request of a batch that fails by itself, so that it can be played again. */
async function describeFailure({ requests }: Batch, answer: string): Promise<string> {
  for (const request of requests) {
    const alone = failureIn(await exchange(request));
    if (alone !== null) return `${JSON.stringify(request.toString('latin1'))}\nis answered with\n${alone}`;
  }
  const all = requests.map((request) => request.toString('latin1'));
  return `together ${JSON.stringify(all)}\nare answered with\n${answer}`;
}

/** Sends about so many requests and returns what failed. */
async function send(count: number, credentials: readonly string[], seed: number): Promise<string[]> {
  const requests = new Requests({ random: seededRandom(seed), credentials, routes });
  const failures: string[] = [];
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < count && failures.length === 0 && child.exitCode === null) {
      const batch = requests.batch();
      sent += batch.requests.length;
      const failure = failureIn(await exchange(Buffer.concat(batch.requests), batch.goesAway));
      if (failure !== null) failures.push(await describeFailure(batch, failure));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return failures;
}

/** Returns everything that is stored, but for the sign of life, which goes on by itself. */
async function stored(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of dumpOf(join(directory, 'data'), 0)) {
    if ('record' in line && line.table === 'meta' && line.record.key === LIVENESS_KEY) continue;
    if ('table' in line) lines.push(JSON.stringify(line));
  }
  return lines;
}

async function heapBytes(): Promise<number> {
  const answer = once(child, 'message') as Promise<[{ heap: number }]>;
  child.send({});
  return (await answer)[0].heap;
}

test(
  `${REQUESTS} requests of seed ${SEED} fail nowhere, and what is refused changes nothing`,
  async () => {
    expect(routes.length).toBeGreaterThan(PING_KINDS.length * 2);
    const play = `CRONFLOW_FUZZ_SEED=${SEED} CRONFLOW_FUZZ_REQUESTS=${REQUESTS}`;
    const part = Math.ceil(REQUESTS / 4);
    const before = await stored();
    expect(before.length).toBeGreaterThan(3);
    expect({ play, failures: await send(part, REFUSED, SEED) }).toEqual({ play, failures: [] });
    expect({ play, stored: await stored() }).toEqual({ play, stored: before });
    expect({ play, failures: await send(part, ALLOWED, SEED + 1) }).toEqual({ play, failures: [] });
    expect(await stored()).not.toEqual(before);
    const heap = await heapBytes();
    expect({ play, failures: await send(2 * part, ALLOWED, SEED + 2) }).toEqual({ play, failures: [] });
    const grown = (await heapBytes()) - heap;
    expect({ play, isBounded: grown < GROWTH_BYTES_MAX, ended: child.exitCode }).toEqual({
      play,
      isBounded: true,
      ended: null,
    });
    // Whatever nobody expected has a line of its own.
    expect(log.split('\n').filter((line) => / error /.test(line))).toEqual([]);
  },
  LONG_MS_MAX,
);
