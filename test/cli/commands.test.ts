import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const DOCS = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
const root = mkdtempSync(join(tmpdir(), 'cronflow-commands-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the built program as its users do. */
function cronflow(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
    cwd: root,
    env: { PATH },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const COMMANDS = [
  ...[...cronflow('help').stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name),
  'store export',
  'store import',
  'store migrate',
];
/** Their exit code 2 says something else. */
const WITH_DIFFERENCES = new Set(['plan', 'backtest']);

describe('cronflow', () => {
  test('lists its commands, on stderr where none was given', () => {
    expect(COMMANDS).toHaveLength(15);
    const help = cronflow('--help');
    expect(help.status).toBe(0);
    expect(cronflow()).toEqual({ status: 2, stdout: '', stderr: help.stdout });
    expect(cronflow('chek')).toEqual({
      status: 2,
      stdout: '',
      stderr: `cronflow: unknown command "chek", did you mean "check"?\n\n${help.stdout}`,
    });
  });

  test('helps with one command, in each of the ways that people try', () => {
    const help = cronflow('status', '--help');
    expect(help).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: cronflow status/) as string,
    });
    expect(cronflow('help', 'status')).toEqual(help);
    expect(cronflow('status', '-h')).toEqual(help);
    expect(cronflow('help', 'store', 'export').stdout).toMatch(/^Usage: cronflow store export/);
    expect(cronflow('help', 'stauts')).toMatchObject({
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
  ])('says of `%s %s` which option was probably meant', (command, option, meant) => {
    const { status, stderr } = cronflow(command, option);
    expect(status).toBe(WITH_DIFFERENCES.has(command) ? 1 : 2);
    expect(stderr).toContain(`unknown option ${option.split('=')[0]}, did you mean ${meant}? (allowed: --`);
  });

  test('says which version it is', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    for (const word of ['--version', '-v', 'version'])
      expect(cronflow(word)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('tells every error of a file when it does not start', () => {
    const jobs = Array.from({ length: 150 }, (_, i) => `  job-${i}: {schedul: "@daily"}\n`).join('');
    writeFileSync(join(root, 'cronflow.yaml'), `jobs:\n${jobs}`);
    const { status, stderr } = cronflow('serve', '--port', '0');
    expect(status).toBe(1);
    expect(stderr.match(/unknown key "schedul"/g)).toHaveLength(150);
  });
});

describe.each(COMMANDS)('cronflow %s', (name) => {
  const words = name.split(' ');

  test('explains itself, its exit codes and its JSON', () => {
    const { status, stdout, stderr } = cronflow(...words, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: cronflow ${name} `));
    expect(stdout).toMatch(/Exit codes: 0 /);
    // That of `store` is each of its own commands'.
    if (name !== 'store') expect(stdout).toContain('--json');
  });

  test('refuses an option that it does not have', () => {
    const { status, stdout, stderr } = cronflow(...words, '--no-such-option');
    expect(stdout).toBe('');
    expect(status).toBe(WITH_DIFFERENCES.has(name) ? 1 : 2);
    expect(stderr).toMatch(new RegExp(`\nTry: cronflow ${name}( crontab)? --help\n$`));
  });

  test('is in the documentation', () => {
    expect(DOCS).toMatch(new RegExp(`^\\| \`${name}[ \`]`, 'm'));
  });
});
