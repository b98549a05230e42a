import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { reportTrouble } from '../../src/apply/system.ts';
import type { Io } from '../../src/cli/io.ts';
import { ping } from '../../src/cli/ping.ts';
import { runs } from '../../src/cli/runs.ts';
import { status } from '../../src/cli/status.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import type { UnknownPing } from '../../src/ingest/unknown-pings.ts';
import { startServer } from '../http/support.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { type Result, runIn } from './support/io.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';

type Command = (argv: readonly string[], io: Io) => Promise<number>;
const run = (command: Command, argv: readonly string[], env: Record<string, string> = {}): Promise<Result> =>
  runIn('/', DEFAULT_START_AT, (io) => command(argv, io), { env: { TZ: 'UTC', ...env } });

/** `status` for somebody in Berlin, some time after DEFAULT_START_AT, which is 13:00 there. */
const shownAt = (
  afterMs: number,
  url: string,
  { terminal, env = {} }: { terminal?: Io['terminal']; env?: Record<string, string> } = {},
): Promise<Result> =>
  runIn('/', DEFAULT_START_AT + afterMs, (io) => status(['--url', url], { ...io, terminal }), {
    env: { TZ: 'Europe/Berlin', ...env },
  });

/** DEFAULT_START_AT is some minutes before 12:00. */
const at = (afterMs: number): string =>
  new Date(DEFAULT_START_AT + afterMs).toISOString().replace(/\.\d+Z$/, 'Z');

/** A Cronflow with a job that went well, one that failed twice, and one that has done nothing yet. */
async function busy() {
  const server = await startServer();
  await server.configure({
    backup: { schedule: '@daily', tags: ['night'] },
    report: { group: 'finance' },
    'a-job-with-a-long-name': { every: '1h' },
  });
  await server.ping('report', 'start', { rid: 'r1', host: 'web1' });
  await server.clock.advance(90_000);
  await server.ping('report', 'failure', { rid: 'r1', exit_code: 3, host: 'web1' });
  await server.ping('report', 'failure', { signal: 'TERM' });
  await server.ping('a-job-with-a-long-name', 'success', { duration_ms: 2_500 });
  return server;
}

const unknownPings = (): UnknownPing[] => [
  { name: 'backpu', kind: 'start', count: 3, first_at: DEFAULT_START_AT, last_at: DEFAULT_START_AT },
];

describe('cronflow status', () => {
  test('prints how the jobs are, with exit code 3 where one is in trouble', async () => {
    const { url } = await busy();
    const { code, stdout, stderr } = await shownAt(5 * MINUTE_MS, url);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'JOB                        STATUS   LAST RUN               EXPECTED',
      'report                     failure  13:01, 3m ago          -',
      '  in trouble: exit_code since 13:01, 3m ago, 2 times',
      'a-job-with-a-long-name     success  13:01, 3m ago          14:01, in 56m',
      'backup                     pending  -                      Fri 01:00, in 11h',
      '',
      '3 jobs: 1 failure, 1 pending, 1 success; 1 in trouble',
      '',
    ]);
  });

  test('fits a terminal, where trouble is red, and loses nothing of a long name', async () => {
    const { url, configure } = await busy();
    const name = `${'quite-'.repeat(9)}long`;
    await configure({ [name]: { schedule: '0 0 1 6 *' }, report: {} });
    const terminal = { columns: 80 };
    const { stdout } = await shownAt(40 * 24 * 60 * MINUTE_MS, url, { terminal });
    const plain = stdout.replaceAll('\u001B', '').replaceAll(/\[\d+m/g, '');
    expect(plain).toContain(
      `${name}\n${' '.repeat(25)}  pending  -                      1 Jun 02:00, in 96d\n`,
    );
    expect(plain).toMatch(/^report {21}failure {2}15 Jan 13:01, 39d ago {2}-$/m);
    for (const line of plain.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('\u001B[31mreport ');
    expect(stdout).not.toContain('\u001B[31mbackup');
    const without = await shownAt(0, url, { terminal, env: { NO_COLOR: '1' } });
    expect(without.stdout).not.toContain('\u001B');
    expect((await shownAt(0, url)).stdout).not.toContain('\u001B');
  });

  test('puts what is acknowledged below what nobody looks at, and tells of names nobody declares', async () => {
    const { url, configure, ping: pinged, request } = await startServer({ unknownPings });
    await configure({ 'a-failing': {}, backup: {}, 'b-failing': {} });
    await pinged('a-failing', 'failure');
    await pinged('b-failing', 'failure');
    const { json } = await request('/incidents?job=a-failing');
    await request(`/incidents/${String(json[0]?.['id'])}/ack?until=3h`, { method: 'POST' });
    const { stdout } = await shownAt(5 * MINUTE_MS, url);
    expect(stdout.match(/^(?:[ab]-failing|backup)/gm)).toEqual(['b-failing', 'a-failing', 'backup']);
    expect(stdout).toContain('; acknowledged until 16:00, in 2h\n');
    expect(stdout).toContain(
      'Nobody declares "backpu", which pinged 3 times, last at 13:00, 5m ago. Did you mean "backup"?\n',
    );
    const asJson = await run(status, ['--url', url, '--json']);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      unknown_pings: [{ name: 'backpu', nearest: 'backup' }],
    });
  });

  test('asks for some of the jobs only', async () => {
    const { url } = await busy();
    const listed = async (...argv: string[]): Promise<string[]> => {
      const { stdout } = await run(status, ['--url', url, '--json', ...argv]);
      return (JSON.parse(stdout) as { jobs: { name: string }[] }).jobs.map(({ name }) => name);
    };
    expect(await listed()).toHaveLength(3);
    expect(await listed('--trouble')).toEqual(['report']);
    expect(await listed('--status', 'pending')).toEqual(['backup']);
    expect(await listed('--tag', 'night')).toEqual(['backup']);
    expect(await listed('--group', 'finance')).toEqual(['report']);
    expect(await run(status, ['--url', url, '--tag', 'night'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n1 job: 1 pending; none in trouble\n$/) as string,
    });
    expect(await run(status, ['--url', url, '--tag', 'none'])).toEqual({
      code: 0,
      stdout: '0 jobs; none in trouble\n',
      stderr: '',
    });
  });

  test('prints every job, however many', async () => {
    const { url, configure } = await startServer();
    const names = Array.from({ length: 2_001 }, (_, i) => `job-${String(i).padStart(4, '0')}`);
    await configure(Object.fromEntries(names.map((name) => [name, {}])));
    const { code, stdout } = await run(status, ['--url', url, '--json']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { jobs: { name: string }[] }).jobs.map(({ name }) => name)).toEqual(names);
  });

  test('says what is wrong with Cronflow itself, to people and to programs', async () => {
    const { url, store, clock } = await startServer({ notices: () => ['nobody will be told'] });
    const detail = 'cronflow.yaml:1:1 jobs:\u001b[2J unknown key\nand more';
    await reportTrouble(store, { kind: 'config', reason: 'config_invalid', detail }, clock.now());
    expect(await run(status, ['--url', url])).toEqual({
      code: 3,
      stdout:
        '0 jobs; none in trouble\n' +
        `Cronflow itself: config_invalid since 12:00, 0s ago: cronflow.yaml:1:1 jobs: unknown key and more\n` +
        'nobody will be told\n',
      stderr: '',
    });
    const { code, stdout } = await run(status, ['--url', url, '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      ready: true,
      detail: null,
      warnings: ['nobody will be told'],
      incidents: [{ kind: 'config', detail }],
      jobs: [],
    });
  });

  test('says that pings cannot be taken', async () => {
    const { url, store } = await startServer();
    store.health = () => ({ ok: false, refuses: 'commits', detail: 'the disk is full' });
    expect(await run(status, ['--url', url])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('Cronflow is not ready: the disk is full\n') as string,
    });
  });

  test.each([
    [['--status', 'broken'], '--status "broken" is not one of pending, running'],
    [['--url', 'localhost'], '"localhost" is not the address of a Cronflow'],
    [['backup'], 'backup'],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stderr } = await run(status, argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe('cronflow runs', () => {
  test('prints the history of a job, newest first', async () => {
    const { url } = await busy();
    const { code, stdout, stderr } = await run(runs, ['report', '--url', url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines).toEqual([
      ['STARTED', 'SLOT', 'DURATION', 'OUTCOME', 'REASON', 'HOST', 'RUN'],
      [
        `ended ${at(90_000)}`,
        '-',
        '-',
        'failure',
        'signal (TERM)',
        '-',
        expect.stringMatching(/-2$/) as string,
      ],
      [at(0), '-', '1m30s', 'failure', 'exit_code (exit 3)', 'web1', expect.stringMatching(/-1$/) as string],
      [''],
    ]);
    expect((await run(runs, ['backup', '--url', url])).stdout).toBe('backup has no runs yet.\n');
  });

  test('prints only what is asked for', async () => {
    const { url } = await busy();
    const listed = async (...argv: string[]): Promise<string[]> => {
      const { stdout } = await run(runs, ['report', '--url', url, '--json', ...argv]);
      return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id.slice(-2));
    };
    expect(await listed()).toEqual(['-2', '-1']);
    expect(await listed('--host', 'web1')).toEqual(['-1']);
    expect(await listed('--outcome', 'failure', '--since', '1h')).toEqual(['-2', '-1']);
    expect(await listed('--until', '1h')).toEqual([]);
    expect(await run(runs, ['report', '--url', url, '--outcome', 'success'])).toMatchObject({
      code: 0,
      stdout: 'report has no such runs.\n',
    });
    const wrong = await run(runs, ['report', '--url', url, '--outcome', 'failed']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('"failed" is not one of success, failure,');
  });

  test('fits a terminal of 80 columns, where the ids are left out', async () => {
    const { url } = await busy();
    const on = async (columns: number): Promise<string> =>
      (await runIn('/', 0, (io) => runs(['report', '--url', url], { ...io, terminal: { columns } }))).stdout;
    const narrow = await on(80);
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(narrow).toMatch(/^STARTED +SLOT +DURATION +OUTCOME +REASON +HOST\n/);
    expect(narrow).toContain('\nThe ids of the runs are in --json.\n');
    const hint = `\nWhat a reason means: ${url}/docs/reasons\nHow it came to that: cronflow why report\n`;
    expect(narrow.endsWith(hint)).toBe(true);
    const piped = await run(runs, ['report', '--url', url]);
    expect(await on(200)).toBe(`${piped.stdout}${hint}`);
  });

  test('folds slots that nothing came for, and shows what runs', async () => {
    const { url, configure, clock, checker, ping: send } = await startServer();
    await configure({ tick: { schedule: '* * * * *', grace: '10s', max_runtime: '1h' } });
    checker.start();
    await clock.advance(3 * MINUTE_MS);
    await checker.stop();
    await send('tick', 'start');
    const { stdout } = await run(runs, ['tick', '--url', url]);
    const [, running = '', missed = ''] = stdout.split('\n');
    expect(running).toMatch(/^\S+Z +\S+:03:00Z +- +running +started +- +\S+-\d+$/);
    expect(missed).toMatch(/^- +\S+:02:00Z +- +missed, 2 times +never_seen +- /);
  });

  test('prints as many as are asked for, as the API does', async () => {
    const { url, get } = await busy().then((server) => ({ ...server, get: server.request }));
    const { stdout } = await run(runs, ['report', '--url', url, '--count', '1', '--json']);
    expect(JSON.parse(stdout)).toEqual((await get('/jobs/report/runs?limit=1')).json);
  });

  test('says which job was probably meant', async () => {
    const { url } = await busy();
    expect(await run(runs, ['reprot', '--url', url])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `cronflow runs: ${url}/jobs/reprot/runs?limit=20 answered 404: No job is named "reprot". ` +
        'Did you mean "report"?\n',
    });
  });

  test.each([
    [[], 'it needs a JOB'],
    [['a', 'b'], '"b" is too many'],
    [['a', '--count', '0'], '--count "0" is not a whole number from 1 to 10000'],
    [['a', '--count', '1e3'], '--count "1e3" is not'],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stderr } = await run(runs, argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe('cronflow ping', () => {
  test('reports a run with all that is known of it', async () => {
    const { url, request } = await busy();
    const send = (...argv: string[]): Promise<Result> => run(ping, [...argv, '--url', url]);
    expect(await send('backup', 'start', '--rid', 'x y'.replace(' ', '-'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^backup: (started|unscheduled) \(run \S+-1\)\n$/) as string,
      stderr: '',
    });
    const message = 'dumped "everything"\n{"json": 1} & <more>';
    await send(
      'backup',
      'success',
      '--rid',
      'x-y',
      '--exit-code',
      '7',
      '--host',
      'db 1',
      '--message',
      message,
    );
    const [ended] = (await request('/jobs/backup/runs')).json;
    expect(ended).toMatchObject({ rid: 'x-y', exit_code: 7, host: 'db 1', outcome: 'failure' });
    const { text } = await request(`/jobs/backup/runs/${String(ended!['id'])}/output`);
    expect(text).toBe(message);
  });

  test('takes a negative exit code, and a message that looks like parameters', async () => {
    const { url, request } = await busy();
    await run(ping, ['backup', 'failure', '--exit-code=-9', '--message', '{"exit_code": 0}', '--url', url]);
    const [ended] = (await request('/jobs/backup/runs')).json;
    expect(ended).toMatchObject({ exit_code: -9, outcome: 'failure' });
  });

  test('prints the answer to programs', async () => {
    const { url } = await busy();
    const { stdout } = await run(ping, ['backup', 'log', '--message', 'half of it', '--json', '--url', url]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, job: 'backup', reason: 'logged' });
  });

  test('warns of a name that the job had before', async () => {
    const { url, configure } = await startServer();
    await configure({ old: {} });
    await configure({ new: { renamed_from: 'old' } });
    const { code, stderr } = await run(ping, ['old', 'success', '--url', url]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^cronflow ping: Job "old" is named "new" now; .* Ping the new name\.\n$/);
  });

  test('says that nothing was recorded for a job that nobody declared', async () => {
    const { url } = await busy();
    expect(await run(ping, ['reprot', 'start', '--url', url])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(
        'answered 404: No job is named "reprot". Did you mean "report"?\n',
      ) as string,
    });
  });

  test.each([
    [['a'], 'it needs a JOB and a KIND: start, success, failure, log, skip'],
    [['a', 'done'], 'KIND "done" is not one of start, success, failure, log, skip'],
    [['a', 'log', 'text'], '"text" is too many; put a text behind --message'],
    [['a', 'start', '--rid', 'x y'], '--rid "x y" is not allowed: 1 to 128 visible ASCII characters'],
    [
      ['a', 'failure', '--exit-code', 'one'],
      '--exit-code "one" is not allowed: a whole number from -2147483648',
    ],
    [['a', 'start', '--host', '\u0007'], '--host "\\u0007" is not allowed: 1 to 255 characters'],
  ])('refuses %j with exit code 2, for the service would let it go by', async (argv, message) => {
    const { code, stderr } = await run(ping, argv);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe('commands that ask a running Cronflow', () => {
  const others: { close(): void }[] = [];
  afterEach(() => others.splice(0).forEach((other) => other.close()));

  test('send the token that will do, and say which is missing', async () => {
    const server = await startServer({
      tokens: { ...NO_TOKENS, all: ['everything'], read: ['reading'], ping: ['pinging'] },
    });
    await server.configure({ backup: {} });
    const asked = (command: Command, argv: string[], env: Record<string, string>): Promise<Result> =>
      run(command, [...argv, '--url', server.url], env);
    expect(await asked(status, [], {})).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        / answered 401: .*\. Set CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN to a token that may read\.\n$/,
      ) as string,
    });
    const secret = await asked(ping, ['backup', 'log'], { CRONFLOW_PING_TOKEN: 'a-wrong-one' });
    expect(secret.stderr).toMatch(/ Set CRONFLOW_PING_TOKEN or CRONFLOW_TOKEN to a token that may ping\.\n$/);
    expect(secret.stderr).not.toContain('a-wrong-one');
    expect((await asked(status, [], { CRONFLOW_READ_TOKEN: 'reading' })).code).toBe(0);
    expect((await asked(runs, ['backup'], { CRONFLOW_TOKEN: 'everything' })).code).toBe(0);
    const both = { CRONFLOW_PING_TOKEN: 'pinging', CRONFLOW_READ_TOKEN: 'reading' };
    expect((await asked(ping, ['backup', 'log'], both)).code).toBe(0);
    expect((await asked(runs, ['backup'], both)).code).toBe(0);
  });

  test('find Cronflow where CRONFLOW_URL says, or on the port of CRONFLOW_PORT', async () => {
    const { url, port, configure } = await startServer();
    await configure({ backup: {} });
    expect((await run(runs, ['backup'], { CRONFLOW_URL: url, CRONFLOW_PORT: '1' })).code).toBe(0);
    expect((await run(runs, ['backup'], { CRONFLOW_PORT: String(port) })).code).toBe(0);
    expect((await run(runs, ['backup', '--url', 'http://127.0.0.1:1'], { CRONFLOW_URL: url })).code).toBe(1);
  });

  test('say that nothing is at the address, or something else', async () => {
    const other = createServer((request, response) =>
      request.url === '/jobs/a/log' ? response.end('{}') : response.end('<html>'),
    ).listen(0, '127.0.0.1');
    others.push(other);
    await new Promise((resolve) => other.once('listening', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await run(status, ['--url', url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('its answer is not JSON') as string,
    });
    expect(await run(ping, ['a', 'log', '--url', url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did not answer as a Cronflow of this version does') as string,
    });
    await new Promise((resolve) => other.close(resolve));
    expect(await run(ping, ['a', 'log', '--url', url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`No Cronflow can be asked at ${url}/jobs/a/log: `) as string,
    });
  });

  test.each([
    ['status', status],
    ['runs', runs],
    ['ping', ping],
  ] as const)('include %s, which prints its help', async (name, command) => {
    const { code, stdout } = await run(command, ['--help']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^Usage: cronflow ${name} `)) as string,
    });
    expect(stdout).toContain('Exit codes: 0 ');
  });
});
