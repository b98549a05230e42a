import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { cronflow } from '../../src/cli/cronflow.ts';
import { firstCells, inCode } from '../docs/tables.ts';
import { runIn } from './support/io.ts';
import { NO_SERVICE } from './support/no-service.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const DOCS = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
const root = mkdtempSync(join(tmpdir(), 'cronflow-commands-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built program as its users do. */
function program(...argv: string[]): Ended {
  return programOn([], ...argv);
}

/** The same with options of Node. */
function programOn(nodeOptions: readonly string[], ...argv: string[]): Ended {
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, MAIN, ...argv], {
    cwd: root,
    env: { PATH },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** The same without a process of its own, for what is printed is what is looked at. */
async function run(...argv: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await runIn(root, 0, (io) => cronflow(argv, io, NO_SERVICE));
  return { status: code, stdout, stderr };
}

/** The commands that a help text lists. */
async function listed(...help: string[]): Promise<string[]> {
  return [...(await run(...help)).stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name);
}

const WORDS = await listed('help');
const COMMANDS = [...WORDS, ...(await listed('help', 'store')).map((name) => `store ${name}`)];
/** Their exit code 2 says something else. */
const WITH_DIFFERENCES = new Set(['plan', 'backtest']);

describe('the program cronflow', () => {
  test('lists its commands, on stderr where none was given', async () => {
    expect(COMMANDS).toEqual(expect.arrayContaining(['serve', 'check', 'store export', 'store migrate']));
    const help = await run('--help');
    expect(help.status).toBe(0);
    // The process, too.
    expect(program('--help')).toEqual(help);
    expect(program().status).toBe(2);
    expect(await run()).toEqual({ status: 2, stdout: '', stderr: help.stdout });
    expect(await run('chek')).toEqual({
      status: 2,
      stdout: '',
      stderr: `cronflow: unknown command "chek", did you mean "check"?\n\n${help.stdout}`,
    });
  });

  test('helps with one command, in each of the ways that people try', async () => {
    const help = await run('status', '--help');
    expect(help).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: cronflow status/) as string,
    });
    expect(await run('help', 'status')).toEqual(help);
    expect(await run('status', '-h')).toEqual(help);
    expect((await run('help', 'store', 'export')).stdout).toMatch(/^Usage: cronflow store export/);
    expect(await run('help', 'stauts')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^cronflow: unknown command "stauts", did you mean "status"\?\n/,
      ) as string,
    });
  });

  test.each([
    ['status', '--troubel', '--trouble'],
    ['check', '--strcit', '--strict'],
    ['serve', '--prot', '--port'],
    ['plan', '--datadir', '--data-dir'],
    ['next', '--cuont=3', '--count'],
  ])('says of `%s %s` which option was probably meant', async (command, option, meant) => {
    const { status, stderr } = await run(command, option);
    expect(status).toBe(WITH_DIFFERENCES.has(command) ? 1 : 2);
    expect(stderr).toContain(`unknown option ${option.split('=')[0]}, did you mean ${meant}? (allowed: --`);
  });

  test('says which version it is', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    for (const word of ['--version', '-v', 'version'])
      expect(await run(word)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('tells every error of a file when it does not start', () => {
    const jobs = Array.from({ length: 150 }, (_, i) => `  job-${i}: {schedul: "@daily"}\n`).join('');
    writeFileSync(join(root, 'cronflow.yaml'), `jobs:\n${jobs}`);
    const { status, stderr } = program('serve', '--port', '0');
    expect(status).toBe(1);
    expect(stderr.match(/unknown key "schedul"/g)).toHaveLength(150);
  });

  test('tells of lists that are longer than a call takes arguments', () => {
    // With the stack that Node has, a call takes some 125,000 arguments. With this one it takes some 19,000.
    const smallStack = ['--stack-size=150'];
    const tooMany = 20_000;
    const texts = {
      notifiers: `jobs: {a: {notify: [${'x,'.repeat(tooMany)}]}}`,
      mistakes: `jobs: {${Array.from({ length: tooMany }, (_, i) => `j${i}: {group: a}`).join()}}\ngroups: {b: {}}`,
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(root, `${name}.yaml`), text);
    const notifiers = programOn(smallStack, 'check', '--json', 'notifiers.yaml');
    expect(notifiers.status).toBe(1);
    expect(notifiers.stdout).toContain(`has ${tooMany} items; at most 32 are allowed`);
    const mistakes = programOn(smallStack, 'check', '--json', 'mistakes.yaml');
    expect(mistakes.status).toBe(1);
    expect(mistakes.stdout.match(/unknown group/g)).toHaveLength(tooMany);
  });
});

test('docs/design.md lists every command in §10', () => {
  const rows = firstCells('docs/design.md', 'command').flatMap(inCode);
  expect(new Set(rows.map((row) => row.split(' ')[0]))).toEqual(new Set(WORDS));
});

describe.each(COMMANDS)('cronflow %s', (name) => {
  const words = name.split(' ');

  test('explains itself, its exit codes and its JSON', async () => {
    const { status, stdout, stderr } = await run(...words, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: cronflow ${name} `));
    expect(stdout).toMatch(/Exit codes: 0 /);
    // That of `store` is each of its own commands'.
    if (name !== 'store') expect(stdout).toContain('--json');
  });

  test('refuses an option that it does not have', async () => {
    const { status, stdout, stderr } = await run(...words, '--no-such-option');
    expect(stdout).toBe('');
    expect(status).toBe(WITH_DIFFERENCES.has(name) ? 1 : 2);
    expect(stderr).toMatch(new RegExp(`\nTry: cronflow ${name}( crontab)? --help\n$`));
  });

  test('is in the documentation', () => {
    expect(DOCS).toMatch(new RegExp(`^\\| \`${name}[ \`]`, 'm'));
  });
});
