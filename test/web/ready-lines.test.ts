import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type LinesFor, readyLines, type ReadyLines } from '../../src/web/model/ready-lines.ts';

function lines(kind: ReadyLines['kind'], changes: Partial<LinesFor> = {}): string {
  const wanted: LinesFor = {
    job: 'backup',
    schedule: '0 2 * * *',
    every: null,
    timezone: 'UTC',
    url: 'https://cron.example.com/tools',
    needsToken: false,
    ...changes,
  };
  return readyLines(wanted).find((each) => each.kind === kind)!.text;
}

describe('a crontab', () => {
  test('names the server and wraps the command', () => {
    expect(lines('crontab')).toBe(
      'CRONFLOW_URL=https://cron.example.com/tools\n0 2 * * * /opt/cronflow/scripts/monitor.sh backup -- COMMAND',
    );
  });

  test('says what the machine must have', () => {
    expect(lines('crontab', { timezone: 'Europe/Berlin', needsToken: true }).split('\n').slice(0, 3)).toEqual(
      [
        '# The clock of this machine must be in Europe/Berlin.',
        'CRONFLOW_URL=https://cron.example.com/tools',
        'CRONFLOW_PING_TOKEN_FILE=/etc/cronflow/ping-token',
      ],
    );
  });

  test.each([
    [{ schedule: '@daily' }, '0 0 * * *'],
    [{ schedule: null, every: '15m' }, '*/15 * * * *'],
    [{ schedule: null, every: '1h' }, '0 * * * *'],
    [{ schedule: null, every: '60m' }, '0 * * * *'],
  ])('writes %j as five fields', (changes, fields) => {
    expect(lines('crontab', changes)).toContain(`\n${fields} /opt`);
  });

  test.each([
    { schedule: '*/10 * * * * *' },
    { schedule: '0 2 L * *' },
    { schedule: '0 2 * * 1#2' },
    { schedule: null, every: '7m' },
    { schedule: null, every: '90m' },
    { schedule: null, every: null },
  ])('does not pretend to know five fields for %j', (changes) => {
    expect(lines('crontab', changes)).toContain('# A crontab cannot say when this job runs');
    expect(lines('crontab', changes)).toContain('\n? ? ? ? ? /opt');
  });
});

describe('a systemd timer', () => {
  test.each([
    ['0 2 * * *', ['*-*-* 02:00:00']],
    ['*/15 * * * *', ['*-*-* *:00/15:00']],
    ['5,35 8-18/2 * * *', ['*-*-* 8..18/2:05,35:00']],
    ['30 6 * * 1-5', ['Mon..Fri *-*-* 06:30:00']],
    ['30 6 * * mon,thu', ['Mon,Thu *-*-* 06:30:00']],
    ['0 0 1 jan,jul *', ['*-01,07-01 00:00:00']],
    // Either of the two days will do.
    ['0 4 13 * 5', ['*-*-13 04:00:00', 'Fri *-*-* 04:00:00']],
    ['@weekly', ['Sun *-*-* 00:00:00']],
  ])('says %s in its own way', (schedule, calendars) => {
    const found = lines('systemd', { schedule, timezone: 'Europe/Berlin' }).matchAll(/^OnCalendar=(.*)$/gm);
    expect([...found].map((match) => match[1])).toEqual(calendars.map((each) => `${each} Europe/Berlin`));
  });

  test('goes by the last start for a job with a period', () => {
    expect(lines('systemd', { schedule: null, every: '7m' })).toContain('OnActiveSec=0\nOnUnitActiveSec=7m');
  });

  test('does not pretend to know what it cannot say', () => {
    expect(lines('systemd', { schedule: '0 2 L * *' })).toContain('fill in OnCalendar=');
    expect(lines('systemd', { schedule: '0 2 * * */2' })).toContain('fill in OnCalendar=');
  });
});

describe('a Kubernetes CronJob', () => {
  test('is an object that can be applied', () => {
    const text = lines('kubernetes', { job: 'Daily_Backup', timezone: 'Europe/Berlin', needsToken: true });
    expect(parse(text)).toMatchObject({
      kind: 'CronJob',
      metadata: { name: 'daily-backup' },
      spec: {
        schedule: '0 2 * * *',
        timeZone: 'Europe/Berlin',
        jobTemplate: {
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    command: ['sh', '/opt/cronflow/scripts/monitor.sh', 'Daily_Backup', '--', 'COMMAND'],
                    env: [
                      { name: 'CRONFLOW_URL', value: 'https://cron.example.com/tools' },
                      {
                        name: 'CRONFLOW_PING_TOKEN',
                        valueFrom: { secretKeyRef: { name: 'cronflow', key: 'ping-token' } },
                      },
                    ],
                  },
                ],
              },
            },
          },
        },
      },
    });
  });

  test('says so where its five fields cannot', () => {
    expect(lines('kubernetes', { schedule: null, every: '7m' })).toContain('# five fields cannot say');
  });
});

test('curl reports the start and the end', () => {
  expect(lines('curl', { needsToken: true }).split('\n')).toEqual([
    'rid=$(hostname).$$.$(date +%s)',
    'curl -fsS -o /dev/null -m 10 --retry 3 -H "Authorization: Bearer $(cat /etc/cronflow/ping-token)" "https://cron.example.com/tools/jobs/backup/start?rid=$rid"',
    'COMMAND',
    'curl -fsS -o /dev/null -m 10 --retry 3 -H "Authorization: Bearer $(cat /etc/cronflow/ping-token)" "https://cron.example.com/tools/jobs/backup/success?rid=$rid&exit_code=$?"',
  ]);
});
