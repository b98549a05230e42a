import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import {
  access,
  chmod,
  constants,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cronflow } from '../../src/cli/cronflow.ts';
import { readTokensFile } from '../../src/config/tokens-file.ts';
import { type Result, runIn } from '../cli/support/io.ts';
import { NO_SERVICE } from '../cli/support/no-service.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { until } from '../support/until.ts';

/**
 * Every block of the README and of docs/ does what it says when it is pasted. A block that cannot be run here says so,
 * where only its source shows it: `<!-- not run: REASON -->` on the line above.
 */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
  'README.md',
  ...readdirSync(join(PROJECT, 'docs'))
    .sort()
    .map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));
/** How many blocks are not run. A new one is a decision; this is where it is taken. */
const NOT_RUN_COUNT = 19;
const NOT_RUN = /^<!-- not run: (\S.*) -->$/;

interface Block {
  page: string;
  /** Of its first line. */
  line: number;
  language: string;
  text: string;
  /** Why it cannot be run here. */
  notRun: string | null;
}

function blocksOf(page: string): Block[] {
  const lines = readFileSync(join(PROJECT, page), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const fence = /^(\s*)```(\S*)$/.exec(lines[i]!);
    if (fence === null) continue;
    const end = lines.findIndex((line, at) => at > i && line.trim() === '```');
    const above = lines.slice(0, i).findLast((line) => line.trim() !== '') ?? '';
    const text = lines.slice(i + 1, end).map((line) => line.slice(fence[1]!.length));
    blocks.push({
      page,
      line: i + 2,
      language: fence[2]!,
      text: `${text.join('\n')}\n`,
      notRun: NOT_RUN.exec(above)?.[1] ?? null,
    });
    i = end;
  }
  return blocks;
}

const blocks = PAGES.flatMap(blocksOf);
const named = (...languages: string[]): [string, Block][] =>
  blocks
    .filter(({ language, notRun }) => languages.includes(language) && notRun === null)
    .map((block) => [`${block.page}:${block.line}`, block]);

let root = '';
let slack: SlackServer;
let service: ChildProcess;
let log = '';
let url = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-docs-'));
  slack = await startSlackServer();
  const clone = join(root, 'opt');
  await mkdir(clone);
  for (const name of ['dist', 'assets', 'schemas', 'scripts', 'package.json', 'cronflow.yaml'])
    await cp(join(PROJECT, name), join(clone, name), { recursive: true });
  await symlink(join(PROJECT, 'node_modules'), join(clone, 'node_modules'));
  // What production.md makes, and what else a machine with cron has.
  const bin = join(root, 'bin');
  await mkdir(bin);
  await symlink(join(clone, 'dist', 'main.js'), join(bin, 'cronflow'));
  await program('crontab', `[ "$1" != -l ] || echo '0 2 * * * /usr/local/bin/backup --all'`);
  await program('pg_dumpall', 'echo all');
  await mkdir(join(root, 'vault'));
  await mkdir(join(root, 'srv'));
  await mkdir(join(root, 'cron.d'));
  await writeFile(join(root, 'cron.d', 'backup'), '0 3 * * * root /usr/local/bin/backup\n');
  await mkdir(join(root, 'secrets'));
  for (const name of ['tickets', 'smtp', 'slack'])
    await writeFile(join(root, 'secrets', name), 'a-secret-that-is-long-enough\n');
  url = await startService(clone);
});

afterAll(async () => {
  const ended = new Promise((resolve) => service.once('close', resolve));
  service.kill('SIGTERM');
  await ended;
  await slack.close();
  await rm(root, { recursive: true, force: true });
});

async function program(name: string, body: string): Promise<void> {
  await writeFile(join(root, 'bin', name), `#!/bin/sh\n${body}\n`);
  await chmod(join(root, 'bin', name), 0o755);
}

const environment = (): Record<string, string> => ({
  PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}`,
  HOME: root,
  TMPDIR: root,
  CRONFLOW_URL: url,
});

async function startService(clone: string): Promise<string> {
  service = spawn(process.execPath, ['dist/main.js', 'serve', '--port', '0'], {
    cwd: clone,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  service.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return until(
    'the service',
    () => /listening url=(\S+)/.exec(log)?.[1],
    () => log,
  );
}

/** The places of the documentation, as they are in this sandbox. */
function here(text: string): string {
  return text
    .replaceAll(/http:\/\/(127\.0\.0\.1|cronflow\.example\.com):8000/g, url)
    .replaceAll('/opt/cronflow', join(root, 'opt'))
    .replaceAll('/var/lib/cronflow', join(root, 'opt', 'data'))
    .replaceAll('/srv/cronflow', join(root, 'srv', 'cronflow'))
    .replaceAll('/etc/cron.d', join(root, 'cron.d'))
    .replaceAll('/run/secrets', join(root, 'secrets'))
    .replaceAll('/vault', join(root, 'vault'))
    .replaceAll('/tmp/log', join(root, 'log'));
}

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Not in one go, for the receiver of messages lives in this process. */
function shell(text: string, cwd: string, env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn('bash', ['-c', text], {
    cwd,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WAIT_LIMIT_MS,
  });
  const ran = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (ran.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (ran.stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...ran })));
}

/** A command of Cronflow whose answer is looked at, and not how it is started. */
function inProcess(cwd: string, argv: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  return runIn(cwd, Date.now(), (io) => cronflow(argv, io, NO_SERVICE), {
    env: { ...environment(), ...env },
  });
}

/** Else the reader's prompt would stand behind the answer. */
function endsItsLine(stdout: string): boolean {
  return stdout === '' || stdout.endsWith('\n');
}

/** Which exit codes say that a line did what it was to do, besides 0. */
function isFine(line: string, { code, stdout, stderr }: Ran): boolean {
  if (!endsItsLine(stdout)) return false;
  if (/unknown option|Usage:|command not found|No such file/i.test(stderr)) return false;
  if (code === 0) return true;
  // Changes that were found, and trouble that there is.
  return (
    (/cronflow (plan|backtest) /.test(line) && code === 2) || (/cronflow status/.test(line) && code === 3)
  );
}

describe('the blocks of the documentation', () => {
  test('say why, where they are not run, and are run everywhere else', () => {
    const languages = new Set(blocks.map(({ language }) => language));
    expect([...languages].sort()).toEqual(
      expect.arrayContaining(['crontab', 'diff', 'ini', 'js', 'json', 'python', 'sh', 'yaml']),
    );
    const known = new Set([
      '',
      'bat',
      'cron',
      'crontab',
      'diff',
      'ini',
      'js',
      'json',
      'nginx',
      'python',
      'sh',
      'sql',
      'text',
      'yaml',
    ]);
    expect([...languages].filter((language) => !known.has(language))).toEqual([]);
    expect(blocks.filter(({ notRun }) => notRun !== null)).toHaveLength(NOT_RUN_COUNT);
    // A mark that belongs to no block is a misspelt one.
    const marks = PAGES.flatMap(
      (page) => readFileSync(join(PROJECT, page), 'utf8').match(/<!-- not run/g) ?? [],
    );
    expect(marks).toHaveLength(NOT_RUN_COUNT);
  });

  test('run `npx cronflow` only where it is installed: in the clone that the README makes', () => {
    for (const page of PAGES.filter((each) => each !== 'README.md'))
      expect(
        `${page}: ${readFileSync(join(PROJECT, page), 'utf8').match(/.*npx cronflow.*/)?.[0] ?? ''}`,
      ).toBe(`${page}: `);
  });

  const ofShell = named('sh').filter(([, { page }]) => page !== 'README.md');
  test.each(ofShell)('%s: each line does what it says', async (_, { text }) => {
    const cwd = await mkdtemp(join(root, 'cwd-'));
    await mkdir(join(cwd, 'conf.d'));
    const config = await readFile(join(PROJECT, 'cronflow.yaml'), 'utf8');
    await writeFile(join(cwd, 'cronflow.yaml'), config);
    await writeFile(join(cwd, 'changed.yaml'), `${config}\n  another:\n    every: 1h\n`);
    for (const line of here(text)
      .split(/(?<!\\)\n/)
      .filter((each) => each.trim() !== '')) {
      const ran = await shell(line, cwd, { SLACK_WEBHOOK_URL: slack.url });
      expect({ line, ...ran, isFine: isFine(line, ran) }).toMatchObject({ line, isFine: true });
    }
  });

  test.each(named('yaml'))('%s: is a configuration', async (name, { text, page }) => {
    const cwd = await mkdtemp(join(root, 'cwd-'));
    await mkdir(join(cwd, 'conf.d'));
    // The README says to add it at the end of the shipped file.
    const before = page === 'README.md' ? await readFile(join(PROJECT, 'cronflow.yaml'), 'utf8') : '';
    const written = parse(before + text) as Record<string, unknown>;
    if ('tokens' in written) {
      await writeFile(join(cwd, 'tokens.yaml'), text, { mode: 0o600 });
      const env = { WEB_TOKEN: '0123456789abcdef' };
      expect(await readTokensFile(join(cwd, 'tokens.yaml'), env)).toMatchObject({ ok: true });
      return;
    }
    const after = 'jobs' in written || 'include' in written ? '' : 'jobs: {}\n';
    await writeFile(join(cwd, 'cronflow.yaml'), here(before + text + after));
    const variables = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => [
      variable!,
      valueOf(variable!),
    ]);
    const ran = await inProcess(cwd, ['check'], Object.fromEntries(variables) as Record<string, string>);
    expect({ name, ...ran }).toMatchObject({ code: 0 });
  });

  test.each(named('crontab', 'cron'))('%s: is a crontab whose jobs are wrapped', async (_, { text }) => {
    const cwd = await mkdtemp(join(root, 'cwd-'));
    await writeFile(join(cwd, 'crontab'), text);
    const ran = await inProcess(cwd, ['import', 'crontab', 'crontab', '--json']);
    expect(ran).toMatchObject({ code: 0 });
    expect((JSON.parse(ran.stdout) as { jobs: unknown }).jobs).not.toEqual([]);
    // The wrapper stands where the installation puts it.
    for (const [path] of text.matchAll(/\/opt\/\S+/g))
      expect({ path, problem: await access(here(path), constants.X_OK).catch(String) }).toEqual({
        path,
        problem: undefined,
      });
  });

  test.each(named('diff'))('%s: is what the importer makes of the line', async (_, { text }) => {
    const cwd = await mkdtemp(join(root, 'cwd-'));
    const lines = (sign: string): string =>
      text
        .split('\n')
        .filter((line) => line.startsWith(sign))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    await writeFile(join(cwd, 'crontab'), lines('-'));
    // What is asked is the path of the wrapper of an installation, so it is the one of the program that is installed.
    const ran = await shell('cronflow import crontab crontab --wrap', cwd);
    expect(ran.stdout).toBe(here(lines('+')));
  });

  test.each(named('json'))('%s: is JSON, or lines of it', (_, { text }) => {
    const isWhole = /^[{[]\n/.test(text);
    const parts = isWhole ? [text] : text.trim().split('\n');
    for (const part of parts) expect(() => JSON.parse(part) as unknown).not.toThrow();
  });

  test.each(named('js', 'python'))('%s: can be loaded', async (_, { text, language }) => {
    const cwd = await mkdtemp(join(root, 'cwd-'));
    const [file, command] =
      language === 'js'
        ? ['a.mjs', `${process.execPath} a.mjs`]
        : ['a.py', 'command -v python3 >/dev/null || exit 0; python3 a.py'];
    await writeFile(join(cwd, file), text);
    expect(await shell(command, cwd, { PATH: `${process.env.PATH}` })).toMatchObject({ code: 0 });
  });

  test.each(named('ini'))(
    '%s: is a unit that systemd takes and that is started at boot',
    async (_, { text }) => {
      const cwd = await mkdtemp(join(root, 'cwd-'));
      const sections = new Map<string, Map<string, string>>();
      for (const line of text.split('\n').filter((each) => each !== '')) {
        const heading = /^\[(\w+)\]$/.exec(line)?.[1];
        if (heading !== undefined) sections.set(heading, new Map());
        const [, key, value] = /^(\w+)=(.+)$/.exec(line) ?? [];
        if (key !== undefined) [...sections.values()].at(-1)!.set(key, value!);
        expect({ line, isRead: (heading ?? key) !== undefined }).toEqual({ line, isRead: true });
      }
      expect([...sections.keys()]).toEqual(['Unit', 'Service', 'Install']);
      expect(sections.get('Install')?.get('WantedBy')).toBe('multi-user.target');
      const [, command = ''] = /^\S+ (.*)$/.exec(sections.get('Service')?.get('ExecStart') ?? '') ?? [];
      expect(await shell(`node ${here(command)} --help`, cwd)).toMatchObject({ code: 0 });
      const unit = join(cwd, 'cronflow.service');
      // The programs and the user are those of another machine.
      const own = text.replace('/usr/bin/node', process.execPath).replace('User=cronflow', 'User=root');
      await writeFile(unit, own);
      const verified = await shell(
        `command -v systemd-analyze >/dev/null || exit 0; systemd-analyze verify --man=no ${unit}`,
        cwd,
      );
      expect(verified.stderr.split('\n').filter((line) => line.includes('cronflow.service'))).toEqual([]);
    },
  );
});

/** What could stand in a variable of the documentation. */
function valueOf(variable: string): string {
  if (variable === 'TELEGRAM_URL') return 'https://api.telegram.org/bot1:x/sendMessage';
  if (variable.endsWith('_URL')) return `https://example.com/${variable}`;
  if (variable === 'SLACK_BOT_TOKEN') return 'xoxb-1-2-abc';
  if (variable === 'PAGERDUTY_ROUTING_KEY') return '0123456789abcdef0123456789abcdef';
  return variable === 'N' ? '3' : 'a-value-that-is-long-enough';
}

describe('the five minutes of the README', () => {
  test('lead from a job that is declared to a first alert and its end', async () => {
    const clone = join(root, 'opt');
    const ofReadme = blocks.filter(({ page, notRun }) => page === 'README.md' && notRun === null);
    const declare = ofReadme.find(({ language }) => language === 'yaml')!;
    const file = join(clone, 'cronflow.yaml');
    await writeFile(file, (await readFile(file, 'utf8')) + declare.text);
    await until(
      'the job',
      () => log.includes('+ hello'),
      () => log,
    );
    const seen: string[] = [];
    for (const { text } of ofReadme.filter(({ language }) => language === 'sh')) {
      for (const line of here(text)
        .split('\n')
        .filter((each) => each.trim() !== '')) {
        const ran = await shell(line, clone);
        // One of them is to fail, as it says.
        expect({ line, ...ran }).toMatchObject({ code: /exit (\d+)/.exec(line)?.[1] === '3' ? 3 : 0 });
        expect({ line, ...ran, endsItsLine: endsItsLine(ran.stdout) }).toMatchObject({ endsItsLine: true });
        seen.push(ran.stdout);
      }
    }
    expect(seen.join('')).toContain('it works');
    expect(seen.join('')).toMatch(/"name": ?"hello"/);
    // What it prints as an example is what comes, but for the host.
    const example = ofReadme.find(({ text }) => text.startsWith('FAILED hello'));
    const [said, host, how] = /^(FAILED hello on )(\S+)(: exit 3 after )0s$/
      .exec(example!.text.trim())!
      .slice(1);
    expect(host).toBe('myhost');
    const failed = `${said}${hostname().split('.')[0]}${how}`;
    await until(
      failed,
      () => log.includes(failed),
      () => log,
    );
    // Its next line: run it well once and it is RESOLVED.
    await shell('scripts/monitor.sh hello echo "it works"', clone);
    await until(
      'RESOLVED hello',
      () => log.includes('RESOLVED hello'),
      () => log,
    );
    const prose = readFileSync(join(PROJECT, 'README.md'), 'utf8');
    expect(prose.indexOf('`RESOLVED`')).toBeGreaterThan(0);
    expect(prose.indexOf('`RESOLVED`')).toBeLessThan(prose.indexOf('`MISSED`'));
  });
});
