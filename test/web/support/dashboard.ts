import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';
import { MORNING_AT } from './morning.ts';
import { type PastName, putPast } from './pasts.ts';

const SERVE = fileURLToPath(new URL('../../support/serve-with-clock.mjs', import.meta.url));

/** A real service in a process of its own, which begins at 8:05 in the morning after one of the pasts. */
export interface Dashboard {
  /** Its address, without a slash at the end. It stays the same over restarts. */
  readonly url: string;
  /** The path of its configuration, which may be changed. */
  readonly configPath: string;
  /** Sends a ping and fails unless it is taken. */
  ping(path: string, output?: string): Promise<void>;
  /** Moves the clock of the service; returns when what was due has been done. */
  advance(ms: number): Promise<void>;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface DashboardOptions {
  /** Options of `cronflow serve`. */
  args?: readonly string[];
  /** Variables such as CRONFLOW_TOKEN. */
  env?: Readonly<Record<string, string>>;
  /** Sent with pings, where a token is needed. */
  pingToken?: string;
}

/** Starts a service on a copy of a past. Whoever starts it stops it. */
export async function startDashboard(past: PastName, options: DashboardOptions = {}): Promise<Dashboard> {
  const { args = [], env = {}, pingToken } = options;
  const directory = await mkdtemp(join(tmpdir(), 'cronflow-web-'));
  await putPast(past, directory);
  const configPath = join(directory, 'cronflow.yaml');
  let offsetMs = MORNING_AT - Date.now();
  let port = '0';
  let log = '';
  const spawn = async (): Promise<{ child: ChildProcess; url: string }> => {
    const from = log.length;
    const place = ['--config', 'cronflow.yaml', '--data-dir', 'data', '--port', port];
    const child = fork(SERVE, [...place, ...args], {
      silent: true,
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        TMPDIR: tmpdir(),
        HOME: directory,
        CLOCK_OFFSET_MS: String(offsetMs),
        ...env,
      },
    });
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const url = await until('the service to listen', () => {
      if (child.exitCode !== null) throw new Error(`the service ended:\n${log}`);
      return /listening url=(\S+)/.exec(log.slice(from))?.[1];
    });
    return { child, url };
  };
  let { child, url } = await spawn();
  port = new URL(url).port;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  return {
    url,
    configPath,
    async ping(path, output) {
      const headers = pingToken === undefined ? {} : { Authorization: `Bearer ${pingToken}` };
      const answer = await fetch(`${url}/jobs/${path}`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'text/plain' },
        ...(output === undefined ? {} : { body: output }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    },
    advance: (ms) =>
      new Promise((resolve) => {
        offsetMs += ms;
        child.once('message', () => resolve());
        child.send({ advanceMs: ms });
      }),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      ({ child, url } = await spawn());
    },
    async stop() {
      await end('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
