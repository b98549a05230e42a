import { describe, expect, test } from 'vitest';
import { type CrontabImport, importCrontab, type ImportOptions } from '../../src/crontab/import.ts';

const OPTIONS: ImportOptions = {
  system: false,
  timezone: 'UTC',
  cron: 'any',
  wrappers: new Set(['monitor.sh']),
};

function imported(crontab: string, options: Partial<ImportOptions> = {}): CrontabImport {
  return importCrontab(`${crontab}\n`, { ...OPTIONS, ...options });
}

const descriptions = (crontab: string): (string | undefined)[] =>
  imported(crontab).jobs.map(({ description }) => description);

describe('an imported line', () => {
  test('becomes a job', () => {
    const { jobs, skipped, notes } = imported('# Nightly dump\n0  2 * * *   /opt/dump.sh "a b" \\%%in ');
    expect(jobs).toEqual([
      {
        name: 'dump',
        line: 2,
        schedule: '0 2 * * *',
        description: 'Nightly dump',
        command: '/opt/dump.sh "a b" \\%%in ',
        runs: '/opt/dump.sh "a b" %',
        wrapped: false,
      },
    ]);
    expect({ skipped, notes }).toEqual({ skipped: [], notes: [] });
  });

  test('has a user in a system crontab', () => {
    const { jobs } = imported('@daily backup /opt/dump', { system: true });
    expect(jobs).toMatchObject([{ name: 'dump', user: 'backup', command: '/opt/dump' }]);
  });

  test('has the schedule that FreeBSD calls @every_minute', () => {
    expect(imported('@every_minute /x').jobs).toMatchObject([{ schedule: '* * * * *' }]);
  });
});

describe('the zone of a line', () => {
  const crontab = [
    '0 1 * * * a',
    'CRON_TZ=Europe/Berlin',
    '0 1 * * * b',
    'TZ=Asia/Tokyo',
    '0 1 * * * c',
    'CRON_TZ=',
    '0 1 * * * d',
    'TZ=":America/New_York"',
    '0 1 * * * e',
    'TZ=UTC',
    '0 1 * * * f',
  ].join('\n');
  const zones = (options: Partial<ImportOptions>): unknown[] =>
    imported(crontab, options).jobs.map(({ timezone }) => timezone);

  test('is that of CRON_TZ, or else TZ, from where it stands', () => {
    const zone = 'America/New_York';
    expect(zones({})).toEqual([undefined, 'Europe/Berlin', 'Europe/Berlin', 'Asia/Tokyo', zone, undefined]);
  });

  test('is that of CRON_TZ alone under cronie, and none under the cron of Debian', () => {
    expect(zones({ cron: 'cronie' })).toEqual([
      undefined,
      'Europe/Berlin',
      'Europe/Berlin',
      ...Array(3).fill(undefined),
    ]);
    expect(zones({ cron: 'debian' })).toEqual(Array(6).fill(undefined));
  });

  test('is noted, since not every cron heeds it', () => {
    expect(imported('CRON_TZ=Asia/Tokyo\n0 1 * * * a').notes).toEqual([
      {
        line: 1,
        message:
          "the times below are read in Asia/Tokyo because of CRON_TZ=Asia/Tokyo; cronie does, Debian's cron does not: --cron says which one runs them",
      },
    ]);
    expect(imported('TZ=Asia/Tokyo', { cron: 'cronie' }).notes).toEqual([
      { line: 1, message: 'TZ=Asia/Tokyo does not change when this cron runs the lines below' },
    ]);
  });

  test('is the one of the machine where the named one is unknown', () => {
    const { jobs, notes } = imported('TZ=CET-1CEST\n0 1 * * * a', { timezone: 'Europe/Berlin' });
    expect(jobs).toEqual([expect.not.objectContaining({ timezone: expect.anything() as unknown })]);
    expect(notes).toEqual([
      {
        line: 1,
        message: 'TZ=CET-1CEST is no zone of the IANA database, such as Europe/Berlin; Europe/Berlin is used',
      },
    ]);
  });
});

describe('the description of a job', () => {
  test.each([
    ['# Dumps the shop\n#   and its   queue\n0 1 * * * a', 'Dumps the shop and its queue'],
    ['## Backups ##\n#------\n0 1 * * * a', 'Backups'],
    ['# Far away\n\n0 1 * * * a', undefined],
    ['# About the setting\nFOO=1\n0 1 * * * a', undefined],
    ['# New\n#0 2 * * * /old\n#FOO=bar\n0 1 * * * a', 'New'],
    ['# Edit this file ...\n#\n# m h  dom mon dow   command\n0 1 * * * a', undefined],
    [
      '# .---- minute\n# |  .-- hour\n# *  *  *  *  * user-name command to be executed\n# Mine\n0 1 * * * a',
      'Mine',
    ],
    ['# At 5 to 12 every day = noon\n0 1 * * * a', 'At 5 to 12 every day = noon'],
    ['#\n0 1 * * * a', undefined],
    ['# cronflow: what is this\n# Mine\n0 1 * * * a', 'Mine'],
    ['# \u001b[31mred\u001b[0m\tone\r\n0 1 * * * a', '[31mred [0m one'],
  ])('is taken from %j', (crontab, description) => expect(descriptions(crontab)).toEqual([description]));

  test('is of the line right below alone', () => {
    expect(descriptions('# One\n0 1 * * * a\n0 2 * * * b')).toEqual(['One', undefined]);
  });

  test('is cut to what the schema allows', () => {
    const [description = ''] = descriptions(`# ${'word '.repeat(300)}\n0 1 * * * a`);
    expect(description).toMatch(/^word .*word…$/);
    const [whole = ''] = descriptions(`# ${'x'.repeat(1001)}\n0 1 * * * a`);
    expect(whole).toBe(`${'x'.repeat(999)}…`);
  });
});

describe('an import', () => {
  test.each([
    ['# cronflow: ignore\n0 1 * * * a', 'ignored', '"cronflow: ignore" says so'],
    ['# Old thing\n#cronflow:ignore\n# really\n0 1 * * * a', 'ignored', '"cronflow: ignore" says so'],
    ['0 1 * * * a # cronflow: ignore', 'ignored', '"cronflow: ignore" says so'],
    [
      '17 * * * * cd / && run-parts --report /etc/cron.hourly',
      'run_parts',
      'run-parts runs the scripts of a directory; wrap those that matter one by one',
    ],
    [
      '17 * * * * test -x /usr/sbin/anacron || { cd / && run-parts /etc/cron.daily; }',
      'run_parts',
      'run-parts runs the scripts of a directory; wrap those that matter one by one',
    ],
    ['@reboot a', 'reboot', '@reboot is no schedule: nobody can say when the machine should start'],
    ['0 25 * * * a', 'unreadable', 'hour "25" is out of range: 0-23'],
    [
      '@never a',
      'unreadable',
      'expression "@never" is not understood: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or 5 (minute hour day-of-month month day-of-week), 6 (with seconds first) fields',
    ],
    [
      '0 1 * *',
      'unreadable',
      'neither NAME=value nor a time and a command; a time is 5 fields or a macro such as @daily',
    ],
    [
      '0 1 * * * monitor.sh "$JOB" -- a',
      'unreadable',
      'calls the wrapper: its JOB is known only when it runs',
    ],
    ['0 1 * * * monitor.sh --help', 'unreadable', 'calls the wrapper: it has no JOB'],
    [
      '0 1 * * * monitor.sh start -- a',
      'unreadable',
      'calls the wrapper for "start", which is no name of a job',
    ],
  ])('skips the line %j and says why', (crontab, code, message) => {
    const { jobs, skipped } = imported(crontab);
    expect({ jobs, skipped }).toEqual({
      jobs: [],
      skipped: [{ line: crontab.split('\n').length, code, message }],
    });
  });

  test('skips a line with a time that is too long for the configuration', () => {
    const { skipped } = imported(`${Array(100).fill('10').join(',')} * * * * a`);
    expect(skipped).toMatchObject([{ message: 'the time has 307 characters; at most 256 are allowed' }]);
  });

  test.each([
    '0 1 * * * echo run-parts',
    '0 1 * * * echo "# cronflow: ignore"',
    '# cronflow: ignored\n0 1 * * * a',
  ])('skips no line of %j', (crontab) => expect(imported(crontab).jobs).toHaveLength(1));

  test('skips the second line that reports to one job', () => {
    const { jobs, skipped } = imported('0 1 * * * monitor.sh a -- x\n0 2 * * * monitor.sh a -- y');
    expect(jobs).toMatchObject([{ name: 'a', line: 1 }]);
    const message = 'reports to "a" as line 1 does; a job has one schedule, so give it another name';
    expect(skipped).toEqual([{ line: 2, code: 'duplicate', message }]);
  });
});

describe('a line that calls the wrapper', () => {
  test.each([
    'monitor.sh nightly -- /bin/x --all',
    '/opt/cronflow/scripts/monitor.sh nightly /bin/x',
    "monitor.sh --lock --timeout 5m nightly -- /bin/sh -c 'x'",
    'monitor.sh --kill-after 5s --timeout=5m -- nightly x',
    'CRONFLOW_TIMEOUT=5m nice -n 5 /opt/monitor.sh "nightly" x',
    'flock -n /tmp/lock /opt/monitor.sh nightly -- x',
    'su - app -c "/opt/monitor.sh nightly -- x"',
    'mystarter --now /opt/monitor.sh nightly -- x',
    'cd /srv && /opt/monitor.sh nightly -- run-parts /etc/x',
    'monitor.sh nightly -- x; run-parts /etc/x',
  ])('has the name that it gives: %s', (command) => {
    expect(imported(`0 1 * * * ${command}`).jobs).toMatchObject([{ name: 'nightly', wrapped: true }]);
  });

  test.each([
    ['cp /opt/monitor.sh nightly', 'cp-monitor-nightly'],
    ['ls /opt/monitor.sh nightly --', 'ls-monitor-nightly'],
  ])('is not seen where the wrapper is an argument: %s', (command, name) => {
    expect(imported(`0 1 * * * ${command}`).jobs).toMatchObject([{ name, wrapped: false }]);
  });

  test('may call the wrapper by another name', () => {
    const { jobs } = imported('0 1 * * * /opt/cfw nightly -- x', { wrappers: new Set(['cfw']) });
    expect(jobs).toMatchObject([{ name: 'nightly', wrapped: true }]);
  });
});

describe('the reader of an odd crontab', () => {
  test.each([
    [
      '0 1 * * * a\r',
      1,
      'the line ends with a carriage return (CRLF), which cron takes for a part of the command',
    ],
    [
      'FOO=1\n0 1 * * * root a',
      2,
      'the command begins with "root": if this is a system crontab, import it with --system',
    ],
  ])('is told of %j', (crontab, line, message) =>
    expect(imported(crontab).notes).toEqual([{ line, message }]),
  );

  test('is not told of a command of a system crontab that is called root', () => {
    expect(imported('@daily root root x', { system: true }).notes).toEqual([]);
  });

  test('is told where its last line has no end', () => {
    const { jobs, notes } = importCrontab('0 1 * * * a\n0 2 * * * b', OPTIONS);
    expect(jobs).toHaveLength(2);
    const message = 'the last line does not end with a line feed: cron does not run such a crontab';
    expect(notes).toEqual([{ line: 2, message }]);
  });
});
