import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validators } from '../../src/config/schema.ts';
import { namesFor, type Unnamed } from '../../src/crontab/names.ts';

const line = (command: string, circumstances = '0 2 * * *'): Unnamed => ({ command, circumstances });

function nameOf(command: string): string | undefined {
  return namesFor([line(command)], [])[0];
}

describe('the name made from a command', () => {
  test.each([
    ['/usr/local/bin/backup.sh', 'backup'],
    ['/usr/local/bin/backup.sh --all >/dev/null 2>&1', 'backup-all'],
    ['cd /var/www/shop && php artisan schedule:run >> /dev/null 2>&1', 'shop-artisan-schedule-run'],
    ['cd / && /usr/bin/backup', 'backup'],
    [
      '/usr/bin/flock -n /tmp/x.lock /usr/bin/python3 /opt/etl/load_orders.py --env=prod',
      'load_orders-env-prod',
    ],
    ["flock -w 5 /tmp/x.lock -c 'cd /srv/y && make report'", 'y-make-report'],
    ['mysqldump shop | gzip > /backup/shop-$(date +%F).sql.gz', 'mysqldump-shop'],
    ["/bin/sh -c 'sleep $((RANDOM % 60)); /opt/bin/sync-users'", 'sync-users'],
    ['[ -x /usr/bin/certbot ] && certbot -q renew', 'certbot'],
    ['if [ -f /x ]; then /opt/clean; fi', 'clean'],
    ['su - postgres -c "pg_dumpall > /x"', 'pg_dumpall'],
    ['sudo -u www-data php -f /var/www/cloud/nightly.php', 'nightly'],
    ['nice -n 19 ionice -c3 rsync -a --delete /srv/data/ host:/backup', 'rsync-delete-data-backup'],
    ['A=1 B="a b" python3 -m reports.daily', 'reports.daily'],
    ['java -Xmx1g -jar /opt/app/report.jar nightly', 'report-nightly'],
    ['timeout -k 5 5m docker exec app bin/console import', 'docker-exec-app-console-import'],
    ['echo start; /opt/x.pl; echo end', 'x'],
    ['echo hello', 'echo-hello'],
    ['report $( (date; f (x) ) ) daily', 'report-daily'],
    ["cd /srv/shop && sh -c './run'", 'shop-run'],
    ["cd /srv/shop && sh -c 'cd /srv/blog && ./run'", 'blog-run'],
    ['timeout 5m', 'timeout-5m'],
    ["python3 -c 'print(1)' daily", 'python3-daily'],
    ['/srv/Übung.sh', 'ubung'],
    ['start', 'job-start'],
    ['/opt/42', 'job-42'],
    ['"$BIN"', 'job'],
    ['', 'job'],
    ["echo 'unfinished", 'echo-unfinished'],
  ])('tells what it runs: %s', (command, name) => expect(nameOf(command)).toBe(name));

  test.each([
    'mysqldump -u root -phunter2 shop',
    'mysqldump --password=hunter2 shop',
    'mysqldump --password hunter2 shop',
    'redis-cli -a hunter2 save',
    'sshpass -p hunter2 ssh web1',
    'curl -fsS -u bob:hunter2 https://example.com/x',
    'curl https://bob:hunter2@example.com/x',
    'curl https://example.com/cron?token=hunter2',
    'curl https://hooks.example.com/hunter2',
    'curl --header Authorization:hunter2 example.com',
    'PASSWORD=hunter2 backup',
    'backup password=hunter2',
    'backup bob:hunter2@example.com',
    'backup "$(cat hunter2)"',
  ])('holds nothing that looks like a secret: %s', (command) => {
    expect(nameOf(command)).not.toContain('hunter2');
  });

  test('is always valid for a job', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom("'", '"', '$(', '`', '\\', ' ', '((', '/', '.', 'fail', 'sh -c'),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(validators().jobName(nameOf(words.join('')))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('comes in time from a command made to be slow', () => {
    expect(nameOf('$('.repeat(60_000))).toBe('job');
    expect(nameOf('sh -c '.repeat(10_000))).toBe('sh');
  });
});

describe('the names of several lines', () => {
  const lines = [
    line('/opt/a/run.sh'),
    line('/opt/b/run.sh'),
    line('/opt/backup', '0 2 * * *'),
    line('/opt/backup', '0 14 * * *'),
    line('/opt/report'),
  ];

  test('differ by a hash of the command where they would be the same, and of the time where that is the same', () => {
    const [a, b, c, d, e] = namesFor(lines, []);
    expect([a, b]).toEqual([
      expect.stringMatching(/^run-[0-9a-f]{6}$/),
      expect.stringMatching(/^run-[0-9a-f]{6}$/),
    ]);
    expect([c, d]).toEqual([
      expect.stringMatching(/^backup-[0-9a-f]{6}$/),
      expect.stringMatching(/^backup-[0-9a-f]{6}$/),
    ]);
    expect(e).toBe('report');
    expect(new Set([a, b, c, d]).size).toBe(4);
  });

  test('do not change when lines move, when others come and go, or when a time changes', () => {
    const names = namesFor(lines, []);
    expect(namesFor(lines.toReversed(), []).toReversed()).toEqual(names);
    expect(namesFor([line('/opt/new'), ...lines], []).slice(1)).toEqual(names);
    const [first, second] = lines as [Unnamed, Unnamed];
    expect(namesFor([{ ...first, circumstances: '@hourly' }, second], [])).toEqual(names.slice(0, 2));
  });

  test('are the same where other lines with the command have their names already', () => {
    const names = namesFor(lines, []);
    const given = [0, 2].map((i) => ({ name: names[i] ?? '', command: lines[i]?.command ?? '' }));
    const others = [1, 3, 4];
    expect(
      namesFor(
        others.map((i) => lines[i] ?? line('')),
        given,
      ),
    ).toEqual(others.map((i) => names[i]));
  });

  test('keep off the names of wrapped lines', () => {
    const [name] = namesFor([line('/opt/report')], [{ name: 'report', command: '/opt/report' }]);
    expect(name).toMatch(/^report-[0-9a-f]{6}$/);
  });

  test('count lines that are the same in everything', () => {
    const [first, second, third] = namesFor([line('x'), line('x'), line('x')], []);
    expect([second, third]).toEqual([`${first}-2`, `${first}-3`]);
  });

  test('are made for ten thousand lines at once', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => line(i % 2 === 0 ? 'x' : `x ${i}`, `${i}`));
    expect(new Set(namesFor(many, [])).size).toBe(many.length);
  });
});
