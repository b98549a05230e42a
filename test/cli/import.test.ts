import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importCommand } from '../../src/cli/import.ts';
import { BrokenPipeError, type Io } from '../../src/cli/io.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { SCRIPT } from '../scripts/harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'cronflow-import-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  yield* parts;
}

async function run(
  argv: string[],
  stdin: Io['stdin'] = chunks(),
  changes: Partial<Io> = {},
): Promise<Result> {
  const written = { stdout: '', stderr: '' };
  const io: Io = {
    stdin,
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    env: {},
    cwd: directory,
    clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
    ...changes,
  };
  return { code: await importCommand(argv, io), ...written };
}

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const CRONTAB = `SHELL=/bin/bash
# Dumps the shop for \${5}
0 2 * * * mysqldump shop | gzip > /backup/$(date +\\%F).sql.gz
CRON_TZ=Asia/Tokyo
@daily mail -s "It's late" joe%Joe,%%Good night!
@reboot /opt/agent
`;
const YAML = `defaults:
  timezone: Europe/Berlin
jobs:
  # mysqldump shop | gzip > /backup/$(date +%F).sql.gz
  mysqldump-shop:
    schedule: "0 2 * * *"
    description: Dumps the shop for $\${5}
  # mail -s "It's late" joe
  mail-joe:
    schedule: "@daily"
    timezone: Asia/Tokyo
`;
const ZONE_NOTE =
  "4: the times below are read in Asia/Tokyo because of CRON_TZ=Asia/Tokyo; cronie does, Debian's cron does not: --cron says which one runs them";
const REMARKS = (name: string): string => `${name}:${ZONE_NOTE}
${name}:6: skipped: @reboot is no schedule: nobody can say when the machine should start
${name}: 2 jobs, 1 line skipped
`;
const BERLIN = ['--timezone', 'Europe/Berlin'];

describe('cronflow import crontab', () => {
  test('prints YAML for cronflow.yaml, and on stderr what was skipped', async () => {
    const path = file('mine', CRONTAB);
    expect(await run(['crontab', path, ...BERLIN])).toEqual({ code: 0, stdout: YAML, stderr: REMARKS(path) });
  });

  test('prints what loads, with every text as it was', async () => {
    const { stdout } = await run(['crontab', ...BERLIN], chunks(CRONTAB));
    const result = parseConfig({ path: 'cronflow.yaml', text: stdout }, {});
    const jobs = result.ok
      ? result.config.jobs.map(({ name, declaration }) => [name, declaration])
      : result.faults;
    expect(jobs).toEqual([
      [
        'mysqldump-shop',
        { schedule: '0 2 * * *', timezone: 'Europe/Berlin', description: 'Dumps the shop for ${5}' },
      ],
      ['mail-joe', { schedule: '@daily', timezone: 'Asia/Tokyo' }],
    ]);
  });

  test.each([[['crontab', '-']], [['crontab']]])('reads stdin for %j', async (argv) => {
    const stdin = chunks(CRONTAB.slice(0, 50), Buffer.from(CRONTAB.slice(50)));
    expect(await run([...argv, ...BERLIN], stdin)).toEqual({
      code: 0,
      stdout: YAML,
      stderr: REMARKS('stdin'),
    });
  });

  test('reads a path relative to the current directory', async () => {
    file('sub/mine', '@daily x\n');
    expect(await run(['crontab', 'sub/mine'])).toMatchObject({
      code: 0,
      stderr: 'sub/mine: 1 job, 0 lines skipped\n',
    });
  });

  test('takes the zone of this machine unless told', async () => {
    const { stdout } = await run(['crontab'], chunks('@daily x\n'));
    expect(stdout).toContain(`timezone: ${Intl.DateTimeFormat().resolvedOptions().timeZone}\n`);
  });

  test('heeds CRON_TZ and TZ as the named cron does', async () => {
    const { stdout } = await run(['crontab', '--cron', 'debian'], chunks('CRON_TZ=Asia/Tokyo\n@daily x\n'));
    expect(stdout).not.toContain('Tokyo');
  });

  test('prints jobs: {} for a crontab without jobs', async () => {
    const { code, stdout } = await run(['crontab', '--timezone', 'UTC'], chunks(''));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'defaults:\n  timezone: UTC\njobs: {}\n' });
  });

  test('prints a file to be included', async () => {
    const { stdout } = await run(['crontab', '--include', ...BERLIN], chunks(CRONTAB));
    expect(stdout).toBe(
      YAML.replace(/^defaults:\n.*\n/, '').replace(/(schedule: "0 2.*\n)/, '$1    timezone: Europe/Berlin\n'),
    );
    const result = parseConfig({ path: 'cronflow.yaml', text: stdout }, {});
    expect(result).toMatchObject({ ok: true });
  });

  test('begins each name that it makes as told', async () => {
    const crontab = '@daily x\n@hourly x\n@daily fail\n@daily monitor.sh y -- z\n';
    const { stdout } = await run(['crontab', '--json', '--prefix', 'web1-'], chunks(crontab));
    const names = (JSON.parse(stdout) as { jobs: { name: string }[] }).jobs.map(({ name }) => name);
    const hashed = expect.stringMatching(/^web1-x-[0-9a-f]{6}$/) as unknown;
    expect(names).toEqual([hashed, hashed, 'web1-job-fail', 'y']);
  });

  test('prints JSON, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await run(['crontab', '--json', ...BERLIN], chunks(CRONTAB));
    expect({ code, stderr, report: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      stderr: '',
      report: {
        timezone: 'Europe/Berlin',
        jobs: [
          {
            name: 'mysqldump-shop',
            line: 3,
            schedule: '0 2 * * *',
            timezone: 'Europe/Berlin',
            description: 'Dumps the shop for ${5}',
            command: 'mysqldump shop | gzip > /backup/$(date +\\%F).sql.gz',
            wrapped: false,
          },
          {
            name: 'mail-joe',
            line: 5,
            schedule: '@daily',
            timezone: 'Asia/Tokyo',
            command: 'mail -s "It\'s late" joe%Joe,%%Good night!',
            wrapped: false,
          },
        ],
        skipped: [
          {
            line: 6,
            code: 'reboot',
            message: '@reboot is no schedule: nobody can say when the machine should start',
          },
        ],
        notes: [{ line: 4, message: ZONE_NOTE.slice(3) }],
      },
    });
  });

  test('exits with 3 where a line is not understood, and prints the others', async () => {
    const { code, stdout, stderr } = await run(['crontab', ...BERLIN], chunks('0 25 * * * x\n@daily y\n'));
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: 'stdin:1: skipped: hour "25" is out of range: 0-23\nstdin: 1 job, 1 line skipped\n',
    });
    expect(stdout).toContain('  y:\n');
  });
});

describe('the user before a command', () => {
  test.each([
    ['etc/crontab', [], 'root'],
    ['etc/cron.d/backup', [], 'root'],
    ['etc/cron.d/backup', ['--user'], undefined],
    ['crontab', [], undefined],
    ['cron.d', [], undefined],
    ['crontab', ['--system'], 'root'],
  ])('is expected in %s with the options %j: %s', async (path, argv, user) => {
    const at = join(mkdtempSync(join(directory, 'root-')), path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, '@daily root x\n');
    const { stdout } = await run(['crontab', at, '--json', ...argv]);
    const { jobs } = JSON.parse(stdout) as { jobs: { user?: string }[] };
    expect(jobs.map((job) => job.user)).toEqual([user]);
  });
});

describe('cronflow import crontab --wrap', () => {
  const WRAPPED = CRONTAB.replace(
    'mysqldump shop',
    "/opt/monitor.sh mysqldump-shop -- /bin/bash -c 'mysqldump shop",
  )
    .replace('.sql.gz', ".sql.gz'")
    .replace(
      'mail -s "It\'s late" joe',
      `/opt/monitor.sh mail-joe -- /bin/bash -c 'mail -s "It'\\''s late" joe'`,
    );
  const argv = ['crontab', '-', '--wrap', '--monitor', '/opt/monitor.sh'];

  test('prints the crontab with its jobs wrapped', async () => {
    expect(await run(argv, chunks(CRONTAB))).toEqual({ code: 0, stdout: WRAPPED, stderr: REMARKS('stdin') });
  });

  test('prints a wrapped crontab as it is', async () => {
    expect(await run(argv, chunks(WRAPPED))).toMatchObject({ code: 0, stdout: WRAPPED });
  });

  test('shows what changes as a diff', async () => {
    const [shell, comment, dump, zone, mail, reboot] = CRONTAB.split('\n');
    const after = WRAPPED.split('\n');
    const { stdout } = await run([...argv, '--diff'], chunks(CRONTAB));
    expect(stdout.split('\n')).toEqual(
      ['--- stdin', '+++ stdin', '@@ -1,6 +1,6 @@', ` ${shell}`, ` ${comment}`].concat([
        `-${dump}`,
        `+${after[2]}`,
        ` ${zone}`,
        `-${mail}`,
        `+${after[4]}`,
        ` ${reboot}`,
        '',
      ]),
    );
    expect(await run([...argv, '--diff'], chunks(WRAPPED))).toMatchObject({ code: 0, stdout: '' });
  });

  test('prints JSON', async () => {
    const { stdout } = await run([...argv, '--json', '--diff'], chunks(CRONTAB));
    const { crontab, diff } = JSON.parse(stdout) as Record<string, string>;
    expect(crontab).toBe(WRAPPED);
    expect(diff).toMatch(/^--- stdin\n/);
  });

  test('calls the wrapper of this installation unless told', async () => {
    const { stdout } = await run(['crontab', '--wrap'], chunks('@daily x\n'));
    // A folder whose name a shell would take apart is quoted.
    const wrapper = /^[\w./-]+$/.test(SCRIPT) ? SCRIPT : `'${SCRIPT}'`;
    expect(stdout).toBe(`@daily ${wrapper} x -- /bin/sh -c 'x'\n`);
  });

  test('knows the wrapper by the name it was given', async () => {
    const crontab = '@daily /opt/cfw x -- y\n';
    const { stdout } = await run(['crontab', '--wrap', '--monitor', 'cfw'], chunks(crontab));
    expect(stdout).toBe(crontab);
  });

  test('exits with 3 where a line could not be wrapped', async () => {
    const crontab = 'SHELL=/usr/bin/fish\n@daily x\n';
    expect(await run([...argv], chunks(crontab))).toEqual({
      code: 3,
      stdout: crontab,
      stderr:
        'stdin:2: not wrapped: nothing is known of how SHELL=/usr/bin/fish quotes\nstdin: 1 job, 0 lines skipped\n',
    });
  });
});

describe('a file that cannot be read', () => {
  test.each([
    ['nowhere', 'does not exist; a crontab of your own is printed by: crontab -l | cronflow import crontab'],
    ['.', 'is a directory; import its files one by one'],
    ['latin1', 'is not encoded in UTF-8; convert it, such as with iconv -f latin1 -t utf8'],
    ['large', 'has more than 4194304 bytes: is it a crontab?'],
  ])('is told with what to do: %s', async (name, message) => {
    file('latin1', Buffer.from([0x23, 0xe4, 0x0a]));
    file('large', Buffer.alloc(4 * 1024 * 1024 + 1, '#'));
    expect(await run(['crontab', name])).toEqual({
      code: 1,
      stdout: '',
      stderr: `cronflow import crontab: ${name} ${message}\n`,
    });
  });
});

describe('a wrong usage of cronflow import crontab', () => {
  test.each([
    [[], 'only a crontab can be imported: cronflow import crontab [FILE|-]'],
    [['x'], 'only a crontab can be imported: cronflow import crontab [FILE|-]'],
    [['crontab', 'a', 'b'], 'one FILE at most; "b" is too many'],
    [['crontab', '--system', '--user'], '--system and --user exclude each other'],
    [
      ['crontab', '--prefix=-x'],
      '--prefix "-x" is not 1 to 64 letters, digits, dots, underscores and dashes',
    ],
    [['crontab', '--include', '--wrap'], '--include prints YAML and --wrap a crontab; give one of them'],
    [['crontab', '--diff'], '--diff shows what --wrap changes; give both'],
    [['crontab', '--cron', 'bsd'], '--cron "bsd" is not one of any, debian, cronie'],
    [
      ['crontab', '--monitor', 'bin/monitor.sh'],
      '--monitor "bin/monitor.sh" is neither an absolute path nor a name to be found in PATH',
    ],
    [['crontab', '--timezone', 'Europe/Berln'], '--timezone "Europe/Berln" is unknown'],
    [['crontab', '--frob'], 'unknown option --frob'],
  ])('is told with exit code 2: %j', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`cronflow import crontab: ${message}`);
    expect(stderr).toContain('\nTry: cronflow import crontab --help\n');
  });
});

test('cronflow import prints its help', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: cronflow import crontab \[FILE\|-\]/);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});

test('cronflow import ends quietly when nobody reads any more', async () => {
  const result = await run(['crontab'], chunks('@daily x\n'), { stdout: brokenPipe });
  expect(result).toMatchObject({ code: 0 });
});

function brokenPipe(): never {
  throw new BrokenPipeError('Nobody reads the output');
}

describe('a file that is no crontab', () => {
  const anacrontab =
    '1\t7\tnightly.tidy\t/usr/local/bin/tidy --all\n@weekly 20\tweekly.report\t/usr/local/bin/report\n';

  test.each([
    ['etc/anacrontab', 'SHELL=/bin/sh\n1 5 cron.daily run-parts /etc/cron.daily\n', 'is an anacrontab'],
    ['by-shape', anacrontab, 'is an anacrontab'],
    ['macros-alone', '@weekly 15 jobid echo test\n', 'is an anacrontab'],
    ['script.sh', '#!/bin/sh\nset -e\nmkdir -p /x\ncp a b\n', 'is a script'],
    ['Jenkinsfile', "pipeline {\n  triggers { cron('H 4 * * *') }\n  agent any\n}\n", 'is a Jenkinsfile'],
    [
      'cron.yaml',
      'apiVersion: batch/v1\nkind: CronJob\nspec:\n  schedule: "0 2 * * *"\n',
      'is YAML of Kubernetes',
    ],
    ['fcron', '@ 30 /usr/bin/fetch\n&nice(5) 0 2 * * * /x\n', 'is a table of fcron'],
    ['x.timer', '[Unit]\nDescription=x\n[Timer]\nOnCalendar=daily\n', 'is a unit of systemd'],
  ])('is refused in one sentence: %s', async (name, content, expected) => {
    const path = file(name, content);
    for (const options of [[], ['--wrap'], ['--json']]) {
      const { code, stdout, stderr } = await run(['crontab', path, ...options]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(expected);
    }
  });

  test.each(['#!/bin/bash\n0 1 * * * x\n', '@daily x\n', '', '# nothing\n', '@daily x\nwhat is this\n'])(
    'is not suspected in %j',
    async (content) => {
      const { stderr } = await run(['crontab', file('crontab', content)]);
      expect(stderr).not.toMatch(/ is an? (?:anacrontab|script|table|unit)/);
    },
  );
});
