import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withDirectory } from './disk.ts';
import { inTurns, median, type Row, sideBySide } from './measure.ts';
import { printMeasured, printTable } from './table.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/monitor.sh', import.meta.url));
const MIB = 1024 * 1024;
const OUTPUT_BYTES = 128 * MIB;
/** The time between the ends of these two is that of a stream that flows, without what each run costs once. */
const STREAM_BYTES = [256 * MIB, 2048 * MIB] as const;
const SHELLS = ['dash', 'bash', 'busybox sh'].filter((shell) => isInstalled(shell));

/** Measures what a command costs with the wrapper before it, held against the bare command. */
export async function benchWrapper(): Promise<void> {
  const up = await listen(true);
  const hanging = await listen(false);
  const gone = await listen(true);
  const refusingUrl = urlOf(gone);
  await close(gone);
  try {
    await withDirectory(async (directory) => {
      const wrapped = new Wrapped(directory);
      const monitors: NamedUrl[] = [
        ['up', urlOf(up)],
        ['refusing', refusingUrl],
        ['hanging', urlOf(hanging)],
      ];
      await benchStartDelay(wrapped, monitors);
      await benchWhole(wrapped, urlOf(up));
      await benchProcesses(wrapped, monitors);
      await benchOutput(wrapped, urlOf(up), directory);
      await benchStreams(wrapped, urlOf(up));
    });
  } finally {
    await close(up);
    await close(hanging);
  }
}

/** Makes the words and the environment of a wrapped command. */
class Wrapped {
  private readonly directory: string;
  private readonly spool: string;

  constructor(directory: string) {
    this.directory = directory;
    this.spool = join(directory, 'spool');
    mkdirSync(join(directory, 'tmp'));
  }

  /** Leaves no trace of an outage. */
  emptySpool(): void {
    rmSync(this.spool, { recursive: true, force: true });
  }

  /** Returns the words before a command, which are none where it runs bare. */
  words(shell: string | undefined): string[] {
    return shell === undefined ? [] : [...shell.split(' '), SCRIPT, 'bench', '--'];
  }

  environment(url: string): NodeJS.ProcessEnv {
    return {
      ...process.env,
      TMPDIR: join(this.directory, 'tmp'),
      CRONFLOW_URL: url,
      CRONFLOW_SPOOL_DIR: this.spool,
      CRONFLOW_END_WAIT: '1s',
    };
  }
}

type NamedUrl = readonly [state: string, url: string];

async function benchStartDelay(wrapped: Wrapped, monitors: readonly NamedUrl[]): Promise<void> {
  const rows: Row[] = [rowOf('bare', () => untilFirstByte([], process.env))];
  for (const shell of SHELLS) {
    for (const [state, url] of monitors)
      rows.push(
        rowOf(`${shell}, monitor ${state}`, () =>
          untilFirstByte(wrapped.words(shell), wrapped.environment(url)),
        ),
      );
  }
  const measured = await sideBySide(rows, { rounds: 9, count: 1 });
  printMeasured('From calling a command to its first output', measured);
  const [bare] = measured;
  printTable(
    'How much later it starts',
    ['', 'ms'],
    measured.slice(1).map(({ name, us }) => [name, ((us - (bare?.us ?? 0)) / 1000).toFixed(1)]),
  );
}

async function benchWhole(wrapped: Wrapped, url: string): Promise<void> {
  const rows = [undefined, ...SHELLS].map((shell) =>
    rowOf(shell ?? 'bare', () =>
      untilEnd([...wrapped.words(shell), 'true'], wrapped.environment(url), 'ignore'),
    ),
  );
  printMeasured(
    'From calling `true` to its end, both pings answered',
    await sideBySide(rows, { rounds: 9, count: 1 }),
  );
}

/**
 * Counts processes by their ids, which are consecutive in a new PID namespace. The first run of an outage makes the spool,
 * tells of the outage and leaves a process that tries again; the next run finds all that.
 */
async function benchProcesses(wrapped: Wrapped, monitors: readonly NamedUrl[]): Promise<void> {
  const rows = [['bare', ...(await countProcesses([], process.env))]];
  for (const shell of SHELLS) {
    for (const [state, url] of monitors) {
      wrapped.emptySpool();
      const counts = await countProcesses(wrapped.words(shell), wrapped.environment(url));
      rows.push([`${shell}, monitor ${state}`, ...counts]);
    }
  }
  printTable('Processes that a run takes, output to a pipe', ['', 'first run', 'next run'], rows);
}

/**
 * Runs a command twice in a row. The monitor runs in this process, so it must be free to answer meanwhile.
 *
 * @returns how many processes each run took
 */
async function countProcesses(words: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  // The last process of each only says its id.
  const run = `"$@" | cat >/dev/null; sh -c 'echo $$'`;
  try {
    const args = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c'];
    const script = `exec 2>/dev/null; ${run}; ${run}`;
    const { stdout } = await promisify(execFile)('unshare', [...args, script, 'sh', ...words, '/bin/true'], {
      env,
    });
    // The first process is the shell that counts.
    const [first = 0, next = 0] = stdout.trim().split('\n').map(Number);
    return [first - 3, next - first - 2].map(String);
  } catch {
    return ['needs a PID namespace', ''];
  }
}

async function benchOutput(wrapped: Wrapped, url: string, directory: string): Promise<void> {
  const command = ['head', '-c', String(OUTPUT_BYTES), '/dev/zero'];
  const kinds = {
    pipe: 'pipe' as const,
    file: join(directory, 'output'),
  };
  for (const [kind, target] of Object.entries(kinds)) {
    const rows = [undefined, ...SHELLS].map((shell) =>
      rowOf(shell ?? 'bare', () =>
        untilEnd([...wrapped.words(shell), ...command], wrapped.environment(url), target),
      ),
    );
    const measured = await sideBySide(rows, { rounds: 5, count: 1 });
    printMeasured(`${OUTPUT_BYTES / MIB} MB of output to a ${kind}, from the call to the end`, measured);
  }
}

/** Commands whose output flows to one pipe, and to two at once. */
const STREAMS = [
  ['one pipe', (bytes: number) => `exec head -c ${bytes} /dev/zero`],
  [
    'each of two pipes',
    (bytes: number) => `head -c ${bytes} /dev/zero & head -c ${bytes} /dev/zero >&2; wait`,
  ],
] as const;

/**
 * Measures how fast output flows, as the difference between a long and a short one: the pings and the starts are in
 * both and have rows of their own.
 */
async function benchStreams(wrapped: Wrapped, url: string): Promise<void> {
  for (const [where, scriptOf] of STREAMS) {
    const rows = [undefined, ...SHELLS].flatMap((shell) =>
      STREAM_BYTES.map((bytes) =>
        rowOf(shell ?? 'bare', () =>
          untilEnd(
            [...wrapped.words(shell), 'sh', '-c', scriptOf(bytes)],
            wrapped.environment(url),
            'two pipes',
          ),
        ),
      ),
    );
    const rounds = await inTurns(rows, { rounds: 7, count: 1 });
    const mibPerSecond = Array.from({ length: rows.length / 2 }, (_, index) =>
      rounds[2 * index + 1]!.map(
        (us, round) => ((STREAM_BYTES[1] - STREAM_BYTES[0]) / MIB / (us - rounds[2 * index]![round]!)) * 1e6,
      ),
    );
    printTable(
      `How fast output flows to ${where}: the time of ${STREAM_BYTES[1] / MIB} MB less that of ${STREAM_BYTES[0] / MIB} MB`,
      ['', 'MB/s', 'of bare'],
      mibPerSecond.map((rates, index) => [
        rows[2 * index]!.name,
        median(rates).toFixed(0),
        median(rates.map((rate, round) => rate / mibPerSecond[0]![round]!)).toFixed(2),
      ]),
    );
  }
}

function rowOf(name: string, doOnce: () => Promise<void>): Row {
  return {
    name,
    async run(count) {
      for (let done = 0; done < count; done += 1) await doOnce();
    },
  };
}

/**
 * Runs a command until its first output. Then the wrapper, which is alone in its process group, is killed with
 * everything that it would still do.
 */
async function untilFirstByte(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn('env', [...words, '/bin/echo', 'started'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It has ended.
  }
  // The end is not waited for here, because the time of the next row begins after this.
  void exited;
}

/** How a shell runs a command whose output is read, or is not there. */
const READERS = {
  ignore: 'exec "$@"',
  pipe: '"$@" | cat >/dev/null',
  'two pipes': '{ "$@" 2>&1 >&3 | cat >/dev/null; } 3>&1 | cat >/dev/null',
} as const;

/**
 * Runs a command to its end. It writes to a pipe by way of `cat`, as a caller reads it, because a pipe of Node is a
 * socket.
 */
async function untilEnd(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  target: keyof typeof READERS | (string & {}),
): Promise<void> {
  const reader = Object.entries(READERS).find(([name]) => name === target)?.[1];
  const script = reader ?? 'exec "$@"';
  const file = reader === undefined ? openSync(target, 'w') : undefined;
  const child = spawn('sh', ['-c', script, 'sh', ...words], {
    env,
    stdio: ['ignore', file ?? 'ignore', 'ignore'],
  });
  await once(child, 'exit');
  if (file !== undefined) closeSync(file);
}

async function listen(answers: boolean): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    if (answers)
      request.on('end', () => response.setHeader('Content-Type', 'application/json').end('{"ok":true}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function isInstalled(shell: string): boolean {
  try {
    execFileSync('sh', ['-c', `${shell} -c true`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
