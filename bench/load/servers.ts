import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageFrom } from './child.ts';

/** The built program. */
export const MAIN = fileURLToPath(new URL('../../../../dist/main.js', import.meta.url));
const BARE = fileURLToPath(new URL('./bare.js', import.meta.url));
/** A job with this schedule is never due in the time of a benchmark. */
const YEARLY = '0 0 1 1 *';
/** So many jobs are declared in one file. */
const JOBS_A_FILE = 40_000;

/** A server in a process of its own. */
export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** Starts a server that gives a fixed answer of so many bytes. */
export async function startBare(kind: 'node' | 'koa', answerBytes: number): Promise<Server> {
  const child = fork(BARE, [kind, String(answerBytes)]);
  const port = await messageFrom<number>(child, `the bare server (${kind})`);
  return serverOf(child, port);
}

/** Writes the configuration of `job-0` and so on, in as many files as that takes. Returns the path of the first. */
export function declareJobs(
  directory: string,
  jobs: number,
  { scheduleOf, grace }: { scheduleOf?: (number: number) => string | undefined; grace?: string } = {},
): string {
  const includes: string[] = [];
  mkdirSync(join(directory, 'jobs'), { recursive: true });
  for (let from = 0; from < jobs; from += JOBS_A_FILE) {
    const count = Math.min(JOBS_A_FILE, jobs - from);
    const lines = Array.from({ length: count }, (_, each) => {
      const number = from + each;
      return `  job-${number}: { schedule: "${scheduleOf?.(number) ?? YEARLY}" }`;
    });
    const name = `jobs/${from}.yaml`;
    writeFileSync(join(directory, name), `jobs:\n${lines.join('\n')}\n`);
    includes.push(name);
  }
  const path = join(directory, 'cronflow.yaml');
  const defaults = grace === undefined ? '' : `defaults: { grace: ${grace} }\n`;
  writeFileSync(
    path,
    `include: [${includes.join(', ')}]\n${defaults}notifiers: { log: { type: log } }\njobs: {}\n`,
  );
  return path;
}

/** Starts Cronflow as people do, and waits until it listens and is ready. */
export async function startCronflow(directory: string, configPath: string): Promise<Server> {
  const server = await startListening(configPath, join(directory, 'data'));
  while (!(await isReady(server.port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return server;
}

/** Starts Cronflow as people do, and waits until it listens. */
export async function startListening(configPath: string, dataDirectory: string): Promise<Server> {
  const args = [MAIN, 'serve', '--config', configPath, '--data-dir', dataDirectory, '--port', '0'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'info' },
  });
  let log = '';
  const port = new Promise<number>((resolve, reject) => {
    const read = (text: Buffer): void => {
      log = `${log}${text.toString()}`.slice(-10_000);
      const found = /listening.*?:(\d+)/.exec(log)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`the service did not start:\n${log}`)));
  });
  return serverOf(child, await port);
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  await answer.arrayBuffer();
  return answer.ok;
}

function serverOf(child: ChildProcess, port: number): Server {
  const ended = once(child, 'exit');
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
