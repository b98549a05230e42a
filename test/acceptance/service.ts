import { type ChildProcess, execFile, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The real service in a process of its own, with its file in a git repository of its own. */
export interface Service {
  readonly url: string;
  readonly directory: string;
  readonly configPath: string;
  /** All it has logged so far. */
  log(): string;
  /** The time by the service's clock, in milliseconds since the Unix epoch. */
  now(): number;
  /** Moves the service's clock; returns when what was due has been done. */
  advance(ms: number): Promise<void>;
  get<T>(path: string): Promise<T>;
  until: typeof until;
  git(...args: string[]): Promise<void>;
  /** Runs `scripts/monitor.sh JOB COMMAND...`; never rejects for its exit code. */
  monitor(job: string, command: string[], options?: { input?: string }): Promise<Finished>;
  /** Starts it again on the same data after `kill -9`, `awayMs` later. */
  killAndRestart(awayMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Where {
  /** Where it keeps its data; beside the configuration unless given. */
  dataDir?: string;
  /** The value of `CRONFLOW_STORE`. */
  store?: string;
}

/** Starts the service on `config`, telling `webhookUrl`. */
export async function startService(
  config: string,
  webhookUrl: string,
  { dataDir, store = '' }: Where = {},
): Promise<Service> {
  const directory = await mkdtemp(join(tmpdir(), 'cronflow-acceptance-'));
  const configPath = join(directory, 'cronflow.yaml');
  await writeFile(configPath, config);
  const git = async (...args: string[]): Promise<void> => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    await run('git', [...identity, ...args], { cwd: directory });
  };
  await git('init', '-q');
  await git('add', 'cronflow.yaml');
  await git('commit', '-q', '-m', 'first');
  let log = '';
  let offsetMs = 0;
  const spawn = async (): Promise<{ child: ChildProcess; url: string }> => {
    const args = ['--config', configPath, '--data-dir', dataDir ?? join(directory, 'data'), '--port', '0'];
    const child = fork(join(ROOT, 'test/support/serve-with-clock.mjs'), args, {
      silent: true,
      env: {
        ...process.env,
        SLACK_WEBHOOK_URL: webhookUrl,
        CRONFLOW_CONFIG: '',
        CRONFLOW_PORT: '',
        CRONFLOW_STORE: store,
        CLOCK_OFFSET_MS: String(offsetMs),
      },
    });
    const from = log.length;
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const url = await until('the service to listen', async () => {
      if (child.exitCode !== null) throw new Error(`the service ended:\n${log}`);
      return /listening url=(\S+)/.exec(log.slice(from))?.[1];
    });
    return { child, url };
  };
  let { child, url } = await spawn();
  return {
    get url() {
      return url;
    },
    directory,
    configPath,
    log: () => log,
    now: () => Date.now() + offsetMs,
    advance: (ms) =>
      new Promise((resolve) => {
        offsetMs += ms;
        child.once('message', () => resolve());
        child.send({ advanceMs: ms });
      }),
    get: async <T>(path: string) => (await (await fetch(`${url}${path}`)).json()) as T,
    until,
    git,
    monitor: (job, command, options = {}) => runMonitor(url, directory, job, command, options.input),
    async killAndRestart(awayMs = 0) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      offsetMs += awayMs;
      ({ child, url } = await spawn());
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function runMonitor(
  url: string,
  directory: string,
  job: string,
  command: string[],
  input: string | undefined,
): Promise<Finished> {
  const child = execFile('sh', [join(ROOT, 'scripts/monitor.sh'), job, ...command], {
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      CRONFLOW_URL: url,
      CRONFLOW_SPOOL_DIR: join(directory, 'spool'),
    },
  });
  // A command that reads nothing may close the pipe before all is written.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
  const chunks = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: string) => (chunks.stdout += chunk));
  child.stderr?.on('data', (chunk: string) => (chunks.stderr += chunk));
  const code = await new Promise<number>((resolve) =>
    child.once('close', (exitCode) => resolve(exitCode ?? -1)),
  );
  return { code, ...chunks };
}
