import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until as untilAnswered } from '../support/until.ts';
import { LocalServer } from './local-server.ts';

export const SCRIPT = fileURLToPath(new URL('../../scripts/monitor.sh', import.meta.url));

/** One request that the monitor of a test received. */
export interface Received {
  method: string;
  job: string;
  kind: string;
  query: Record<string, string>;
  body: Buffer;
  authorization: string | undefined;
  status: number;
}

/** What answers that is not Cronflow: a proxy whose backend is gone, and a page that is there for every address. */
const FOREIGN = { proxy: 404, page: 200 } as const;

/**
 * What the monitor answers a ping with, at once or later; a 4xx is a problem as Cronflow sends it. `hang` answers
 * never; `proxy` and `page` are not Cronflow's.
 */
type Answer = number | 'hang' | 'proxy' | 'page' | Promise<number>;

/** What Cronflow says of a ping that it refuses. */
export const DETAIL = 'No job "nightly". Did you mean "nightly-dump"?';

export class Monitor extends LocalServer {
  readonly received: Received[] = [];
  private readonly answers = new Map<string, (ping: Omit<Received, 'status'>) => Answer>();

  answer(job: string, answer: (ping: Omit<Received, 'status'>) => Answer): void {
    this.answers.set(job, answer);
  }

  of(job: string): Received[] {
    return this.received.filter((ping) => ping.job === job);
  }

  /** The pings of a job that were answered 2xx, as `start`, `success` ... in the order they came. */
  stored(job: string): Received[] {
    return this.of(job).filter((ping) => ping.status === 200);
  }

  protected override async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://monitor');
    const [, , job = '', kind = ''] = url.pathname.split('/').map((part) => decodeURIComponent(part));
    const query = Object.fromEntries(url.searchParams);
    const ping = {
      method: request.method ?? '',
      job,
      kind,
      query,
      body: Buffer.concat(chunks),
      authorization: request.headers.authorization,
    };
    const answer = this.answers.get(job)?.(ping) ?? 200;
    const received = { ...ping, status: typeof answer === 'number' ? answer : 0 };
    this.received.push(received);
    if (answer === 'hang') return;
    if (answer === 'proxy' || answer === 'page') {
      received.status = FOREIGN[answer];
      response.writeHead(received.status, { 'content-type': 'text/html' }).end('"code":"of a page"\n');
      return;
    }
    received.status = await answer;
    const { status } = received;
    if (status < 400 || status > 499) {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end('{"ok":true}');
      return;
    }
    const problem = { type: 'urn:x', title: 'Refused', status, detail: DETAIL, code: 'unknown_job' };
    response.writeHead(status, { 'content-type': 'application/problem+json; charset=utf-8' });
    response.end(JSON.stringify(problem));
  }
}

/**
 * How long one attempt at a ping lasts, as the script says it and as a busy machine needs it; and after how long a process
 * of the wrapper's sees that the wrapper is gone, which a test need not wait for.
 */
const PATIENCE = [
  ['cf_attempt_s=10 ', 'cf_attempt_s=60 '],
  ['cf_nap_s_max=10 ', 'cf_nap_s_max=1 '],
] as const;

/**
 * Writes a copy of the wrapper into a directory that gives the monitor more time and is the same otherwise. Where
 * many tests run at once, a monitor that answers every ping may well do so after those few seconds; the limits
 * themselves are held by the cases that run the script as it is.
 */
export function writePatientScript(directory: string): string {
  let text = readFileSync(SCRIPT, 'utf8');
  for (const [limit, patient] of PATIENCE) {
    if (!text.includes(limit)) throw new Error(`${SCRIPT} has no ${limit}: change it here as well`);
    text = text.replace(limit, patient);
  }
  const path = join(directory, 'monitor.sh');
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

export interface Ended {
  /** The exit code, or the name of the signal that killed it. */
  code: number | string;
  stdout: string;
  /** The bytes of stdout, for output that is no text. */
  bytes: Buffer;
  stderr: string;
}

/** A wrapper at work. `ended` waits for its streams to close, so a process of ours that kept one would show. */
export interface Running {
  child: ChildProcess;
  stdout: () => string;
  exited: Promise<number | string>;
  ended: Promise<Ended>;
}

export interface RunOptions {
  env?: Record<string, string | undefined>;
  /** What its stdin gives before it ends; `null` leaves it open. */
  input?: Buffer | string | null;
  cwd?: string;
}

export type Shell = readonly string[];

/** What a case works with: a shell, a monitor, a job name and directories of its own. */
export class Bench {
  readonly shell: Shell;
  readonly monitor: Monitor;
  readonly job: string;
  /** The wrapper: as it is, or more patient. */
  readonly script: string;
  readonly dir: string;
  readonly spool: string;
  readonly tmp: string;

  constructor(shell: Shell, monitor: Monitor, job: string, script: string) {
    this.shell = shell;
    this.monitor = monitor;
    this.job = job;
    this.script = script;
    this.dir = mkdtempSync(join(tmpdir(), 'cronflow-wrapper-'));
    this.spool = join(this.dir, 'spool');
    this.tmp = join(this.dir, 'tmp');
    mkdirSync(this.tmp);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  environment(extra: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.dir,
      TMPDIR: this.tmp,
      CRONFLOW_URL: this.monitor.url,
      CRONFLOW_SPOOL_DIR: this.spool,
      ...(this.script === SCRIPT ? {} : { CRONFLOW_END_WAIT: '60s' }),
      ...extra,
    };
  }

  /** Starts `monitor.sh ARGS` under the shell of the case. */
  start(args: readonly string[], options: RunOptions = {}): Running {
    return start([...this.shell, this.script, ...args], this.environment(options.env), options);
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  pings(): Received[] {
    return this.monitor.of(this.job);
  }

  kinds(): string[] {
    return this.pings().map((ping) => ping.kind);
  }

  /** The ping that ended the job's run, once it is there. */
  async end(job = this.job): Promise<Received> {
    return until(() => this.monitor.of(job).find((ping) => ping.kind !== 'start'));
  }

  /** Gives a user a copy of the wrapper, a spool and a place for files of a run, and the environment that says so. */
  giveTo(user: number, extra: Record<string, string> = {}): { script: string; env: NodeJS.ProcessEnv } {
    chmodSync(this.dir, 0o755);
    const script = this.path('monitor.sh');
    writeFileSync(script, readFileSync(this.script));
    // The mask of whoever runs the tests may leave nothing for others.
    chmodSync(script, 0o755);
    const home = this.path('home');
    mkdirSync(home);
    chownSync(home, user, user);
    const env = { HOME: home, TMPDIR: home, CRONFLOW_SPOOL_DIR: join(home, 'spool'), ...extra };
    return { script, env: this.environment(env) };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The runs that the pings of a kind speak of: a ping whose answer came too late is sent again. */
export function runs(pings: readonly Received[], kind: string): Set<string | undefined> {
  return new Set(pings.filter((ping) => ping.kind === kind).map((ping) => ping.query['rid']));
}

export function start(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RunOptions = {},
): Running {
  const child = spawn(program, args, { env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A command that reads nothing closes the pipe before all is written.
  child.stdin.on('error', () => {});
  if (options.input !== null) child.stdin.end(options.input ?? '');
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? ''));
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const bytes = Buffer.concat(out);
      resolve({
        code: code ?? signal ?? '',
        stdout: bytes.toString(),
        bytes,
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
  return { child, stdout: () => Buffer.concat(out).toString(), exited, ended };
}

/** Waits until the condition gives something, which an empty text is not, and gives it back. */
export function until<T>(condition: () => T | undefined | false | null): Promise<T> {
  return untilAnswered<T>(String(condition), () => {
    const found = condition();
    return found === '' ? undefined : found;
  });
}

/** Whether the process runs; a zombie that nobody waits for does not. */
export function isAlive(pid: number): boolean {
  const [state = 'X'] = statOf(pid);
  return state !== 'Z' && state !== 'X';
}

/** State, parent and what follows them in a process's line of /proc; nothing where the process is gone. */
export function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

export function which(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A script that waits for the file named by $1, or until its directory goes with a case that has failed. */
export const AWAIT_FILE = 'while [ ! -e "$1" ] && [ -d "${1%/*}" ]; do sleep 0.05; done';

/** The shells found here, each with the words that start it. */
export function findShells(): { name: string; shell: Shell }[] {
  const all: { name: string; shell: Shell }[] = [
    { name: 'dash', shell: ['dash'] },
    { name: 'bash', shell: ['bash'] },
    { name: 'busybox', shell: ['busybox', 'sh'] },
  ];
  return all.filter(({ name, shell }) => {
    if (which(shell[0] ?? '') !== undefined) return true;
    console.log(`${name} is not installed: the wrapper is not tested under it`);
    return false;
  });
}

const UTILITIES =
  'cat chmod cksum curl date dd echo env flock head id kill ln ls mkdir mkfifo mv node od printf ps readlink rm sed setsid sh sleep tail tee test timeout touch tr true uname wc wget yes';

/** A directory of links to the utilities but `without`, to be used as the PATH. */
export function pathWithout(dir: string, without: readonly string[]): string {
  mkdirSync(dir, { recursive: true });
  // Another user may have to find them, too.
  chmodSync(dir, 0o755);
  for (const utility of UTILITIES.split(' ')) {
    const found = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, utility))
      // A process for each would hold up the monitor of the other tests.
      .find(isExecutable);
    if (found !== undefined && !without.includes(utility)) symlinkSync(found, join(dir, utility));
  }
  return dir;
}
