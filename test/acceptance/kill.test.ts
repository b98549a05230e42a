import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HANG_LIMIT_MS } from '../support/limits.ts';
import { seededRandom } from '../support/random.ts';
import { repetitions } from '../support/repetitions.ts';
import { startSlackServer, type SlackServer } from '../support/slack-server.ts';
import { until } from '../support/until.ts';
import { KILLED_STORES, type KilledStore } from './killed-stores.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** CI has more of them. Each round is the same but for its instant, which is one by chance. */
const ROUNDS = repetitions(6, 12);
const JOBS = 8;
const CALLERS = 12;
const SEED = Number(process.env.CRONFLOW_KILL_SEED ?? Date.now() % 1_000_000);
const LIMIT = { timeout: Math.max(HANG_LIMIT_MS, ROUNDS * 100_000) };

interface Service {
  child: ChildProcess;
  url: string;
}

describe.each(KILLED_STORES)('kill -9 of a service over %s', (_name, make) => {
  let directory: string;
  let slack: SlackServer;
  let store: KilledStore;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cronflow-kill-'));
    [slack, store] = await Promise.all([startSlackServer(), make(directory)]);
    const jobs = Array.from({ length: JOBS }, (_, index) => `  job-${index}: { keep_runs: 1000 }`);
    const notifiers = 'notifiers: { ops: { type: slack, webhook_url: "${SLACK_WEBHOOK_URL}" } }';
    await writeFile(join(directory, 'cronflow.yaml'), `${notifiers}\njobs:\n${jobs.join('\n')}\n`);
  });

  afterAll(async () => {
    await slack.close();
    await store.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  test(`at any instant loses no answered ping and no notification (seed ${SEED})`, LIMIT, async () => {
    const random = seededRandom(SEED);
    const rounds: Round[] = [];
    for (let number = 0; number < ROUNDS; number += 1) {
      // Every other round is one of the service alone.
      const trouble = number % 2 === 0 ? undefined : store.troubles[(number >> 1) % store.troubles.length];
      const round = new Round(await startService(), number, random);
      await round.play(trouble?.[1]);
      rounds.push(round);
    }
    const service = await startService();
    const lost = await lostRids(service, rounds);
    const incidents = await getJson<{ id: string; closed_at: string | null }[]>(
      `${service.url}/incidents?limit=1000`,
    );
    const deliveries = await getJson<{ id: string; incident_id: string }[]>(
      `${service.url}/deliveries?limit=1000`,
    );
    const ended = once(service.child, 'exit');
    service.child.kill('SIGTERM');
    await ended;
    expect(lost).toEqual([]);
    // The test means nothing if the process was never killed in the middle of its work.
    expect(rounds.flatMap(({ answered }) => answered).length).toBeGreaterThan(ROUNDS);
    expect(rounds.some(({ unanswered }) => unanswered > 0)).toBe(true);
    const owed = incidents.flatMap(({ id, closed_at: closedAt }) =>
      closedAt === null ? [`${id}.ops.opened`] : [`${id}.ops.opened`, `${id}.ops.closed`],
    );
    expect(deliveries.map(({ id }) => id).sort()).toEqual(owed.sort());
  });

  /** Starts the service, again and again for as long as its store is away, as systemd does. */
  async function startService(): Promise<Service> {
    let log = '';
    return until(
      'the service to listen',
      async () => {
        const args = ['serve', '--config', join(directory, 'cronflow.yaml'), ...store.args, '--port', '0'];
        const child = spawn(process.execPath, [MAIN, ...args], {
          stdio: ['ignore', 'ignore', 'pipe'],
          env: { ...process.env, SLACK_WEBHOOK_URL: slack.url, ...store.env },
        });
        log = '';
        const url = await new Promise<string | null>((resolve) => {
          child.stderr.on('data', (chunk: Buffer) => {
            log += chunk.toString();
            const found = /listening url=(\S+)/.exec(log)?.[1];
            if (found !== undefined) resolve(found);
          });
          child.once('exit', () => resolve(null));
        });
        return url === null ? null : { child, url };
      },
      () => log,
    );
  }
});

/** A ping that was answered by 2xx. */
interface Answered {
  job: string;
  rid: string;
}

/** Pings from several callers to one service, until it is killed among them. */
class Round {
  readonly answered: Answered[] = [];
  unanswered = 0;
  readonly #service: Service;
  readonly #number: number;
  readonly #random: () => number;
  readonly #killAfter: number;
  /** The pings that were sent, but for those that were refused because the store was away. */
  #sent = 0;

  constructor(service: Service, number: number, random: () => number) {
    this.#service = service;
    this.#number = number;
    this.#random = random;
    this.#killAfter = 1 + Math.floor(random() * 120);
  }

  /**
   * Plays it.
   * @param befall what befalls the store before the service is killed, or at the same moment
   */
  async play(befall: (() => Promise<void>) | undefined): Promise<void> {
    const { child } = this.#service;
    const killed = once(child, 'exit');
    const troubleAfter = 1 + Math.floor(this.#random() * this.#killAfter);
    let trouble: Promise<void> | undefined;
    const act = (): void => {
      if (this.#sent === troubleAfter && trouble === undefined) trouble = befall?.();
      if (this.#sent === this.#killAfter) child.kill('SIGKILL');
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, caller) => this.#call(caller, act)));
    await killed;
    await trouble;
  }

  async #call(caller: number, onSent: () => void): Promise<void> {
    const { child, url } = this.#service;
    for (let count = 0; child.exitCode === null && child.signalCode === null; count += 1) {
      const job = `job-${Math.floor(this.#random() * JOBS)}`;
      const rid = `r${this.#number}-${caller}-${count}`;
      const kind = this.#random() < 0.3 ? 'failure' : 'success';
      // What is counted, not a timer, decides when to kill: the instant falls anywhere in the traffic.
      this.#sent += 1;
      onSent();
      try {
        const answer = await fetch(`${url}/jobs/${job}/${kind}?rid=${rid}`, {
          method: 'POST',
          body: 'output',
        });
        if (answer.ok) this.answered.push({ job, rid });
        else {
          this.#sent -= 1;
          await sleep(20);
        }
      } catch {
        this.unanswered += 1;
      }
    }
  }
}

/** Lists the pings of which a client was told that they are there, and that are not, or are there twice. */
async function lostRids({ url }: Service, rounds: readonly Round[]): Promise<string[]> {
  const lost: string[] = [];
  for (let index = 0; index < JOBS; index += 1) {
    const name = `job-${index}`;
    const runs = await getJson<{ rid: string }[]>(`${url}/jobs/${name}/runs?limit=1000`);
    const stored = new Set(runs.map(({ rid }) => rid));
    if (stored.size < runs.length) lost.push(`${name} has runs twice`);
    for (const { job, rid } of rounds.flatMap(({ answered }) => answered))
      if (job === name && !stored.has(rid)) lost.push(rid);
  }
  return lost;
}

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}
