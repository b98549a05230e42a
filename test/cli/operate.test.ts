import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { ack } from '../../src/cli/ack.ts';
import type { Io } from '../../src/cli/io.ts';
import { logs } from '../../src/cli/logs.ts';
import { pause, resume } from '../../src/cli/pause.ts';
import { status } from '../../src/cli/status.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';
import { NO_TOKENS } from '../../src/http/access/tokens.ts';
import { startServer } from '../http/support.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { type Result, runIn } from './support/io.ts';

type Command = (argv: readonly string[], io: Io) => Promise<number>;
const run = (command: Command, argv: readonly string[], terminal?: Io['terminal']): Promise<Result> =>
  runIn('/', DEFAULT_START_AT, (io) => command(argv, { ...io, terminal }), { env: { TZ: 'UTC' } });

/** A Cronflow with a job in trouble, and one that is well. */
async function troubled() {
  const server = await startServer();
  await server.configure({ backup: { schedule: '@daily' }, report: {} });
  await server.ping('backup', 'failure', { exit_code: 3, rid: 'r' });
  return server;
}

describe('cronflow pause and resume', () => {
  test('pause a job for a while, and end the pause', async () => {
    const { url, request } = await troubled();
    const paused = await run(pause, ['backup', '--for', '4h', '--url', url]);
    expect(paused).toEqual({ code: 0, stdout: 'backup is paused until 16:00, in 4h.\n', stderr: '' });
    const { json } = await request('/jobs/backup');
    expect(json['paused_until_at']).toBe(new Date(DEFAULT_START_AT + 4 * HOUR_MS).toISOString());
    const resumed = await run(resume, ['backup', '--url', url]);
    expect(resumed.stdout).toBe('backup is not paused. It is expected at Fri 00:00, in 12h.\n');
    expect((await request('/jobs/backup')).json['paused']).toBe(false);
  });

  test('say how long it is to the end as people count it, and show each pause in the status', async () => {
    const { url } = await troubled();
    await run(pause, ['backup', '--for', '4h', '--url', url]);
    await run(pause, ['report', '--url', url]);
    const later = (afterMs: number): Promise<Result> =>
      runIn('/', DEFAULT_START_AT + afterMs, (io) => status(['--url', url], io), { env: { TZ: 'UTC' } });
    expect((await later(300)).stdout).toContain('  paused until 16:00, in 4h\n');
    expect((await later(HOUR_MS - 29_000)).stdout).toContain('  paused until 16:00, in 3h\n');
    expect((await later(HOUR_MS + 31_000)).stdout).toContain('  paused until 16:00, in 2h\n');
    expect((await later(0)).stdout).toContain('  paused until somebody resumes it\n');
  });

  test('pause a job until somebody resumes it, or until an instant', async () => {
    const { url } = await troubled();
    const endless = await run(pause, ['report', '--url', url]);
    expect(endless.stdout).toBe('report is paused until somebody resumes it: cronflow resume report.\n');
    const json = await run(pause, ['report', '--until', '2026-01-16T00:00Z', '--json', '--url', url]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'report',
      paused_until_at: '2026-01-16T00:00:00.000Z',
    });
  });

  test.each([
    [pause, ['--for', '4h'], 2, 'it needs a JOB'],
    [pause, ['backup', '--for', 'lunch'], 2, '"lunch" is not a duration'],
    [pause, ['backup', '--until', 'lunch'], 2, '"lunch" is not an instant'],
    [pause, ['backup', '--for', '4h', '--until', '2030-01-01T00:00Z'], 2, 'choose one of them'],
    [pause, ['backpu'], 1, 'Did you mean "backup"?'],
    [resume, ['backup', 'report'], 2, 'one JOB'],
  ])('say what is wrong: %o %j', async (command, argv, code, words) => {
    const { url } = await troubled();
    const result = await run(command, [...argv, '--url', url]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(words);
  });

  test('say which token may do it', async () => {
    const { url } = await startServer({ tokens: { ...NO_TOKENS, all: ['all-1'], read: ['read-1'] } });
    const result = await run(pause, ['backup', '--url', url]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('Set CRONFLOW_TOKEN to a token that may change jobs.');
  });
});

describe('cronflow ack', () => {
  test('acknowledges by the name of a job, or by the id of an incident', async () => {
    const { url, request } = await troubled();
    const byJob = await run(ack, ['backup', '--for', '2h', '--url', url]);
    expect(byJob.stdout).toBe('backup: the incident (exit_code) is acknowledged until 14:00, in 2h.\n');
    const [incident] = (await request('/incidents')).json;
    const byId = await run(ack, [String(incident!['id']), '--json', '--url', url]);
    expect(JSON.parse(byId.stdout)).toMatchObject({ acknowledged_until_at: '2026-01-16T12:00:00.000Z' });
  });

  test('is no longer shown as one when it has ended', async () => {
    const { url, configure, ping } = await startServer();
    await configure({ a: { schedule: '@daily' }, backup: { schedule: '@daily' } });
    for (const job of ['a', 'backup']) await ping(job, 'failure', { exit_code: 3, rid: 'r' });
    await run(ack, ['a', '--for', '2h', '--url', url]);
    const statusAfter = async (afterMs: number): Promise<string> => {
      const argv = ['--url', url];
      const seen = await runIn('/', DEFAULT_START_AT + afterMs, (io) => status(argv, io), {
        env: { TZ: 'UTC' },
      });
      return seen.stdout;
    };
    // Somebody is on it, so the other job comes first.
    expect(await statusAfter(HOUR_MS)).toMatch(/^backup [^]*^a [^]*; acknowledged until 14:00, in 1h$/m);
    expect(await statusAfter(3 * HOUR_MS)).toMatch(
      /^a [^]*; no longer acknowledged since 14:00, 1h ago$[^]*^backup /m,
    );
  });

  test('says that there is nothing to acknowledge', async () => {
    const { url } = await troubled();
    const none = await run(ack, ['report', '--url', url]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('report has no open incident') });
    const unknown = await run(ack, ['nope', '--url', url]);
    expect(unknown).toMatchObject({
      code: 1,
      stderr:
        'cronflow ack: No job is named "nope", and no incident has this id. cronflow status --trouble lists the jobs in trouble.\n',
    });
    const slip = await run(ack, ['backpu', '--url', url]);
    expect(slip).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean "backup"?') });
  });
});

describe('cronflow logs', () => {
  const OUTPUT = 'one\n\u001B[31mtwo\u001B[0m\u0007\n';

  async function printed() {
    const server = await troubled();
    await server.ping('backup', 'success', { rid: 's', output: OUTPUT, output_dropped_bytes: 17 });
    await server.ping('backup', 'failure', { rid: 't' });
    return server;
  }

  test('gives a pipe the output of the last run that printed anything, byte by byte', async () => {
    const { url } = await printed();
    const { code, stdout, stderr } = await run(logs, ['backup', '--url', url]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: OUTPUT });
    expect(stderr).toMatch(
      /^run .*-2: success \(succeeded\), ended 12:00, 0s ago; 17 bytes before this are not kept\n$/,
    );
  });

  test('leaves out of a terminal what would change it', async () => {
    const { url } = await printed();
    const { stdout } = await run(logs, ['backup', '--url', url], { columns: 80 });
    expect(stdout).toBe('one\ntwo\n');
  });

  test('prints one run that is asked for, also as JSON, and ends with 1 where it printed nothing', async () => {
    const { url, request, ping } = await printed();
    const runs = (await request('/jobs/backup/runs')).json;
    const [silent, loud] = runs.map(({ id }) => String(id));
    const json = await run(logs, ['backup', '--run', loud!, '--json', '--url', url]);
    expect(JSON.parse(json.stdout)).toMatchObject({ run: { id: loud }, output: OUTPUT });
    const nothing = await run(logs, ['backup', '--run', silent!, '--url', url]);
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toContain('nothing of its output is kept');
    const none = await run(logs, ['report', '--url', url]);
    expect(none.stderr).toContain('report has no runs yet.');
    await ping('report', 'success');
    const once = await run(logs, ['report', '--url', url]);
    expect(once.stderr).toContain('report printed nothing that is kept in its only run.');
  });
});

describe('cronflow status --watch', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  /** Watches with real timers, because the server is a real one. */
  function watching(url: string, argv: readonly string[], terminal?: Io['terminal']) {
    const seen = { stdout: '' };
    const stopped = new Promise<string>((resolve) => stops.push(() => resolve('SIGINT')));
    const io: Io = {
      stdin: (async function* () {})(),
      stdout: (text) => void (seen.stdout += text),
      stderr: () => undefined,
      env: { TZ: 'UTC' },
      cwd: '/',
      clock: systemClock,
      terminal,
    };
    const host = { stopRequested: () => stopped, onExit: () => undefined };
    const code = status(['--watch', '--url', url, ...argv], io, host);
    const end = async (): Promise<number> => {
      for (const stop of stops.splice(0)) stop();
      return code;
    };
    return { seen, end };
  }

  test('tells a pipe of each job that changes, in a line, and ends with what was shown last', async () => {
    const { url, ping, clock } = await troubled();
    const { seen, end } = watching(url, []);
    await until('what the watch tells', () => seen.stdout.includes('report  pending'));
    expect(seen.stdout).toMatch(/^\S+Z {2}backup {2}failure; in trouble: exit_code$/m);
    await ping('backup', 'success', { rid: 's' });
    await until('what the watch tells', async () => {
      await clock.advance(300);
      return /backup {2}success$/m.test(seen.stdout);
    });
    expect(await end()).toBe(0);
  });

  test('writes JSON for programs', async () => {
    const { url } = await troubled();
    const { seen, end } = watching(url, ['--json']);
    await until('what the watch tells', () => seen.stdout.split('\n').length > 2);
    const lines = seen.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { job: { name: string } });
    expect(lines.map(({ job }) => job.name)).toEqual(['backup', 'report']);
    expect(await end()).toBe(3);
  });

  test('draws at a terminal on a screen of its own, and gives the terminal back', async () => {
    const { url } = await troubled();
    const { seen, end } = watching(url, [], { columns: 80, rows: 7 });
    await until('what the watch tells', () => seen.stdout.includes('exit_code'));
    expect(seen.stdout.startsWith('\u001B[?1049h\u001B[?25l')).toBe(true);
    expect(seen.stdout).toMatch(/:\d+ at \d\d:\d\d:\d\d; Ctrl-C ends this/);
    // Seven rows are all that there are.
    expect(seen.stdout.split('\u001B[H').at(-1)!.split('\r\n').length).toBeLessThanOrEqual(7);
    expect(seen.stdout).toMatch(/\.\.\. and \d+ more lines/);
    expect(await end()).toBe(3);
    expect(seen.stdout.endsWith('\u001B[?25h\u001B[?1049l')).toBe(true);
  });

  test('draws no line that a narrow terminal would break', async () => {
    const { url } = await troubled();
    await run(ack, ['backup', '--url', url]);
    const { seen, end } = watching(url, [], { columns: 60, rows: 40 });
    await until('what the watch tells', () => seen.stdout.includes('in trouble'));
    expect(await end()).toBe(3);
    const rows = seen.stdout
      .split('\u001B')
      .flatMap((part) => part.replace(/^\[[?\d;]*[A-Za-z]/, '').split('\r\n'));
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(60);
    // What does not fit into a row goes on in the next.
    expect(seen.stdout.replaceAll('\u001B[K\r\n', '')).toMatch(
      /; no longer acknowledged since \d+ \S+ [\d:]+, \d+d ago/,
    );
  });

  test('says that the server is lost and since when, and goes on when it is back', async () => {
    const { url, server } = await troubled();
    const port = Number(new URL(url).port);
    const { seen, end } = watching(url, []);
    await until('what the watch tells', () => seen.stdout.includes('report  pending'));
    await server.close();
    await until('what the watch tells', () => seen.stdout.includes('has been lost since '));
    const again = await startServer({}, '127.0.0.1', port);
    await again.configure({ backup: {}, report: {}, added: {} });
    await until(
      'what the watch tells',
      () => seen.stdout.includes('is back') && seen.stdout.includes('added  pending'),
    );
    expect(await end()).toBe(0);
  });
});
