import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { constants as system, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importCommand } from '../../src/cli/import.ts';
import { Monitor, SCRIPT } from '../scripts/harness.ts';
import corpus from '../testdata/crontab-commands.json' with { type: 'json' };

/**
 * Runs every command of the corpus twice as cron would, once as it is written and once as `--wrap` rewrites it, and
 * compares all that can be seen of the two: stdout, stderr, exit code and what they left in their directory.
 */

const root = mkdtempSync(join(tmpdir(), 'cronflow-corpus-'));
const monitor = new Monitor();
beforeAll(() => monitor.listen());
afterAll(async () => {
  await monitor.close();
  rmSync(root, { recursive: true, force: true });
});

/** What cron does with what stands behind the time. `pairs` are the characters that a backslash is dropped before. */
function splitAsCron(written: string, pairs: string): { command: string; input: string } {
  let command = '';
  let i = 0;
  for (; i < written.length && written[i] !== '%'; i += 1) {
    const next = written[i + 1];
    if (written[i] !== '\\' || next === undefined) command += written[i];
    else {
      command += pairs.includes(next) ? next : `\\${next}`;
      i += 1;
    }
  }
  return { command, input: inputAsCron(written.slice(i + 1)) };
}

/** Each `%` ends a line, `\%` stands for itself, and the last line gets its end. */
function inputAsCron(written: string): string {
  const input = written.replace(/\\%|%/g, (found) => (found === '%' ? '\n' : '%'));
  return input === '' || input.endsWith('\n') ? input : `${input}\n`;
}

const CRONS = { debian: '%\\', cronie: '%' };

interface Observed {
  stdout: string;
  stderr: string;
  code: number;
  files: Record<string, string>;
}

/** Runs what stands behind the time in a fresh directory, as a child of cron is run. */
async function runAsCron(written: string, shell: string, home: string, pairs: string): Promise<Observed> {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  const { command, input } = splitAsCron(written, pairs);
  const env = {
    HOME: home,
    LOGNAME: 'somebody',
    PATH: '/usr/bin:/bin',
    SHELL: shell,
    CRONFLOW_URL: monitor.url,
    CRONFLOW_SPOOL_DIR: join(root, 'spool'),
    // Nothing here looks at start pings, which take nearly half of the time of a wrapper.
    CRONFLOW_NO_START: '1',
  };
  const child = spawn(shell, ['-c', command], { cwd: home, env, detached: true, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('latin1');
    child[name].on('data', (text: string) => void (output[name] += text));
  }
  // A command need not read what it is given.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit, signal) =>
      resolve(signal === null ? (exit ?? -1) : 128 + system.signals[signal]),
    );
  });
  return { ...output, code, files: filesIn(home) };
}

function filesIn(directory: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    const { mode } = lstatSync(path);
    files[name] = `${mode.toString(8)} ${lstatSync(path).isFile() ? readFileSync(path, 'latin1') : ''}`;
  }
  return files;
}

interface Line {
  what: string;
  written: string;
  wrapped: string;
  job: string;
}

/** Each command of the corpus, and what `cronflow import crontab --wrap` makes of it. */
async function wrapCorpus(shell: string): Promise<Line[]> {
  const time = '* * * * * ';
  const crontab = [`SHELL=${shell}`, ...corpus.map(({ command }) => `${time}${command}`), ''].join('\n');
  let printed = '';
  const code = await importCommand(['crontab', '--wrap', '--json', '--monitor', SCRIPT], {
    stdin: (async function* stdin() {
      yield crontab;
    })(),
    stdout: (text) => void (printed += text),
    stderr: () => undefined,
    env: {},
    cwd: '/',
    clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
  });
  const report = JSON.parse(printed) as {
    crontab: string;
    jobs: { name: string }[];
    skipped: unknown;
    notes: unknown;
  };
  expect({ code, skipped: report.skipped, notes: report.notes }).toEqual({ code: 0, skipped: [], notes: [] });
  const rewritten = report.crontab.split('\n').slice(1, -1);
  return corpus.map(({ what, command }, i) => {
    const wrapped = rewritten[i]?.slice(time.length) ?? '';
    return { what, written: command, wrapped, job: report.jobs[i]?.name ?? '' };
  });
}

/** Where busybox is, a link by which it is a shell. */
function busyboxAs(name: string): string {
  const link = join(root, name);
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) {
    if (isExecutable(path)) {
      symlinkSync(path, link);
      return link;
    }
  }
  return link;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const SHELLS = {
  sh: '/bin/sh',
  bash: '/bin/bash',
  'busybox sh': busyboxAs('sh'),
  zsh: '/bin/zsh',
  ksh: '/bin/ksh',
};

test('the corpus holds commands enough, each once', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(60);
  expect(new Set(corpus.map(({ command }) => command)).size).toBe(corpus.length);
  expect(new Set(corpus.map(({ what }) => what)).size).toBe(corpus.length);
});

for (const [name, shell] of Object.entries(SHELLS)) {
  const isThere = isExecutable(shell);
  describe.skipIf(!isThere)(`under ${name}${isThere ? '' : `: ${shell} is missing here`}`, () => {
    let lines: Line[] = [];
    beforeAll(async () => {
      lines = await wrapCorpus(shell);
    });

    test.concurrent.each(corpus.map(({ what }, i) => [what, i] as const))(
      'a command does the same wrapped and bare: %s',
      async (_, i) => {
        const { written, wrapped, job } = lines[i]!;
        const home = join(root, `${name.replace(' ', '-')}-${i}`);
        const before = await runAsCron(written, shell, home, CRONS.debian);
        const known = monitor.of(job).length;
        const after = await runAsCron(wrapped, shell, home, CRONS.debian);
        expect(after).toEqual(before);
        const ends = monitor.of(job).slice(known);
        // On a busy machine an end may be sent twice.
        expect([...new Set(ends.map(({ query }) => query['exit_code']))]).toEqual([String(before.code)]);
      },
    );
  });
}
