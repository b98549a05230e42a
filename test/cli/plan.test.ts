import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { plan } from '../../src/cli/plan.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { LowdbStore } from '../../src/store/lowdb/store.ts';
import { startServer } from '../http/support.ts';
import { createFakeClock, DEFAULT_START_AT } from '../support/fake-clock.ts';
import { type Result, runIn } from './support/io.ts';

const RUNNING: Record<string, Declaration> = {
  backup: { schedule: '0 2 * * *', timezone: 'Europe/Berlin', grace: '5m' },
  report: { schedule: '0 9 * * 1-5', tags: ['finance'] },
  sync: { every: '15m' },
};

let root = '';
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'cronflow-plan-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

function yamlOf(jobs: Record<string, Declaration>, more: object = {}): string {
  return stringify({ notifiers: { ops: { type: 'log' } }, ...more, jobs });
}

/** With a notifier that is more than a log. */
function slackFile(slack: object, more: object = {}): string {
  return yamlOf(RUNNING, { notifiers: { ops: { type: 'slack', ...slack } }, ...more });
}

async function planned(text: string, ...argv: string[]): Promise<Result> {
  await writeFile(join(root, 'cronflow.yaml'), text);
  return runIn(root, DEFAULT_START_AT, (io) => plan(argv, io));
}

/** Applies a file to the data directory, as a Cronflow does that has stopped again. */
async function apply(text: string): Promise<void> {
  const path = join(root, 'running.yaml');
  await writeFile(path, text);
  const loaded = await loadConfig(path, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const clock = createFakeClock(DEFAULT_START_AT);
  const store = new LowdbStore({ directory: join(root, 'data'), clock, log: silentLogger });
  await store.open();
  await applyConfiguration(store, loaded.config, DEFAULT_START_AT);
  await store.close();
}

const CHANGED = yamlOf({
  backup: { schedule: '0 2 * * *', timezone: 'Europe/Berlin', grace: '10m', max_runtime: '2h' },
  sync: { every: '15m' },
  invoices: { schedule: '@hourly' },
});
const CHANGES = [
  '+ invoices ("@hourly" UTC, limit 1d)',
  '~ backup',
  '    grace: "5m" -> "10m"',
  '    max_runtime: (not set) -> "2h"',
  '- report',
  '= 1 unchanged',
  '1 added, 1 changed, 1 removed',
  '',
].join('\n');

describe('cronflow plan over a data directory', () => {
  beforeEach(async () => {
    await rm(join(root, 'data'), { recursive: true, force: true });
    await apply(yamlOf(RUNNING));
  });

  test('finds no change in the file that runs, whatever its comments and places are', async () => {
    expect(await planned(`# a comment\n\n${yamlOf(RUNNING)}`)).toEqual({
      code: 0,
      stdout: '= 3 unchanged\n0 added, 0 changed, 0 removed\n',
      stderr: '',
    });
  });

  test('says job by job and key by key what would change, with exit code 2', async () => {
    expect(await planned(CHANGED)).toEqual({ code: 2, stdout: CHANGES, stderr: '' });
  });

  test('says job by job to programs what would change', async () => {
    const { code, stdout } = await planned(CHANGED, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      would_be_held: false,
      globals: [],
      added: [{ name: 'invoices', declaration: { schedule: '@hourly' } }],
      changed: [
        {
          name: 'backup',
          keys: [
            { key: 'grace', from: '5m', to: '10m' },
            { key: 'max_runtime', to: '2h' },
          ],
        },
      ],
      removed: [{ name: 'report' }],
      unchanged: 1,
    });
  });

  test('knows a rename and a revert for what they are', async () => {
    const { sync, ...rest } = RUNNING;
    const renamed = yamlOf({ ...rest, mirror: { ...sync, renamed_from: 'sync' } });
    expect((await planned(renamed)).stdout).toContain('~ sync (renamed to mirror, with its history)\n');
    await apply(yamlOf(rest));
    expect((await planned(yamlOf(RUNNING))).stdout).toContain('+ sync (restored with its history)\n');
  });

  test('says what changes for all jobs', async () => {
    const more = { notifiers: { ops: { type: 'log' }, pager: { type: 'log' } }, replay_window: '20m' };
    expect(await planned(yamlOf(RUNNING, more))).toEqual({
      code: 2,
      stdout:
        '~ notifiers: ["ops"] -> ["ops","pager"]\n~ replay_window: "15m" -> "20m"\n= 3 unchanged\n0 added, 0 changed, 0 removed\n',
      stderr: '',
    });
  });

  test('says which settings change that belong to no job, and shows no secret', async () => {
    const hook = 'https://hooks.slack.com/services/HUNTER2';
    await apply(slackFile({ webhook_url: hook }, { public_url: 'https://a.example.com' }));
    const same = await planned(slackFile({ webhook_url: hook }, { public_url: 'https://a.example.com' }));
    expect(same).toMatchObject({ code: 0, stdout: '= 3 unchanged\n0 added, 0 changed, 0 removed\n' });
    const changed = slackFile({ webhook_url: '${SLACK_WEBHOOK_URL:-}' }, { redact: ['pin=(\\d+)'] });
    const { code, stdout } = await planned(changed);
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      '~ notifiers.ops.webhook_url: "(secret)" -> "${SLACK_WEBHOOK_URL}"',
      '~ public_url: "https://a.example.com" -> (not set)',
      expect.stringMatching(/^~ redact: \(not set\) -> "sha256 [0-9a-f]{12}"$/),
      '= 3 unchanged',
      '0 added, 0 changed, 0 removed',
      '',
    ]);
    const { stdout: json } = await planned(changed, '--json');
    expect((JSON.parse(json) as { globals: unknown }).globals).toContainEqual({
      key: 'public_url',
      from: 'https://a.example.com',
      to: null,
    });
  });

  test('says once what a change of the defaults does to many jobs', async () => {
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`job-${i}`, { every: '1h' }]));
    const own = { 'job-3': { every: '1h', grace: '2m', tags: ['a'] } };
    await apply(yamlOf(many, { defaults: { grace: '5m' } }));
    const { code, stdout } = await planned(yamlOf({ ...many, ...own }, { defaults: { grace: '10m' } }));
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      '~ grace: "5m" -> "10m" (by defaults or a group, in 15 jobs: job-0, job-1, job-2, job-4, job-5, job-6, job-7, job-8, job-9, job-10 and 5 more)',
      '~ job-3',
      '    grace: "5m" -> "2m"',
      '    tags: (not set) -> ["a"]',
      '0 added, 16 changed, 0 removed',
      '',
    ]);
    const { stdout: json } = await planned(
      yamlOf({ ...many, ...own }, { defaults: { grace: '10m' } }),
      '--json',
    );
    expect((JSON.parse(json) as { changed: unknown[] }).changed).toHaveLength(16);
  });

  test('writes a comment for a pull request, whose fence nothing in it can end', async () => {
    const described = yamlOf({ ...RUNNING, sync: { every: '15m', description: 'ends ``` here' } });
    expect(await planned(described, '--format', 'markdown')).toEqual({
      code: 2,
      stdout:
        '### Cronflow: 0 added, 1 changed, 0 removed\n\n' +
        '````diff\n! sync\n    description: (not set) -> "ends ``` here"\n= 2 unchanged\n````\n',
      stderr: '',
    });
    expect(await planned(described, '--format', 'html')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--format "html" is not one of text, json, markdown') as string,
    });
  });

  test('warns of what would be held', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`job-${i}`, { every: '1h' }]));
    await apply(yamlOf(many));
    const { code, stdout } = await planned(yamlOf({ 'job-0': { every: '1h' } }));
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /\nIt removes 8 of 9 jobs, as a truncated file does, and would be held until POST \/config\/reload\?confirm=[0-9a-f]{64}\n0 added, 0 changed, 8 removed\n$/,
    );
  });

  test('refuses what it cannot read with exit code 1', async () => {
    expect(await planned('jobs: {a: 1}')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cronflow.yaml:1:11 jobs.a: ') as string,
    });
    expect(await planned(CHANGED, '--data-dir', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nowhere holds no data of Cronflow') as string,
    });
    expect(await planned(CHANGED, '--url', 'x', '--data-dir', 'y')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--url and --data-dir exclude each other') as string,
    });
    expect((await planned(CHANGED, '--help')).stdout).toMatch(/^Usage: cronflow plan/);
  });
});

describe('cronflow plan against a running Cronflow', () => {
  test('compares the settings, where that Cronflow says them', async () => {
    const { url, store, configure } = await startServer({
      globals: () => ({ notifiers: ['ops'], replayWindowMs: 900_000 }),
    });
    await configure(RUNNING);
    const changed = yamlOf(RUNNING, {
      notifiers: { ops: { type: 'log' } },
      public_url: 'https://b.example.com',
    });
    expect(await planned(changed, '--url', url)).toMatchObject({ code: 0 });
    const text = yamlOf(RUNNING);
    const loaded = parseConfig({ path: 'cronflow.yaml', text }, {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    await applyConfiguration(store, loaded.config, DEFAULT_START_AT);
    expect(await planned(text, '--url', url)).toMatchObject({ code: 0 });
    expect(await planned(changed, '--url', url)).toMatchObject({
      code: 2,
      stdout:
        '~ public_url: (not set) -> "https://b.example.com"\n= 3 unchanged\n0 added, 0 changed, 0 removed\n',
    });
  });

  test('says the same as over a data directory', async () => {
    const { url, configure } = await startServer({
      globals: () => ({ notifiers: ['ops'], replayWindowMs: 900_000 }),
    });
    await configure(RUNNING);
    expect(await planned(yamlOf(RUNNING), '--url', url)).toMatchObject({
      code: 0,
      stdout: '= 3 unchanged\n0 added, 0 changed, 0 removed\n',
    });
    expect(await planned(CHANGED, '--url', `${url}/`)).toEqual({ code: 2, stdout: CHANGES, stderr: '' });
  });

  test('follows the pages', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_250 }, (_, at) => [`job-${at}`, { every: '1h' }]));
    const { url, configure } = await startServer({
      globals: () => ({ notifiers: ['ops'], replayWindowMs: 900_000 }),
    });
    await configure(many);
    expect(await planned(yamlOf(many), '--url', url)).toMatchObject({
      code: 0,
      stdout: '= 1250 unchanged\n0 added, 0 changed, 0 removed\n',
    });
  });

  test('sends the token of the environment, and says which is missing', async () => {
    const { url, configure } = await startServer({
      tokens: { ...NO_TOKENS, all: ['everything'], read: ['reading'] },
      globals: () => ({ notifiers: ['ops'], replayWindowMs: 900_000 }),
    });
    await configure(RUNNING);
    await writeFile(join(root, 'cronflow.yaml'), yamlOf(RUNNING));
    const run = (env: Record<string, string>): Promise<Result> =>
      runIn(root, DEFAULT_START_AT, (io) => plan(['--url', url], io), { env });
    expect(await run({})).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ answered 401: .* Set CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN/s) as string,
    });
    expect((await run({ CRONFLOW_READ_TOKEN: 'reading' })).code).toBe(0);
    expect((await run({ CRONFLOW_TOKEN: 'everything' })).code).toBe(0);
  });

  test('says what is wrong with an address at which there is no Cronflow', async () => {
    const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await planned(CHANGED, '--url', url)).toMatchObject({
      code: 1,
      stderr: `cronflow plan: No Cronflow can be asked at ${url}/config/jobs: its answer is not JSON.\n`,
    });
    expect(await planned(CHANGED, '--url', url.replace('http:', 'https:'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /config\/jobs: it does not speak TLS\. Write http:\/\/ for it\.\n$/,
      ) as string,
    });
    await new Promise((resolve) => other.close(resolve));
    expect(await planned(CHANGED, '--url', url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `No Cronflow can be asked at ${url}/config/jobs: connect ECONNREFUSED`,
      ) as string,
    });
    expect((await planned(CHANGED, '--url', url)).stderr).toContain(
      'Start it with cronflow serve, or name the right one by --url or CRONFLOW_URL.',
    );
    expect((await planned(CHANGED, '--url', 'localhost')).stderr).toContain(
      'is not the address of a Cronflow',
    );
  });
});
