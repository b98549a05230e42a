import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { init } from '../../src/cli/init.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { type Result, runIn } from './support/io.ts';

let root = '';
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'cronflow-init-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  return runIn(root, DEFAULT_START_AT, (io) => init(argv, io), { env });
}
const written = (name = 'cronflow.yaml'): Promise<string> => readFile(join(root, name), 'utf8');

describe('cronflow init', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Santiago', 'Asia/Beirut', 'Antarctica/Troll', 'Etc/GMT+5'])(
    'writes a configuration that passes check in %s, and says how to be told',
    async (timezone) => {
      const { code, stdout, stderr } = await run(['--timezone', timezone]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(
        `${join(root, 'cronflow.yaml')} is written. Put your jobs into it; then: cronflow check, cronflow serve\n`,
      );
      const checking = (env: Record<string, string>): Promise<Result> =>
        runIn(root, DEFAULT_START_AT, (io) => check(['--strict'], io), { env });
      const address = 'https://hooks.slack.com/services/T0/B0/x';
      expect(await checking({ SLACK_WEBHOOK_URL: address })).toEqual({
        code: 0,
        stdout: 'cronflow.yaml is valid: 1 job, 1 notifier\n  a run times out after 2h: nightly-backup\n',
        stderr: '',
      });
      expect((await checking({})).stdout).toContain('the address is empty: every notification is logged');
    },
  );

  test('takes the zone of this machine unless told, and says what it did to programs', async () => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const { stdout } = await run(['conf.yaml', '--json']);
    expect(JSON.parse(stdout)).toEqual({ file: join(root, 'conf.yaml'), timezone: timeZone });
    expect(await written('conf.yaml')).toContain(`  timezone: ${timeZone}\n`);
  });

  test('names a schema that is there', async () => {
    await run([]);
    const [, path = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(await written()) ?? [];
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ title: expect.any(String) as string });
  });

  test('goes where CRONFLOW_CONFIG says', async () => {
    await run([], { CRONFLOW_CONFIG: 'jobs.yaml' });
    expect(await written('jobs.yaml')).toMatch(/^jobs:$/m);
  });

  test('never writes over anything', async () => {
    await writeFile(join(root, 'cronflow.yaml'), 'mine');
    expect(await run([])).toEqual({
      code: 1,
      stdout: '',
      stderr: `cronflow init: ${join(root, 'cronflow.yaml')} is there already and stays as it is. Name another FILE, or move it away.\n`,
    });
    expect(await written()).toBe('mine');
    await symlink('nowhere', join(root, 'link.yaml'));
    expect((await run(['link.yaml'])).code).toBe(1);
    await mkdir(join(root, 'directory'));
    expect((await run(['directory'])).code).toBe(1);
    expect(await run(['none/cronflow.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'none/cronflow.yaml cannot be written, because its directory is not there. Make the directory',
      ) as string,
    });
  });

  test.each([
    [['a', 'b'], 'one FILE at most; "b" is too many'],
    [['--timezone', 'Mars/Base'], 'Mars/Base'],
    [['--force'], '--force'],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Try: cronflow init --help\n');
  });

  test('prints its help', async () => {
    expect((await run(['--help'])).stdout).toMatch(/^Usage: cronflow init/);
  });
});
