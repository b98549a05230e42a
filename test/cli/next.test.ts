import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { declaredJobs } from '../../src/cli/declared-schedule.ts';
import { BrokenPipeError, type Io, writerTo } from '../../src/cli/io.ts';
import { type ListJobs, next } from '../../src/cli/next.ts';
import type { FoundJob } from '../../src/cli/next-all.ts';
import { parseInstant } from '../../src/schedule/instant.ts';
import { runIn } from './support/io.ts';

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function ioOf(stdin: Io['stdin'], written: { stdout: string; stderr: string }): Io {
  return {
    stdin,
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    env: {},
    cwd: '/',
    clock: {
      now: () => Date.parse('2024-03-09T20:17:00Z'),
      monotonic: () => 0,
      after: () => () => undefined,
    },
  };
}

/** Stands for stdin; chunks come as they are given. */
async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  yield* parts;
}

async function run(
  argv: string[],
  options: { stdin?: Io['stdin']; listJobs?: ListJobs } = {},
): Promise<Result> {
  const written = { stdout: '', stderr: '' };
  const io = ioOf(options.stdin ?? chunks(), written);
  return { code: await next(argv, io, options.listJobs), ...written };
}

async function batch(...parts: (string | Buffer)[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await run(['--batch'], { stdin: chunks(...parts) });
  expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' });
  expect(stdout === '' || stdout.endsWith('\n')).toBe(true);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const SHAPE = 'a JSON object with "schedule" and optionally "timezone", "after" and "count"';
const INSTANT = 'ISO 8601 with a zone, such as 2024-03-09T20:17Z or 2024-03-09T21:17:00+01:00';
const ZONE = 'a name of the IANA database, such as UTC or Europe/Berlin';

describe('cronflow next --schedule', () => {
  test('prints the local time and UTC', async () => {
    const argv = ['--schedule', '0,30 2 * * *', '--timezone', 'America/New_York', '--count', '3'];
    expect(await run(argv)).toStrictEqual({
      code: 0,
      stdout: [
        'Sun 2024-03-10 03:00:00 -04:00  2024-03-10T07:00:00.000Z',
        'Mon 2024-03-11 02:00:00 -04:00  2024-03-11T06:00:00.000Z',
        'Mon 2024-03-11 02:30:00 -04:00  2024-03-11T06:30:00.000Z',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('takes UTC, now and five slots unless told otherwise', async () => {
    const { stdout } = await run(['--schedule', '@daily']);
    expect(stdout.split('\n').slice(0, -1)).toHaveLength(5);
    expect(stdout).toMatch(/^Sun 2024-03-10 00:00:00 \+00:00 {2}2024-03-10T00:00:00\.000Z\n/);
  });

  test('prints JSON', async () => {
    const argv = [
      '--schedule',
      '0 2 * * *',
      '--timezone',
      'Asia/Kolkata',
      '--after',
      '2024-01-01T00:00Z',
      '--count',
      '1',
      '--json',
    ];
    const { code, stdout } = await run(argv);
    expect({ code, answer: JSON.parse(stdout) as unknown }).toStrictEqual({
      code: 0,
      answer: { schedule: '0 2 * * *', timezone: 'Asia/Kolkata', next: ['2024-01-01T20:30:00.000Z'] },
    });
  });

  test('prints fewer where the calendar ends', async () => {
    const { code, stdout } = await run(['--schedule', '0 0 1 1 *', '--after', '2498-06-01T00:00Z']);
    expect({ code, stdout }).toStrictEqual({
      code: 0,
      stdout: 'Thu 2499-01-01 00:00:00 +00:00  2499-01-01T00:00:00.000Z\n',
    });
  });

  test.each([
    [['--schedule', '0 25 * * *'], 'hour "25" is out of range: 0-23'],
    [
      ['--schedule', '0 2 * * *', '--timezone', 'Europe/Berln'],
      `timezone "Europe/Berln" is unknown: ${ZONE}; did you mean "Europe/Berlin"?`,
    ],
    [['--schedule', ''], 'expression "" has 0 fields'],
  ])('exits with 1 on an invalid schedule or zone: %j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toStrictEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`cronflow next: ${message}`);
  });

  test.each([
    [[], 'it needs one of --schedule E, a JOB, or --batch'],
    [['0 2 * * *'], '"0 2 * * *" is a schedule and no job; write --schedule "0 2 * * *"'],
    [['@daily'], '"@daily" is a schedule and no job; write --schedule "@daily"'],
    [
      ['0', '2', 'x'],
      `one JOB at most; "2" is too many; a schedule is written --schedule '0 2 * * *', in quotes`,
    ],
    [['--schedule', '@daily', 'backup'], 'it needs one of --schedule E, a JOB, or --batch'],
    [['backup', 'restore'], 'one JOB at most; "restore" is too many'],
    [['backup'], 'jobs cannot be looked up here; use --schedule E'],
    [
      ['--batch', '--count', '3'],
      '--batch reads its questions from stdin; it takes no other option but --json',
    ],
    [['--schedule', '@daily', '--count', '0'], '--count "0" is not allowed: a whole number from 1 to 1000'],
    [
      ['--schedule', '@daily', '--count', '1001'],
      '--count "1001" is not allowed: a whole number from 1 to 1000',
    ],
    [
      ['--schedule', '@daily', '--count', '1e2'],
      '--count "1e2" is not allowed: a whole number from 1 to 1000',
    ],
    [
      ['--schedule', '@daily', '--after', '2024-01-01T00:00'],
      `--after "2024-01-01T00:00" is not an instant: ${INSTANT}`,
    ],
    [
      ['--schedule', '@daily', '--after', '1969-12-31T23:59Z'],
      '--after "1969-12-31T23:59Z" is out of range: the years 1970 to 2499',
    ],
    [['--schedul', '@daily'], 'unknown option --schedul, did you mean --schedule?'],
  ])('exits with 2 on wrong usage: %j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toStrictEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`cronflow next: ${message}`);
    expect(stderr).toMatch(/\nTry: cronflow next --help\n$/);
  });

  test('explains itself', async () => {
    const { code, stdout, stderr } = await run(['--help', '--count', 'x']);
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: cronflow next /);
    for (const option of ['--schedule', '--timezone', '--after', '--count', '--json', '--batch', '--help']) {
      expect(stdout).toContain(option);
    }
  });
});

const JOBS: Record<string, FoundJob> = {
  backup: { schedule: '0 2 * * *', timezone: 'Europe/Berlin' },
  sync: { every: '15m' },
  cleanup: { every: null },
};
const listJobs: ListJobs = () => Promise.resolve(new Map(Object.entries(JOBS)));

describe('cronflow next JOB', () => {
  test('prints the slots of a declared job in its zone', async () => {
    const { code, stdout } = await run(['backup', '--count', '1'], { listJobs });
    expect({ code, stdout }).toStrictEqual({
      code: 0,
      stdout: 'Sun 2024-03-10 02:00:00 +01:00  2024-03-10T01:00:00.000Z\n',
    });
  });

  test('takes another zone', async () => {
    const { stdout } = await run(['backup', '--count', '1', '--timezone', 'Asia/Tokyo'], { listJobs });
    expect(stdout).toBe('Mon 2024-03-11 02:00:00 +09:00  2024-03-10T17:00:00.000Z\n');
  });

  test('exits with 1 for a job that is not declared', async () => {
    expect(await run(['bakup'], { listJobs })).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: 'cronflow next: No job is named "bakup". Did you mean "backup"?\n',
    });
  });
});

describe('cronflow next of a job without a schedule', () => {
  test('says what its next run depends on', async () => {
    expect(await run(['sync'], { listJobs })).toStrictEqual({
      code: 1,
      stdout: '',
      stderr:
        'cronflow next: job "sync" is expected 15m after its last start (every: 15m), which GET /jobs/sync of a ' +
        'running Cronflow knows\n',
    });
    expect(await run(['cleanup'], { listJobs })).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: 'cronflow next: job "cleanup" has no schedule, so none of its runs is expected\n',
    });
  });
});

describe('cronflow next --batch', () => {
  test('answers the 2,000 cases of Debian cron', async () => {
    const file = new URL('../testdata/debian-cron.json', import.meta.url);
    const cases = JSON.parse(readFileSync(file, 'utf8')) as { next: string[] }[];
    const questions = cases.map(
      (question) => `${JSON.stringify({ ...question, count: question.next.length })}\n`,
    );
    const expected = cases.map((question) => ({
      next: question.next.map((instant) => instant.replace('Z', ':00.000Z')),
    }));
    expect(await batch(questions.join(''))).toStrictEqual(expected);
  });

  test('answers in order, a bad line with an error and the rest all the same', async () => {
    const lines = [
      '{"schedule":"0 2 * * *","timezone":"Europe/Berlin","after":"2024-03-30T12:00Z","count":1}',
      '{"schedule":"0 25 * * *"}',
      'banana',
      '',
      '[]',
      'null',
      '{}',
      '{"schedule":5}',
      '{"schedule":"@daily","timezone":"Mars/Base"}',
      '{"schedule":"@daily","timezone":null}',
      '{"schedule":"@daily","after":"tomorrow"}',
      '{"schedule":"@daily","after":"2024-02-30T00:00Z"}',
      '{"schedule":"@daily","count":0}',
      '{"schedule":"@daily","count":"3"}',
      '{"schedule":"@daily","timezon":"Asia/Tokyo"}',
      '{"schedule":"@daily","count":1,"id":7}',
    ];
    expect(await batch(lines.join('\n'))).toStrictEqual([
      { next: ['2024-03-31T01:00:00.000Z'] },
      { error: 'hour "25" is out of range: 0-23' },
      { error: `the line is not JSON: ${SHAPE}` },
      { error: `the line is not JSON: ${SHAPE}` },
      { error: `the line is not an object: ${SHAPE}` },
      { error: `the line is not an object: ${SHAPE}` },
      { error: `schedule is missing: ${SHAPE}` },
      { error: `schedule is not a string: ${SHAPE}` },
      { error: `timezone "Mars/Base" is unknown: ${ZONE}` },
      { error: `timezone is not a string: ${SHAPE}` },
      { error: `after "tomorrow" is not an instant: ${INSTANT}` },
      { error: `after "2024-02-30T00:00Z" is not an instant: ${INSTANT}` },
      { error: 'count 0 is not allowed: a whole number from 1 to 1000' },
      { error: 'count "3" is not allowed: a whole number from 1 to 1000' },
      { error: 'unknown key "timezon", did you mean "timezone"?' },
      { next: ['2024-03-10T00:00:00.000Z'] },
    ]);
  });

  test('takes lines cut anywhere, also within a character, and ended with CRLF', async () => {
    const text = '{"schedule":"@daily","count":1,"note":"größer ☃"}\r\n{"schedule":"é"}\r\n';
    const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
    const answers = await batch(...bytes);
    expect(answers[0]).toStrictEqual({ next: ['2024-03-10T00:00:00.000Z'] });
    expect(answers[1]?.['error']).toMatch(/^expression "é" has 1 field: /);
    expect(answers).toHaveLength(2);
  });

  test('prints nothing where it is asked nothing', async () => {
    expect(await batch()).toStrictEqual([]);
  });

  test('holds no line longer than its limit', async () => {
    const long = 'x'.repeat(6_000);
    const error = 'the line is too long: at most 10000 characters';
    expect(await batch(long, long, long, '\n{"schedule":"@daily","count":1}\n', long, long)).toStrictEqual([
      { error },
      { next: ['2024-03-10T00:00:00.000Z'] },
      { error },
    ]);
  });

  test('answers a line before the next one comes', async () => {
    const stdin = new PassThrough();
    const written = { stdout: '', stderr: '' };
    const done = next(['--batch'], ioOf(stdin, written));
    stdin.write('{"schedule":"@daily","count":1}\n');
    await expect.poll(() => written.stdout).toBe('{"next":["2024-03-10T00:00:00.000Z"]}\n');
    stdin.end('{"schedule":"@hourly","count":1}\n');
    expect(await done).toBe(0);
    expect(written.stdout.split('\n')[1]).toBe('{"next":["2024-03-09T21:00:00.000Z"]}');
  });

  test('stops without a fault when nobody reads the answers any more', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<string> {
      for (; asked < 1000; asked += 1) {
        yield '{"schedule":"@daily"}\n';
        // As input does, later.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const closed = new Writable({
      write: (_chunk, _encoding, callback) =>
        callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const written = { stdout: '', stderr: '' };
    const io = { ...ioOf(endless(), written), stdout: writerTo(closed) };
    expect(await next(['--batch'], io)).toBe(0);
    expect(asked).toBeLessThan(10);
    expect(() => io.stdout('more')).toThrow(BrokenPipeError);
  });
});

describe('parseInstant', () => {
  test.each([
    ['2024-03-09T20:17Z', '2024-03-09T20:17:00.000Z'],
    ['2024-03-09T20:17:05Z', '2024-03-09T20:17:05.000Z'],
    ['2024-03-09T20:17:05.57Z', '2024-03-09T20:17:05.570Z'],
    ['2024-03-09T20:17:05.123456789Z', '2024-03-09T20:17:05.123Z'],
    ['2024-03-09T20:17+05:45', '2024-03-09T14:32:00.000Z'],
    ['2024-03-09T20:17:00-03:30', '2024-03-09T23:47:00.000Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(instant);
  });

  test.each([
    '',
    'now',
    '2024-03-09',
    '2024-03-09T20:17',
    '2024-03-09T20:17:00',
    '2024-03-09 20:17Z',
    '2024-03-09T20Z',
    '2023-02-29T00:00Z',
    '2024-13-01T00:00Z',
    '2024-00-01T00:00Z',
    '2024-01-01T24:00Z',
    '2024-01-01T00:60Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00+24:00',
    '2024-01-01T00:00+01',
    '0050-01-01T00:00Z',
    '1710015420000',
    ' 2024-03-09T20:17Z',
    '2024-03-09T20:17Z\n',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

/** In a folder that holds this configuration. */
const ask = async (content: string, ...argv: string[]): Promise<Result> => {
  const root = mkdtempSync(join(tmpdir(), 'cronflow-next-'));
  writeFileSync(join(root, 'cronflow.yaml'), content);
  const command = (io: Io): Promise<number> => next(argv, io, declaredJobs(io));
  const result = await runIn(root, Date.parse('2024-03-09T20:17:00Z'), command);
  rmSync(root, { recursive: true });
  return result;
};

describe('cronflow next without a job', () => {
  const text = [
    'jobs:',
    '  late: { schedule: "0 3 * * *" }',
    '  early: { schedule: "0 1 * * *", timezone: Europe/Berlin }',
    '  sync: { every: 15m }',
    '  loose: {}',
    '',
  ].join('\n');
  test('prints the next slot of each, the soonest first, and why some have none', async () => {
    expect(await ask(text)).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'Sun 2024-03-10 01:00:00 +01:00  2024-03-10T00:00:00.000Z  early\n',
        'Sun 2024-03-10 03:00:00 +00:00  2024-03-10T03:00:00.000Z  late\n',
        '15m after its last start                                  sync\n',
        'no schedule, so no run is expected                        loose\n',
      ].join(''),
    });
  });

  test('takes the options that one job takes', async () => {
    const { stdout } = await ask(text, '--count', '2', '--timezone', 'UTC', '--after', '2024-03-10T02:00Z');
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'Sun 2024-03-10 03:00:00 +00:00  2024-03-10T03:00:00.000Z  late',
      'Mon 2024-03-11 01:00:00 +00:00  2024-03-11T01:00:00.000Z  early',
      'Mon 2024-03-11 03:00:00 +00:00  2024-03-11T03:00:00.000Z  late',
      'Tue 2024-03-12 01:00:00 +00:00  2024-03-12T01:00:00.000Z  early',
    ]);
    const last = await ask(text, '--after', '2499-12-31T23:30Z');
    expect(last.stdout).toContain('no slot to come                                           late\n');
  });

  test('prints the same as JSON, in the order of the file', async () => {
    expect(JSON.parse((await ask(text, '--json')).stdout)).toEqual({
      jobs: [
        { name: 'late', schedule: '0 3 * * *', timezone: 'UTC', next: ['2024-03-10T03:00:00.000Z'] },
        {
          name: 'early',
          schedule: '0 1 * * *',
          timezone: 'Europe/Berlin',
          next: ['2024-03-10T00:00:00.000Z'],
        },
        { name: 'sync', every: '15m', next: [] },
        { name: 'loose', every: null, next: [] },
      ],
    });
  });

  test('says that no job is declared, or what is wrong with the file or the options', async () => {
    expect(await ask('jobs: {}\n')).toEqual({ code: 0, stdout: 'No job is declared.\n', stderr: '' });
    expect(await ask('jobs: {a: {schedule: banana}}\n')).toMatchObject({ code: 1, stdout: '' });
    expect(await ask(text, '--timezone', 'Mars/Base')).toMatchObject({ code: 1, stdout: '' });
    expect(await ask(text, '--count', '0')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a job that a file declares', () => {
  test('is found where every command looks, or in the file of --config', async () => {
    const root = mkdtempSync(join(tmpdir(), 'cronflow-next-'));
    const declare = (name: string, schedule: string): void =>
      writeFileSync(join(root, name), `jobs: {backup: {schedule: "${schedule}"}, sync: {every: 5m}}\n`);
    declare('cronflow.yaml', '0 1 * * *');
    declare('other.yaml', '0 2 * * *');
    declare('third.yaml', '0 3 * * *');
    const hourOf = async (argv: string[], env: Record<string, string> = {}): Promise<string> => {
      const { stdout } = await runIn(root, 0, (io) => next(argv, io, declaredJobs(io)), { env });
      return stdout.slice(15, 17);
    };
    expect(await hourOf(['backup'])).toBe('01');
    expect(await hourOf(['backup', '--config', 'other.yaml'])).toBe('02');
    expect(await hourOf(['backup'], { CRONFLOW_CONFIG: 'third.yaml' })).toBe('03');
    expect(await hourOf(['backup', '--config', 'other.yaml'], { CRONFLOW_CONFIG: 'third.yaml' })).toBe('02');
    const broken = runIn(root, 0, (io) => next(['backup', '--config', 'none'], io, declaredJobs(io)));
    expect(await broken).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/none does not exist; put it there, /) as string,
    });
    rmSync(root, { recursive: true });
  });

  test('is refused together with a schedule', async () => {
    expect(await run(['--schedule', '@daily', '--config', 'a'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        '--config names the file that declares a JOB; it cannot be given with --schedule',
      ) as string,
    });
  });
});
