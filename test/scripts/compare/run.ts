import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closeStrayDescriptors } from '../processes.ts';
import type { Case, ShellUnderTest } from './table.ts';

const LIB = readFileSync(new URL('lib.sh', import.meta.url), 'utf8');
const SCRIPT = fileURLToPath(new URL('../../../scripts/monitor.sh', import.meta.url));
/** Longer than any case takes on a busy machine, many times over. */
const HANG_MS = 240_000;
/** Files beyond this are compared by their digest. */
const SHOWN_BYTES_MAX = 20_000;

/**
 * In the environment of a wrapper whose monitor does not answer: it goes on trying for a bounded time after the command,
 * which the tests do not wait for.
 */
export const RETRIES: NodeJS.ProcessEnv = { CF_COMPARE_MAY_RETRY: '1' };
const MAY_RETRY = 'CF_COMPARE_MAY_RETRY=1';

interface Process {
  pid: number;
  command: string;
  mayStay: boolean;
}

/** Where the cases of one test file run, and what it takes to end them all. */
export class Ground {
  /** In the environment of every process that a case starts, so that none can be left behind unseen. */
  readonly mark = `cronflow-compare-${process.pid}-${Date.now()}`;
  readonly script: string;
  private readonly dir: string;
  private made = 0;

  constructor() {
    closeStrayDescriptors();
    this.dir = mkdtempSync(join(tmpdir(), 'cronflow-compare-'));
    // Other users run cases too, and the repository may lie where only we may read.
    chmodSync(this.dir, 0o755);
    this.script = join(this.dir, 'monitor.sh');
    copyFileSync(SCRIPT, this.script);
    chmodSync(this.script, 0o755);
  }

  /** A directory for one run of one case. */
  makeDirectory(): string {
    this.made += 1;
    const dir = join(this.dir, String(this.made));
    for (const name of ['', 'work', 'home', 'tmp']) mkdirSync(join(dir, name));
    return dir;
  }

  environment(dir: string): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: join(dir, 'home'),
      TMPDIR: join(dir, 'tmp'),
      CF_COMPARE_MARK: this.mark,
    };
  }

  /** The processes of the cases that still run. */
  leftBehind(): Process[] {
    return readdirSync('/proc').flatMap((name) => {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) return [];
      try {
        const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
        if (!environ.includes(this.mark)) return [];
        if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return [{ pid, command, mayStay: environ.includes(MAY_RETRY) }];
      } catch {
        return [];
      }
    });
  }

  /** Waits until nothing of the cases runs any more; ends what stays, and returns its command lines. */
  async clear(): Promise<string[]> {
    const giveUpAtMs = performance.now() + 60_000;
    let left = this.leftBehind();
    while (left.some(({ mayStay }) => !mayStay) && performance.now() < giveUpAtMs) {
      await sleep(50);
      left = this.leftBehind();
    }
    for (const { pid } of left) killQuietly(pid);
    left = left.filter(({ mayStay }) => !mayStay);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
    return left.map(({ command }) => command);
  }

  /** Runs a case in a new directory, with `run` before its command. */
  async run(each: Case, run: string, env: NodeJS.ProcessEnv = {}): Promise<Left> {
    const dir = this.makeDirectory();
    writeFileSync(join(dir, 'case.sh'), `RUN='${run}'\n${LIB}\n${each.script}\n`);
    const environment = { ...this.environment(dir), CRONFLOW_SPOOL_DIR: join(dir, 'spool'), ...env };
    const code = await this.execute(each, dir, environment);
    return { dir, text: describeRun(dir, code) };
  }

  private async execute(each: Case, dir: string, env: NodeJS.ProcessEnv): Promise<string> {
    const files = ['out', 'err'].map((name) => openSync(join(dir, name), 'w'));
    // Real pipes: what Node calls a pipe is a socket. The code comes by a file, for the last of a pipeline is cat.
    const toPipes =
      '{ { sh ../case.sh 3>&- 4>&-; echo $? >../code; } 2>&1 >&3 3>&- | cat >&4 3>&-; } 3>&1 4>&2 | cat';
    const args = each.streams === 'file' ? ['../case.sh'] : ['-c', toPipes];
    const child = spawn('sh', args, {
      cwd: join(dir, 'work'),
      env,
      stdio: ['ignore', files[0], files[1]],
    });
    for (const file of files) closeSync(file);
    const code = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        // The directory goes with it, which ends what waits for a file in it.
        for (const { pid } of this.leftBehind()) if (isIn(pid, dir)) killQuietly(pid);
        resolve('hangs');
      }, HANG_MS);
      child.once('error', reject);
      child.once('exit', (exit, signal) => {
        clearTimeout(timer);
        resolve(String(exit ?? signal));
      });
    });
    if (each.streams === 'file' || code === 'hangs') return code;
    const codeFile = join(dir, 'code');
    return existsSync(codeFile)
      ? readFileSync(codeFile, 'utf8').trim()
      : 'none: the calling shell was killed';
  }
}

/** What a run of a case has left behind, as text. */
export interface Left {
  dir: string;
  text: string;
}

/** The words of the wrapper that stand before a command. */
export function wrapperWords(ground: Ground, shell: ShellUnderTest, each: Case, job: string): string {
  return [
    ...(shell.words ?? []),
    ground.script,
    ...(each.options === undefined ? [] : [each.options]),
    job,
    '--',
  ].join(' ');
}

function isIn(pid: number, dir: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
  } catch {
    return false;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function describeRun(dir: string, code: string): string {
  const parts = [
    `exit code ${code}`,
    ...['out', 'err'].map((name) => `--- std${name}\n${shown(readFileSync(join(dir, name)))}`),
    ...describeFiles(join(dir, 'work'), ''),
  ];
  // Each run has a directory of its own, and what it wrote may name it.
  return parts.join('\n').replaceAll(dir, 'DIR');
}

function describeFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder))
    .sort()
    .flatMap((entry) => {
      const name = join(folder, entry);
      const path = join(root, name);
      const stat = lstatSync(path);
      const head = `--- ${name} ${(stat.mode & 0o7777).toString(8)}`;
      if (stat.isSymbolicLink()) return [`${head} -> ${readlinkSync(path)}`];
      if (stat.isDirectory()) return [`${head} directory`, ...describeFiles(root, name)];
      if (!stat.isFile()) return [`${head} special`];
      return [`${head}\n${contentOf(path)}`];
    });
}

function contentOf(path: string): string {
  try {
    return shown(readFileSync(path));
  } catch (error) {
    // An ordinary user cannot read a file that a case made for nobody.
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    return 'not readable';
  }
}

function shown(bytes: Buffer): string {
  if (bytes.length <= SHOWN_BYTES_MAX) return bytes.toString('latin1');
  const digest = createHash('sha256').update(bytes).digest('hex');
  const [head, tail] = [bytes.subarray(0, 200), bytes.subarray(-200)].map((part) => part.toString('latin1'));
  return `${bytes.length} bytes, ${digest}\n${head} ... ${tail}`;
}
