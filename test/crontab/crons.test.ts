import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { type Cron, CRONS } from '../../src/crontab/crons.ts';
import { toYaml } from '../../src/crontab/document.ts';
import { type CrontabImport, importCrontab } from '../../src/crontab/import.ts';
import { type WrappedCrontab, wrapCrontab } from '../../src/crontab/wrap.ts';

const MONITOR = '/m.sh';
const vector = (name: string): string =>
  readFileSync(new URL(`../testdata/crontabs/${name}`, import.meta.url), 'utf8');

function imported(crontab: string, cron: Cron = 'any', system = false): CrontabImport {
  const wrappers = new Set(['monitor.sh', 'm.sh']);
  return importCrontab(crontab.endsWith('\n') ? crontab : `${crontab}\n`, {
    system,
    timezone: 'UTC',
    cron,
    wrappers,
  });
}

function wrap(crontab: string, cron: Cron = 'any', system = false): WrappedCrontab {
  const result = wrapCrontab(imported(crontab, cron, system), MONITOR);
  return { ...result, crontab: result.crontab.replace(/\n$/, '') };
}

/** What is said of lines, whether they became jobs or not. */
function said(crontab: string, cron: Cron = 'any', system = false): string {
  const { skipped, notes } = imported(crontab, cron, system);
  return [...skipped, ...notes].map(({ line, message }) => `${line}: ${message}`).join('\n');
}

function yaml(crontab: string, cron: Cron = 'any'): string {
  const text = toYaml(imported(crontab, cron).jobs, 'UTC');
  expect(parseConfig({ path: 'c.yaml', text }, {})).toMatchObject({ ok: true });
  return text;
}

describe('a %', () => {
  const [, line = ''] = vector('bare-percent.crontab').split('\n');

  test.each(['busybox', 'supercronic'] as const)('is a character like any other to %s', (cron) => {
    const { jobs } = imported(line, cron);
    expect(jobs).toMatchObject([{ runs: 'echo "$(date +%H) done" >> /tmp/x' }]);
    expect(wrap(line, cron).crontab).toBe(
      `0 2 * * * /m.sh ${jobs[0]?.name} -- /bin/sh -c 'echo "$(date +%H) done" >> /tmp/x'`,
    );
    expect(wrap('@daily a%b\\%c', cron).crontab).toBe("@daily /m.sh a-b-c -- /bin/sh -c 'a%b\\%c'");
  });

  test('that cuts a command in two is told of where it does', () => {
    expect(said(vector('bare-percent.crontab'), 'debian')).toMatch(/^1: the % cuts .*\n2: the % cuts/);
    for (const fine of ['@daily mail -s x root%Hello', "@daily cat # it's%in", '@daily a "b" $(c)%in'])
      expect(said(fine, 'debian')).toBe('');
  });

  test('that cuts a command in two is left alone where it is not known which cron runs it', () => {
    const { crontab, notes } = wrap(line);
    expect(crontab).toBe(line);
    expect(notes).toEqual([{ line: 1, message: 'not wrapped: it is not certain what the command is' }]);
    expect(said(line)).toContain('say with --cron which one runs it');
  });
});

describe('what stands before the command', () => {
  test.each([
    ['freebsd', '-n -q', vector('freebsd-flags.crontab').trimEnd()],
    ['openbsd', '-ns', '*/5 * * * * -ns /usr/local/bin/only-errors'],
    ['any', '-n -s', '*/5 * * * * -n -s /usr/local/bin/only-errors'],
  ] as const)('stays there: options of %s', (cron, flags, line) => {
    expect(wrap(line, cron).crontab).toBe(
      `*/5 * * * * ${flags} /m.sh only-errors -- /bin/sh -c '/usr/local/bin/only-errors'`,
    );
  });

  test.each([
    ['debian', '*/5 * * * * -n -q /x', 'which Debian'],
    ['any', '@daily --all', '"--all"'],
    ['freebsd', '@daily -x /y', '"-x"'],
  ] as const)('is no command: options under %s in %j', (cron, line, message) => {
    expect(wrap(line, cron).crontab).toBe(line);
    expect(said(line, cron)).toContain(message);
  });

  test.each([
    ...vector('supercronic-seconds.crontab').trim().split('\n'),
    '0 0 * * * 5 cmd',
    '@daily 15 x y',
  ])('is no command: fields of a time in %j', (line) => {
    expect(imported(line).jobs).toEqual([]);
    expect(wrap(line).crontab).toBe(line);
    expect(said(line)).toContain('which is no command');
  });

  test('may be seconds and a year to supercronic', () => {
    const [first = '', second = ''] = vector('supercronic-seconds.crontab').split('\n');
    expect(imported(first, 'supercronic').jobs).toMatchObject([
      { schedule: '*/5 * * * * *', command: 'echo "every 5 s"' },
    ]);
    expect(wrap(first, 'supercronic').crontab).toBe(
      `*/5 * * * * * * /m.sh echo -- /bin/sh -c 'echo "every 5 s"'`,
    );
    expect(imported(second, 'supercronic').jobs).toEqual([]);
    expect(imported('0 0 2 * * * 2027 x', 'supercronic').jobs).toEqual([]);
  });

  test('may be a dash to cronie, which stays there', () => {
    expect(wrap('-@daily x', 'cronie').crontab).toBe("-@daily /m.sh x -- /bin/sh -c 'x'");
    expect(wrap('-*/5 * * * * x').crontab).toBe("-*/5 * * * * /m.sh x -- /bin/sh -c 'x'");
    expect(said('-@daily x', 'debian')).toContain('understands no dash');
    expect(wrap('-@daily x', 'debian').crontab).toBe('-@daily x');
  });
});

describe('the user', () => {
  test.each([
    vector('supercronic-etc-crontab.crontab').trim(),
    '@daily php artisan x',
    '@daily /bin/x y',
    '@daily a,b c',
  ])('is missed in the system crontab %j, which is left alone', (line) => {
    expect(imported(line, 'any', true).jobs).toEqual([]);
    expect(wrap(line, 'any', true).crontab).toBe(line);
    expect(said(line, 'any', true)).toContain('import it with --user');
  });

  test.each([
    vector('cron-d-user-by-itself.crontab').trim(),
    '@daily www-data php /srv/x.php',
    '@daily postgres /usr/bin/vacuumdb',
  ])('is suspected in %j, which is left alone', (line) => {
    expect(wrap(line)).toMatchObject({ crontab: line, notes: [{ line: 1 }] });
    expect(said(line)).toContain('import it with --system');
    expect(wrap(line, 'any', true).notes).toEqual([]);
  });

  test.each(['@daily git pull', '@daily node x.js', '@daily backup --all', '@daily root'])(
    'is none in %j',
    (line) => expect(wrap(line).notes).toEqual([]),
  );

  test('may have a group and a class on FreeBSD', () => {
    expect(imported('@daily root:wheel/daemon /x', 'freebsd', true).jobs).toMatchObject([
      { user: 'root:wheel/daemon' },
    ]);
  });
});

describe('a time', () => {
  test.each([
    ['debian', '0 0 L * * x', 'understand L'],
    ['debian', '0 0 * * 5L x', 'understand 5L'],
    ['cronie', '0 0 * * MON#1 x', 'understand MON#1'],
    ['debian', '@every_minute x', 'understand @every_minute'],
    ['busybox', '@every 5m x', 'understand @every'],
    ['any', '@every 5 x', 'is no duration'],
    ['any', '0~59 4 * * * x', 'chooses by chance'],
    ['openbsd', '~ 4 * * * x', 'chooses by chance'],
  ] as const)('that is none under %s is skipped with the reason: %j', (cron, line, reason) => {
    expect(imported(line, cron)).toMatchObject({ jobs: [], skipped: [{ code: 'unreadable' }] });
    expect(said(line, cron)).toContain(reason);
  });

  test.each([
    ['any', '0 0 L * * x', '0 0 L * *'],
    ['debian', '0 0 1 JUL MON x', '0 0 1 JUL MON'],
    ['freebsd', '@every_minute x', '* * * * *'],
  ] as const)('is taken over: %s, %j', (cron, line, schedule) => {
    expect(imported(line, cron).jobs).toMatchObject([{ schedule }]);
  });

  test('of @every is an interval', () => {
    expect(imported('@every 1h30m x').jobs).toMatchObject([{ every: '1h30m', command: 'x' }]);
    expect(yaml('@every 5m x')).toContain('    every: 5m\n');
    expect(wrap('@every 5m x').crontab).toBe("@every 5m /m.sh x -- /bin/sh -c 'x'");
  });
});

describe('a job that begins later than its time', () => {
  test.each([
    ['RANDOM_DELAY', vector('random-delay.crontab'), '35m'],
    ['RANDOM_DELAY of 45', 'RANDOM_DELAY=45\n0 2 * * * x', '50m'],
    ['$RANDOM', '0 2 * * * sleep $((RANDOM \\% 600)) && x', '15m'],
    ['$RANDOM in minutes', '0 2 * * * sleep $((RANDOM\\%60))m; x', '1h5m'],
    ['digits', '0 2 * * * sleep ${RANDOM:0:2}m ; x', '1h44m'],
    ['shuf', '0 2 * * * sleep $(shuf -i 1-300 -n 1); x', '10m'],
    ['certbot', "0 2 * * * perl -e 'sleep int(rand(43200))' && certbot -q renew", '12h5m'],
    [
      'certbot in Python',
      "0 2 * * * python -c 'import random; import time; time.sleep(random.random() * 3600)' && certbot renew",
      '1h5m',
    ],
  ])('has more grace, and a note says so: %s', (_, crontab, grace) => {
    expect(imported(crontab).jobs).toMatchObject([{ grace }]);
    expect(said(crontab)).toContain(`its grace is ${grace}`);
    expect(yaml(crontab)).toContain(`    grace: ${grace}\n`);
  });

  test.each([
    ['debian', 'RANDOM_DELAY=45\n0 2 * * * x'],
    ['cronie', '0 2 * * * sleep 60; x'],
    ['cronie', 'RANDOM_DELAY=x\n0 2 * * * x'],
  ] as const)('is not seen in what begins in time: %s, %j', (cron, crontab) => {
    expect(imported(crontab, cron).jobs[0]).not.toHaveProperty('grace');
  });
});

describe('a note', () => {
  test.each([
    ['a command that goes on alone', vector('background.crontab'), /^1: the command ends with &/],
    ['Ansible', '#Ansible: x\n@daily x', /^2: Ansible manages this line/],
    ['Puppet', '# Puppet Name: x\n@daily x', /^2: Puppet manages/],
    [
      'whenever',
      '# Begin Whenever generated tasks for: x\n\n@daily x\n# End Whenever generated tasks for: x',
      /whenever manages/,
    ],
    ['Magento', '#~ MAGENTO START 1\n@daily x\n#~ MAGENTO END 1\n@daily y', /^2: Magento manages[^\n]*$/],
    [
      'another monitor',
      '@daily x && curl -m 9 https://hc-ping.com/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278',
      /another monitor/,
    ],
    ['cronitor', '@daily cronitor exec d3x0c1 /x', /another monitor/],
  ])('tells of %s', (_, crontab, expected) => expect(said(crontab)).toMatch(expected));

  test.each([
    '@daily x && y',
    '@daily x & wait',
    '@daily x 2>&1',
    '@daily x >& y',
    "@daily x '&'",
    '@daily x \\&',
  ])('is not made of %j', (line) => expect(said(line)).toBe(''));
});

describe('the imported file', () => {
  test('has the command above each job, without secrets', () => {
    expect(yaml('0 2 * * * mysqldump -u root -phunter2 shop > /x.sql')).toContain(
      '  # mysqldump -u root -p*** shop > /x.sql\n',
    );
    expect(yaml('0 2 * * * x --password hunter2 && curl https://hc-ping.com/hunter2')).not.toContain(
      'hunter2',
    );
    expect(yaml('0 2 * * * TOKEN=hunter2 x')).not.toContain('hunter2');
    expect(yaml('0 2 * * * date +\\%F\r')).toContain('# date +%F\n');
  });

  test('says that a job with a lock of its own skips', () => {
    for (const command of [
      'flock -n /l x',
      '/usr/bin/flock -xn /l -c x',
      'flock --nonblock /l x',
      "sh -c 'flock -n /l x'",
    ])
      expect(imported(`@daily ${command}`).jobs).toMatchObject([{ overlap: 'skip' }]);
    expect(imported('@daily flock -w 9 /l x').jobs[0]).not.toHaveProperty('overlap');
    expect(imported('@daily flock /l x -n').jobs[0]).not.toHaveProperty('overlap');
  });

  test('takes no marker, shebang or heading for a description', () => {
    const { jobs } = imported(vector('managed.crontab'));
    expect(jobs.map(({ description }) => description)).toEqual([
      undefined,
      'nightly database backup',
      undefined,
      undefined,
    ]);
    expect(imported('# Minute Hour Day Month Weekday Command\n@daily x').jobs[0]).not.toHaveProperty(
      'description',
    );
  });

  test.each([
    ['/opt/tidy --log-file "$LOG"', 'tidy'],
    ['/opt/tidy --log-file aB3dE5fG7hI9jK1l', 'tidy'],
    ['/opt/tidy --all', 'tidy-all'],
    ['php /srv/shop/cron.php', 'shop-cron'],
    ['/srv/shop/cron', 'shop-cron'],
    ["perl -e 'sleep int(rand(9))' && certbot renew", 'certbot-renew'],
    ['cronitor exec d3x0c1 /opt/backup.sh', 'backup'],
    ['sentry-cli monitors run nightly -- /opt/backup.sh', 'backup'],
    ['/opt/x.sh 5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278', 'x'],
  ])('names %j', (command, name) => expect(imported(`@daily ${command}`).jobs).toMatchObject([{ name }]));

  test.each(["perl -e 'print 1'", '/usr/bin/cron'])(
    'does not call %j by the name of its program alone',
    (command) => {
      expect(imported(`@daily ${command}`).jobs[0]?.name).toMatch(/^(?:perl|cron)-[0-9a-f]{6}$/);
    },
  );
});

test.each(CRONS)('a crontab wrapped under %s imports to the same', (cron) => {
  const crontab = 'RANDOM_DELAY=9\n# Tidies\n0 2 * * * flock -n /l tidy\n@daily x > /y 2>&1\n';
  const once = imported(crontab, cron);
  const wrapped = wrapCrontab(once, MONITOR).crontab;
  expect(wrapCrontab(imported(wrapped, cron), MONITOR).crontab).toBe(wrapped);
  expect(toYaml(imported(wrapped, cron).jobs, 'UTC')).toBe(toYaml(once.jobs, 'UTC'));
});
