import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { init } from '../../src/cli/init.ts';
import { validators } from '../../src/config/schema.ts';
import { LINTS } from '../../src/core/model/errors.ts';
import type { UnknownPing } from '../../src/ingest/unknown-pings.ts';
import { startServer } from '../http/support.ts';
import { type Result, runIn } from './support/io.ts';

const NOW_AT = Date.parse('2026-11-25T12:00:00Z');
const BAD = fileURLToPath(new URL('../testdata/bad', import.meta.url));
const OPS = 'notifiers: {ops: {type: log}}\n';

let root = '';
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'cronflow-check-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

async function checked(text: string, ...argv: string[]): Promise<Result> {
  await writeFile(join(root, 'cronflow.yaml'), text);
  return runIn(root, NOW_AT, (io) => check(argv, io), { env: { EMPTY: '' } });
}

/** The lints of a file, as `CODE LINE:COLUMN PATH`. */
async function lintsIn(text: string): Promise<string[]> {
  const { code, stdout, stderr } = await checked(text, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { lints } = JSON.parse(stdout) as {
    lints: { code: string; line: number; column: number; path: string }[];
  };
  return lints.map(({ code: name, line, column, path }) => `${name} ${line}:${column} ${path}`);
}

describe('cronflow check', () => {
  test('says of a valid file what it holds, and after how long runs time out', async () => {
    expect(await checked(`${OPS}jobs: {a: {schedule: '0 12 * * *'}, b: {every: 1h}}`)).toEqual({
      code: 0,
      stdout:
        'cronflow.yaml is valid: 2 jobs, 1 notifier\n' +
        '  a run times out after 1d: a\n' +
        '  a run times out after 4h: b\n',
      stderr: '',
    });
  });

  test('names some of the jobs that share a limit, and names all to programs', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const jobs = names.map((name) => `${name}: {schedule: '*/30 * * * *', overlap: skip}`).join(', ');
    const yaml = `${OPS}jobs: {${jobs}}`;
    expect((await checked(yaml)).stdout).toContain(
      '\n  a run times out after 2h: a, b, c, d, e and 2 more\n',
    );
    const { limits } = JSON.parse((await checked(yaml, '--json')).stdout) as { limits: unknown };
    expect(limits).toEqual(Object.fromEntries(names.map((name) => [name, '2h'])));
  });

  const bad = readdirSync(BAD).filter((name) => name.endsWith('.yaml'));
  test.each(bad)('prints what is wrong with %s, with exit code 1', async (name) => {
    const { code, stdout, stderr } = await runIn(BAD, NOW_AT, (io) => check([name], io), {
      env: { SECRET: 'HUNTER2' },
    });
    const expected = readFileSync(join(BAD, name.replace('.yaml', '.txt')), 'utf8');
    expect(stdout.replace(/[^\n]+\n$/, '')).toBe(expected);
    expect(stdout).toMatch(/: \d+ errors?\n$/);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  test('prints annotations for a pull request', async () => {
    const { code, stdout } = await checked(
      'jobs:\n  a:\n    schedul: "0 2 * * *"\n    tags: ["50%, off"]\n',
      '--format',
      'github',
    );
    expect(code).toBe(1);
    expect(stdout.split('\n')[0]).toMatch(
      /^::error file=cronflow\.yaml,line=3,col=5,title=unknown_key at jobs\.a\.schedul::unknown key "schedul", did you mean "schedule"\?/,
    );
  });

  test('escapes what would end an annotation or its properties', async () => {
    await mkdir(join(root, 'a,b'), { recursive: true });
    await writeFile(join(root, 'a,b', 'c:d.yaml'), 'jobs: {a: {tags: ["50%"], every: "5"}}\n');
    const { stdout } = await checked('jobs: {}', 'a,b/c:d.yaml', '--format=github');
    expect(stdout).toMatch(/^::error file=a%2Cb\/c%3Ad\.yaml,line=1,col=\d+,title=\S+ at jobs\.a\.every::/);
  });

  test('with --strict ends with 3 where there are lints, and with 0 where there are none', async () => {
    const lint = `${OPS}jobs: {a: {schedule: '* * * * *'}}`;
    expect((await checked(lint)).code).toBe(0);
    expect((await checked(lint, '--strict')).code).toBe(3);
    expect((await checked(`${OPS}jobs: {a: {schedule: '0 12 * * *'}}`, '--strict')).code).toBe(0);
    expect((await checked('jobs: {a: 1}', '--strict')).code).toBe(1);
  });

  test('does not mind notes with --strict: neither an address that may be empty nor an hour that cron makes up for', async () => {
    const notes =
      "notifiers: {ops: {type: slack, webhook_url: '${EMPTY:-}'}}\n" +
      "jobs: {a: {schedule: '30 2 * * *', timezone: Europe/Berlin}}\n";
    const { code, stdout } = await checked(notes, '--strict');
    expect(stdout).toContain('notifiers.ops.webhook_url: note: the address is empty');
    expect(stdout).toMatch(/1 job, 1 notifier, 2 notes\n {2}a run times out after /);
    expect(code).toBe(0);
    expect((await checked(notes.replace('${EMPTY:-}', ''), '--strict')).code).toBe(3);
    expect((await checked(notes.replace('30 2', '0 30 2'), '--strict')).code).toBe(3);
    const { lints } = JSON.parse((await checked(notes, '--json')).stdout) as { lints: unknown };
    expect(lints).toMatchObject([
      { severity: 'note', code: 'empty_secret' },
      { severity: 'note', code: 'skipped_by_clock_change' },
    ]);
    expect((await checked(notes, '--format', 'github')).stdout).toMatch(
      /^::notice file=cronflow\.yaml,line=1/,
    );
  });

  test('is content with the shipped cronflow.yaml and with what init writes', async () => {
    const shipped = fileURLToPath(new URL('../../cronflow.yaml', import.meta.url));
    for (const zone of ['Europe/Berlin', 'America/Santiago', 'Asia/Beirut']) {
      const path = join(root, `${zone.replace('/', '-')}.yaml`);
      await runIn(root, NOW_AT, (io) => init([path, '--timezone', zone], io));
      for (const file of [shipped, path])
        expect(await runIn(root, NOW_AT, (io) => check([file, '--strict'], io))).toMatchObject({
          code: 0,
          stderr: '',
        });
    }
  });

  test('says nothing of a lint that is allowed by name or by a comment in its place', async () => {
    const jobs = `${OPS}jobs:\n  a: {schedule: '* * * * *'}\n  b: {notify: []}\n`;
    expect(await lintsIn(jobs)).toHaveLength(2);
    const one = await checked(jobs, '--allow', 'grace_over_period', '--strict');
    expect(one.stdout).toMatch(/nobody_told][^]*1 warning, 1 lint allowed\n {2}a run times out after /);
    expect(one.code).toBe(3);
    const both = await checked(jobs, '--allow=nobody_told,grace_over_period', '--strict');
    expect(both).toEqual({
      code: 0,
      stdout:
        'cronflow.yaml is valid: 2 jobs, 1 notifier, 2 lints allowed\n  a run times out after 1d: a, b\n',
      stderr: '',
    });
    const behind = jobs.replace("*'}", "*'} # cronflow: allow grace_over_period, nobody_told");
    expect(await lintsIn(behind)).toEqual(['nobody_told 4:15 jobs.b.notify']);
    const above = jobs.replace('  b:', '  # cronflow: allow nobody_told\n  b:');
    expect(await lintsIn(above)).toEqual(['grace_over_period 3:3 jobs.a']);
    // What stands in a value, or is another word, allows nothing.
    expect(await lintsIn(jobs.replace('[]}', '[]} # cronflow: allow nobody'))).toHaveLength(2);
    const noAddress = await checked(
      "notifiers: {ops: {type: slack, webhook_url: ''}}\njobs: {a: {}}\n",
      '--allow=empty_secret',
    );
    expect(noAddress.stdout).toContain('1 lint allowed');
    const misspelt = await checked(jobs, '--allow', 'nobody_tlod');
    expect(misspelt.code).toBe(2);
    expect(misspelt.stderr).toContain('--allow "nobody_tlod" is no lint, did you mean "nobody_told"?');
  });

  test('says of a renamed_from that renames nothing why, with both places', async () => {
    const text = `${OPS}jobs:\n  old: {}\n  new:\n    renamed_from: old\n`;
    expect(await lintsIn(text)).toEqual(['renames_nothing 5:19 jobs.new.renamed_from']);
    expect((await checked(text)).stdout).toContain(
      'renames nothing: "old" is still declared, at cronflow.yaml:3 [renames_nothing]\n    5 |     renamed_from: old',
    );
  });

  test('with --no-env judges a file without its secrets, and takes what is not known for what is wanted', async () => {
    const text =
      'heartbeat: {url: "${HEARTBEAT_URL:?set it}"}\n' +
      'notifiers:\n' +
      '  ops: {type: slack, webhook_url: "${SLACK_WEBHOOK_URL:-}"}\n' +
      '  pager: {type: pagerduty, routing_key_file: /run/secrets/that/is/not/here}\n' +
      '  mail: {type: email, host: "${HOST}", port: "${PORT}", from: "${FROM}", to: ["${TO}"], password: "${P}", username: u}\n' +
      'defaults: {timezone: "${ZONE}", notify: ["${WHO}"]}\n' +
      'jobs:\n  a: {schedule: "${WHEN}", grace: "${GRACE}", owner: "${TEAM} team"}\n  b: ${WHEN}\n';
    expect(await checked(text)).toMatchObject({ code: 1 });
    expect(await checked(text, '--no-env', '--strict')).toEqual({
      code: 0,
      stdout: 'cronflow.yaml is valid: 2 jobs, 3 notifiers\n  a run times out after 1d: a, b\n',
      stderr: '',
    });
    const named = text.replace('["${WHO}"]', '[ops, pager]');
    const { code, stdout } = await checked(named, '--no-env', '--strict');
    expect(code).toBe(3);
    expect(stdout).toMatch(/notifiers.mail: warning: no job notifies it/);
  });

  test('with --no-env finds what is wrong whatever the environment holds, default values too', async () => {
    const text = `${OPS}jobs:\n  a: {schedule: '\${WHEN:-0 25 * * *}', graze: '\${GRACE}', notify: [nobody]}\n`;
    const { code, stdout } = await checked(text, '--no-env', '--json');
    expect(code).toBe(1);
    const { errors } = JSON.parse(stdout) as { errors: { path: string; code: string }[] };
    expect(errors.map((error) => `${error.path} ${error.code}`)).toEqual([
      'jobs.a.schedule bad_schedule',
      'jobs.a.graze unknown_key',
      'jobs.a.notify[0] unknown_notifier',
    ]);
  });

  test('with --no-env holds no key against the type of a notifier that a variable may change', async () => {
    for (const type of ['${KIND}', '${KIND:-discord}', '${KIND:-pagerduty}', '${KIND:?say which}']) {
      expect({ type, ...(await checked(templated(type), '--no-env')) }).toMatchObject({ type, code: 0 });
    }
    const { code, stdout } = await checked(templated('${KIND:-discrod}'), '--no-env');
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean "discord"?');
    expect(await checked(templated('discord'), '--no-env')).toMatchObject({ code: 1 });
    expect(await checked(templated('${KIND:-discord}'))).toMatchObject({ code: 1 });
  });

  test('with --no-env does not look for the webhook of a file without notifiers', async () => {
    expect(await checked('jobs: {a: {schedule: "0 12 * * *"}}', '--no-env', '--strict')).toMatchObject({
      code: 0,
    });
  });

  test('refuses what it does not understand with 2', async () => {
    for (const argv of [['--format', 'xml'], ['a.yaml', 'b.yaml'], ['--fix']]) {
      const { code, stderr } = await checked('jobs: {}', ...argv);
      expect(code).toBe(2);
      expect(stderr).toContain('Try: cronflow check --help');
    }
    const { stdout: help } = await checked('jobs: {}', '--help');
    expect(help).toMatch(/^Usage: cronflow check/);
    for (const name of LINTS) expect(help).toContain(name);
  });
});

const templated = (type: string): string =>
  `notifiers: {a: {type: '${type}', url: 'https://a.example/', template: '{"a": "{{job}}"}'}}\njobs: {a: {}}\n`;

const slack = (address: string): string =>
  `notifiers:\n  ops: {type: slack, webhook_url: ${address}}\njobs: {a: {}}\n`;

test('a directory in place of a file is named, also where it is the present one', async () => {
  const { code, stdout } = await runIn(root, NOW_AT, (io) => check(['.'], io));
  expect([code, stdout]).toEqual([1, `${root} is a directory; a file is wanted\n${root}: 1 error\n`]);
});

/** Checks a file beside a Cronflow that these names have pinged. */
async function checkedBeside(names: readonly string[], text: string): Promise<Result> {
  const unknownPings = (): UnknownPing[] =>
    names.map((name) => ({ name, kind: 'start' as const, count: 3, first_at: NOW_AT, last_at: NOW_AT }));
  const { url, configure } = await startServer({ unknownPings });
  await configure({ other: { every: '1h' } });
  return checked(text, '--url', url);
}

/** A job whose maintenance recurs. */
function windows(schedule: string, duration: string): string {
  return `{schedule: '0 2 * * *', overlap: allow, maintenance: [{schedule: '${schedule}', duration: ${duration}}]}`;
}

describe('the lints of cronflow check', () => {
  test('tell of a grace longer than the period, wherever it comes from', async () => {
    expect(
      await lintsIn(
        `${OPS}defaults: {grace: 20m}\njobs:\n` +
          "  often: {schedule: '*/10 * * * *'}\n" +
          "  own: {schedule: '0 * * * *', grace: 61m}\n" +
          "  equal: {schedule: '0 * * * *', grace: 1h}\n" +
          '  every: {every: 15m}\n',
      ),
    ).toEqual([
      'grace_over_period 4:3 jobs.often',
      'grace_over_period 5:39 jobs.own.grace',
      'grace_over_period 7:3 jobs.every',
    ]);
  });

  test('tell of maintenance windows that follow each other, so that nobody is ever told of trouble', async () => {
    expect(
      await lintsIn(
        `${OPS}jobs:\n` +
          `  minutes: ${windows('* * * * *', '2m')}\n` +
          `  daily: ${windows('0 0 * * *', '1d')}\n` +
          `  almost: ${windows('0 * * * *', '56m')}\n` +
          `  night: ${windows('0 0 * * *', '23h54m')}\n` +
          `  week: ${windows('0 * * * 1-5', '58m')}\n` +
          "  once: {maintenance: [{from: '2026-01-01T00:00Z', to: '2126-01-01T00:00Z'}]}\n" +
          `  together: {schedule: '0 2 * * *', maintenance: [{schedule: '0 0 * * *', duration: 12h}, {schedule: '0 12 * * *', duration: 12h}]}\n`,
      ),
    ).toEqual([
      'endless_maintenance 3:65 jobs.minutes.maintenance',
      'endless_maintenance 4:63 jobs.daily.maintenance',
      'endless_maintenance 5:64 jobs.almost.maintenance',
      'endless_maintenance 9:50 jobs.together.maintenance',
    ]);
  });

  test('tell of a max_runtime longer than the period, unless overlap says what is meant', async () => {
    expect(
      await lintsIn(
        `${OPS}jobs:\n` +
          "  long: {schedule: '0 * * * *', max_runtime: 2h}\n" +
          "  said: {schedule: '0 * * * *', max_runtime: 2h, overlap: allow}\n" +
          "  unsaid: {schedule: '0 * * * *'}\n" +
          '  every: {every: 1h, max_runtime: 2h}\n',
      ),
    ).toEqual(['max_runtime_over_period 3:46 jobs.long.max_runtime']);
  });

  test('tell of a notifier that nobody uses, and of a job of which nobody is told', async () => {
    const notifiers = 'notifiers:\n  ops: {type: log}\n  pager: {type: log}\n';
    expect(await lintsIn(`${notifiers}jobs: {a: {notify: [ops]}, b: {notify: []}}\n`)).toEqual([
      'unused_notifier 3:3 notifiers.pager',
      'nobody_told 4:40 jobs.b.notify',
    ]);
    expect(await lintsIn(`${notifiers}defaults: {notify: [pager]}\njobs: {a: {notify: [ops]}}\n`)).toEqual(
      [],
    );
    expect(await lintsIn(`${notifiers}jobs: {a: {notify: [ops]}, b: {}}\n`)).toEqual([]);
  });

  test('tell of an empty secret, also where there is no notifier at all', async () => {
    expect(await lintsIn(slack("'${EMPTY:-}'"))).toEqual(['empty_secret 2:35 notifiers.ops.webhook_url']);
    expect(await lintsIn(slack('https://hooks.slack.com/services/T0/B0/x'))).toEqual([]);
    expect(await lintsIn('jobs: {a: {}}\n')).toEqual(['empty_secret 1:1 notifiers']);
    const heartbeat = "notifiers: {ops: {type: log}}\njobs: {a: {}}\nheartbeat: {url: '${EMPTY:-}'}\n";
    expect(await lintsIn(heartbeat)).toEqual(['empty_secret 3:18 heartbeat.url']);
  });

  test('tell of an address that is not encrypted, unless it is of this machine', async () => {
    const unencrypted = 'http://chat.example.com/hooks/HUNTER2';
    expect(await lintsIn(slack(unencrypted))).toEqual(['unencrypted_address 2:35 notifiers.ops.webhook_url']);
    for (const host of ['localhost:8065', '127.0.0.1', '127.9.9.9:80', '[::1]:8065'])
      expect(await lintsIn(slack(`'http://${host}/hooks/x'`))).toEqual([]);
    for (const host of ['localhost.example.com', '10.0.0.1', '127.0.0.1.example.com', '[::2]'])
      expect(await lintsIn(slack(`'HTTP://${host}/hooks/x'`))).toHaveLength(1);
    const { code, stdout } = await checked(slack(unencrypted), '--strict');
    expect(code).toBe(3);
    expect(stdout.split('\n')[0]).toBe(
      'cronflow.yaml:2:35 notifiers.ops.webhook_url: warning: the address starts with http://, so nothing that is sent is encrypted: anybody on the way can read the address, with which anybody can post to the channel, and every message; write https:// unless only people you trust have access to that network [unencrypted_address]',
    );
    expect(stdout).not.toContain('HUNTER2');
  });

  test('tell of an address that is not encrypted in a file, in the environment and in the heartbeat', async () => {
    const address = 'http://chat.example.com/hooks/HUNTER2';
    await writeFile(join(root, 'address'), address);
    const text =
      'notifiers:\n  ops: {type: webhook, url_file: address}\n  pager: {type: slack, webhook_url: "${URL}"}\n' +
      'heartbeat: {url_file: address}\njobs: {a: {}}\n';
    await writeFile(join(root, 'cronflow.yaml'), text);
    const { stdout } = await runIn(root, NOW_AT, (io) => check([], io), { env: { URL: address } });
    expect(stdout.match(/^\S+ \S+: warning: .* anybody on the way can read .*;/gm)).toEqual([
      expect.stringMatching(
        /:2:34 notifiers\.ops\.url_file: .* the address and the headers, .*every message;$/,
      ),
      expect.stringMatching(/:3:37 notifiers\.pager\.webhook_url: .* the address, .*every message;$/),
      expect.stringMatching(/:4:23 heartbeat\.url_file: .* the address, with which anybody can hide [^,]*;$/),
    ]);
    expect(stdout).not.toContain('HUNTER2');
    await writeFile(join(root, 'cronflow.yaml'), 'jobs: {a: {}}\n');
    const env = { SLACK_WEBHOOK_URL: address };
    expect((await runIn(root, NOW_AT, (io) => check([], io), { env })).stdout).toContain(
      'notifiers: warning: the address starts with http://',
    );
  });

  test('know every address that the schema knows, and say what can be read where it is not encrypted', async () => {
    const url = 'http://chat.example.com/hooks';
    const { stdout } = await checked(
      'notifiers:\n' +
        `  a: {type: slack, webhook_url: '${url}'}\n` +
        `  b: {type: slack, bot_token: xoxb-123, channel: C024BE91L, api_url: '${url}'}\n` +
        `  c: {type: webhook, url: '${url}'}\n` +
        `  e: {type: ntfy, url: '${url}'}\n` +
        `  d: {type: pagerduty, routing_key: ${'a'.repeat(32)}, url: '${url}'}\n` +
        'jobs: {a: {}}\n',
    );
    const read = stdout.match(/can read .*, and every message;/g);
    expect(read).toEqual([
      'can read the address, with which anybody can post to the channel, and every message;',
      'can read the bot token, with which anybody can act as the app, and every message;',
      'can read the address and the headers, with all that is secret in them, and every message;',
      'can read the address and the headers, with all that is secret in them, and every message;',
      'can read the routing key, with which anybody can open and resolve alerts, and every message;',
    ]);
    const branches = validators().schema.definitions?.['notifier']?.oneOf ?? [];
    const addresses = branches
      .flatMap(({ properties = {} }) => Object.values(properties))
      .filter((schema) => schema['x-url'] === true);
    expect(new Set(addresses.map((schema) => `can read ${schema['x-reveals']}, and every message;`))).toEqual(
      new Set(read),
    );
    for (const { patternErrorMessage } of addresses)
      expect(patternErrorMessage).toMatch(/^an address that starts with https:\/\/ or http:\/\//);
  });

  test('tell of a schedule that fires in an hour that a change of daylight saving time skips', async () => {
    const text = `${OPS}defaults: {timezone: Europe/Berlin}\njobs:\n`;
    const { stdout } = await checked(
      `${text}  a: {schedule: '30 2 * * *'}\n  b: {schedule: '0 30 2 * * *'}\n  c: {schedule: '30 3 * * *'}\n` +
        "  d: {schedule: '0 * * * *'}\n  e: {schedule: '30 2 * * *', timezone: UTC}\n",
    );
    expect(stdout.match(/jobs\.\w\.schedule: .*/g)).toEqual([
      'jobs.a.schedule: note: 02:30 does not exist on 2027-03-28 in Europe/Berlin, where the clock goes from 02:00 to 03:00: cron runs it at 03:00 that day; choose another time, or timezone: UTC, if that matters [skipped_by_clock_change]',
      'jobs.b.schedule: warning: 02:30 does not exist on 2027-03-28 in Europe/Berlin, where the clock goes from 02:00 to 03:00: it does not run that day; choose another time, or timezone: UTC, if that matters [skipped_by_clock_change]',
    ]);
  });

  test('tell of a name one slip away from one that pings and that nobody declares', async () => {
    const text = `${OPS}jobs:\n  backup: {every: 1h}\n  backups: {every: 1h}\n  other: {every: 1h}\n`;
    const { code, stdout } = await checkedBeside(['bakup', 'backups', 'othre'], text);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(
      'cronflow.yaml:3:3 jobs.backup: warning: pings come for "bakup", which nobody declares and which is one slip of the keyboard away; correct the name here or where the job pings [name_near_unknown]',
    );
    expect(stdout).toContain('jobs.other: warning: pings come for "othre"');
    expect(stdout).toMatch(/3 jobs, 1 notifier, 2 warnings\n {2}a run times out after /);
    const { code: failed, stderr } = await checked(text, '--url', 'http://127.0.0.1:9');
    expect(failed).toBe(1);
    expect(stderr).toContain('cronflow check: No Cronflow can be asked at http://127.0.0.1:9/pings/unknown');
  });

  test('tell of a renamed_from that renames nothing of what runs, but not of one that does', async () => {
    const lost = await checkedBeside(
      [],
      `${OPS}jobs:\n  a: {every: 1h, renamed_from: gone}\n  other: {every: 1h}\n`,
    );
    expect(lost.code).toBe(0);
    expect(lost.stdout).toMatch(/^cronflow\.yaml:3:32 jobs\.a\.renamed_from: warning: renames nothing: /);
    const fits = await checkedBeside([], `${OPS}jobs:\n  a: {every: 1h, renamed_from: other}\n`);
    expect(fits).toMatchObject({
      code: 0,
      stdout: 'cronflow.yaml is valid: 1 job, 1 notifier\n  a run times out after 4h: a\n',
    });
  });

  test('stand where the job of an included file says it', async () => {
    await mkdir(join(root, 'conf.d'), { recursive: true });
    await writeFile(
      join(root, 'conf.d', 'more.yaml'),
      "jobs:\n  x:\n    schedule: '* * * * *'\n    grace: 2m\n",
    );
    const { stdout } = await checked(`${OPS}include: [conf.d/*.yaml]\n`);
    expect(stdout).toContain(
      'conf.d/more.yaml:4:12 jobs.x.grace: warning: grace 2m is longer than the 1m between two slots',
    );
    expect(stdout).toContain('    4 |     grace: 2m\n      |            ^^\n');
  });
});
