import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { toYaml } from '../../src/crontab/document.ts';
import { type CrontabImport, importCrontab, type ImportOptions } from '../../src/crontab/import.ts';
import { wrapCrontab } from '../../src/crontab/wrap.ts';

const OPTIONS: ImportOptions = {
  system: false,
  timezone: 'UTC',
  cron: 'any',
  wrappers: new Set(['monitor.sh']),
};
const MONITOR = '/opt/cronflow/monitor.sh';

const imported = (crontab: string, system = false): CrontabImport =>
  importCrontab(crontab, { ...OPTIONS, system });
const wrapped = (crontab: string, system = false): string =>
  wrapCrontab(imported(crontab, system), MONITOR).crontab;

describe('a wrapped line', () => {
  test.each([
    ['0 2 * * * /bin/x', `0 2 * * * ${MONITOR} x -- /bin/sh -c '/bin/x'`],
    [' 0\t2  * * *   /bin/x  ', ` 0\t2  * * *   ${MONITOR} x -- /bin/sh -c '/bin/x  '`],
    ['@daily x \'a b\' "$c"', `@daily ${MONITOR} x -- /bin/sh -c 'x '\\''a b'\\'' "$c"'`],
    ['@daily date +\\%F', `@daily ${MONITOR} date -- /bin/sh -c 'date +\\%F'`],
    ['@daily cat%one%two\\%', `@daily ${MONITOR} cat -- /bin/sh -c 'cat'%one%two\\%`],
    ['@daily x\\\\%in', `@daily ${MONITOR} x -- /bin/sh -c 'x\\\\'%in`],
    ['@daily x \\', `@daily ${MONITOR} x -- /bin/sh -c 'x \\'`],
    ['SHELL=/bin/bash\n@daily x', `SHELL=/bin/bash\n@daily ${MONITOR} x -- /bin/bash -c 'x'`],
    ['SHELL=""\n@daily x', `SHELL=""\n@daily ${MONITOR} x -- /bin/sh -c 'x'`],
  ])('runs what %j ran', (crontab, line) => expect(wrapped(crontab)).toBe(line));

  test('keeps its user', () => {
    expect(wrapped('@daily  root\t x', true)).toBe(`@daily  root\t ${MONITOR} x -- /bin/sh -c 'x'`);
  });

  test('is run by the shell in force where it stands', () => {
    const crontab = '@daily a\nSHELL=/bin/bash\n@daily b\nSHELL=/usr/bin/zsh\n@daily c\n';
    const shells = [...wrapped(crontab).matchAll(/-- (\S+)/g)].map(([, shell]) => shell);
    expect(shells).toEqual(['/bin/sh', '/bin/bash', '/usr/bin/zsh']);
  });

  test('finds a wrapper with an unusual path', () => {
    const { crontab } = wrapCrontab(imported('@daily x'), "/opt/it's 5%/monitor.sh");
    expect(crontab).toBe(`@daily '/opt/it'\\''s 5\\%/monitor.sh' x -- /bin/sh -c 'x'`);
  });
});

describe('a crontab', () => {
  test.each([
    '# a comment',
    'FOO = "bar"',
    '@reboot x',
    '# cronflow: ignore\n@daily x',
    '@daily run-parts /etc/x',
    '0 25 * * * x',
    '@daily monitor.sh y -- x',
    '',
  ])('stays as it is: %j', (crontab) =>
    expect(wrapCrontab(imported(crontab), MONITOR)).toEqual({ crontab, notes: [] }),
  );

  test('stays as it is under a shell that may quote in its own way', () => {
    const crontab = 'SHELL=/usr/bin/fish\n@daily x\n';
    const message = 'not wrapped: nothing is known of how SHELL=/usr/bin/fish quotes';
    expect(wrapCrontab(imported(crontab), MONITOR)).toEqual({ crontab, notes: [{ line: 2, message }] });
  });

  test('keeps a line that cron would not take any longer', () => {
    const frame = `${MONITOR} x -- /bin/sh -c ''`.length;
    const free = 998 - frame - 'x '.length;
    const fits = `@daily x ${'y'.repeat(free % 2)}${'ä'.repeat(Math.floor(free / 2))}`;
    expect(wrapCrontab(imported(fits), MONITOR).notes).toEqual([]);
    const crontab = `${fits}ä`;
    const message = 'not wrapped: it would have 1000 bytes, cron takes 998; put it in a script';
    expect(wrapCrontab(imported(crontab), MONITOR)).toEqual({ crontab, notes: [{ line: 1, message }] });
  });
});

/** Lines as people write them, and worse. */
const anyLine = fc.oneof(
  fc.constantFrom(
    '',
    '# a comment',
    '# cronflow: ignore',
    'SHELL=/bin/bash',
    'SHELL=/bin/fish',
    'CRON_TZ=Asia/Tokyo',
  ),
  fc
    .tuple(
      fc.constantFrom('0 2 * * *', '@daily', ' */5\t* * * 1-5', '@reboot', '99 * * * *'),
      fc.array(
        fc.oneof(
          fc.constantFrom(
            "'",
            '"',
            '\\',
            '%',
            '\\%',
            ' ',
            '$x',
            '`',
            '$(',
            ')',
            '#',
            '&&',
            '/opt/a',
            'b',
            ' -- ',
            'monitor.sh',
          ),
          fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => text.replaceAll('\n', '')),
        ),
        { minLength: 1 },
      ),
    )
    .map(([time, parts]) => `${time} ${parts.join('')}`),
);
const anyCrontab = fc.array(anyLine, { maxLength: 12 }).map((lines) => `${lines.join('\n')}\n`);

describe('any crontab', () => {
  test('is a valid configuration once imported', () => {
    fc.assert(
      fc.property(anyCrontab, (crontab) => {
        const { jobs } = imported(crontab);
        const result = parseConfig({ path: 'cronflow.yaml', text: toYaml(jobs, 'Europe/Berlin') }, {});
        expect(result).toMatchObject({ ok: true });
        if (!result.ok) return;
        expect(
          result.config.jobs.map(({ name, declaration: { schedule, timezone } }) => ({
            name,
            schedule,
            timezone,
          })),
        ).toEqual(
          jobs.map(({ name, schedule, timezone = 'Europe/Berlin' }) => ({ name, schedule, timezone })),
        );
      }),
    );
  });

  test('imports to no change once wrapped, and is wrapped once', () => {
    fc.assert(
      fc.property(anyCrontab, (crontab) => {
        const once = wrapped(crontab);
        expect(toYaml(imported(once).jobs, 'UTC')).toBe(toYaml(imported(crontab).jobs, 'UTC'));
        expect(wrapped(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });
});
