import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HANG_LIMIT_MS } from '../support/limits.ts';
import { repetitions } from '../support/repetitions.ts';
import { startSlackServer, type SlackServer } from '../support/slack-server.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** CI has more of them. Each round is the same but for its instant, which is one by chance. */
const ROUNDS = repetitions(8, 12);
const JOBS = 8;
const CALLERS = 12;
const SEED = Number(process.env.CRONFLOW_KILL_SEED ?? Date.now() % 1_000_000);

let directory: string;
let slack: SlackServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-kill-'));
  slack = await startSlackServer();
  const jobs = Array.from({ length: JOBS }, (_, index) => `  job-${index}: { keep_runs: 1000 }`);
  const notifiers = 'notifiers: { ops: { type: slack, webhook_url: "${SLACK_WEBHOOK_URL}" } }';
  await writeFile(join(directory, 'cronflow.yaml'), `${notifiers}\njobs:\n${jobs.join('\n')}\n`);
});

afterAll(async () => {
  await slack.close();
  await rm(directory, { recursive: true, force: true });
});

const LIMIT = { timeout: Math.max(HANG_LIMIT_MS, ROUNDS * 50_000) };
test(`kill -9 at any instant loses no answered ping and no notification (seed ${SEED})`, LIMIT, async () => {
  const random = randomFrom(SEED);
  const answered = new Map<string, string[]>();
  let unanswered = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const service = await startService();
    const killAfter = 1 + Math.floor(random() * 120);
    const killed = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
    let sent = 0;
    const call = async (caller: number): Promise<void> => {
      for (let count = 0; service.child.exitCode === null && service.child.signalCode === null; count += 1) {
        const name = `job-${Math.floor(random() * JOBS)}`;
        const rid = `r${round}-${caller}-${count}`;
        const kind = random() < 0.3 ? 'failure' : 'success';
        // What is counted, not a timer, decides when to kill: the instant falls anywhere in the traffic.
        if ((sent += 1) === killAfter) service.child.kill('SIGKILL');
        try {
          const answer = await fetch(`${service.url}/jobs/${name}/${kind}?rid=${rid}`, {
            method: 'POST',
            body: 'output',
          });
          if (answer.ok) answered.set(name, [...(answered.get(name) ?? []), rid]);
        } catch {
          unanswered += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));
    service.child.kill('SIGKILL');
    await killed;
  }

  const service = await startService();
  const lost: string[] = [];
  for (const [name, rids] of answered) {
    const runs = await getJson<{ rid: string }[]>(`${service.url}/jobs/${name}/runs?limit=1000`);
    const stored = new Set(runs.map(({ rid }) => rid));
    lost.push(...rids.filter((rid) => !stored.has(rid)));
  }
  const incidents = await getJson<{ id: string; closed_at: string | null }[]>(
    `${service.url}/incidents?limit=1000`,
  );
  const deliveries = await getJson<{ id: string; incident_id: string }[]>(
    `${service.url}/deliveries?limit=1000`,
  );
  const ended = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
  service.child.kill('SIGTERM');
  await ended;
  expect(lost).toEqual([]);
  // The test means nothing if the process was never killed in the middle of its work.
  expect([...answered.values()].flat().length).toBeGreaterThan(ROUNDS);
  expect(unanswered).toBeGreaterThan(0);
  const owed = incidents.flatMap(({ id, closed_at: closedAt }) =>
    closedAt === null ? [`${id}.ops.opened`] : [`${id}.ops.opened`, `${id}.ops.closed`],
  );
  expect(deliveries.map(({ id }) => id).sort()).toEqual(owed.sort());
});

async function startService(): Promise<{ child: ChildProcess; url: string }> {
  const args = ['serve', '--config', join(directory, 'cronflow.yaml'), '--data-dir', join(directory, 'data')];
  const child = spawn(process.execPath, [MAIN, ...args, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, SLACK_WEBHOOK_URL: slack.url },
  });
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const found = /listening url=(\S+)/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the service ended:\n${log}`)));
  });
  return { child, url };
}

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** A small generator of numbers in [0, 1) that a seed determines. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
