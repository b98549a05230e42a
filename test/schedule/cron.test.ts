import { describe, expect, test } from 'vitest';
import { type Cron, compileCron } from '../../src/schedule/cron.ts';
import { ScheduleError } from '../../src/schedule/error.ts';

function slots(expression: string, timezone: string, after: string, count: number): string[] {
  const cron = compileCron(expression, timezone);
  const found: string[] = [];
  for (let at = cron.next(Date.parse(after)); at !== null && found.length < count; at = cron.next(at)) {
    found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('a change of offset', () => {
  // America/New_York: 2024-03-10 02:00 -05:00 -> 03:00 -04:00 (07:00Z)
  test('gathers the skipped slots of a fixed-time job at the first instant after it', () => {
    expect(slots('0,30 2 * * *', 'America/New_York', '2024-03-09T08:00Z', 3)).toStrictEqual([
      '2024-03-10T07:00Z',
      '2024-03-11T06:00Z',
      '2024-03-11T06:30Z',
    ]);
  });

  test('skips the slots of a wildcard job', () => {
    expect(slots('*/30 2 * * *', 'America/New_York', '2024-03-09T08:00Z', 1)).toStrictEqual([
      '2024-03-11T06:00Z',
    ]);
    expect(slots('0 0 2 * * *', 'America/New_York', '2024-03-09T08:00Z', 1)).toStrictEqual([
      '2024-03-11T06:00Z',
    ]);
  });

  // America/New_York: 2024-11-03 02:00 -04:00 -> 01:00 -05:00 (06:00Z)
  test('repeats the slots of a wildcard job, and not those of a fixed-time job', () => {
    expect(slots('*/30 1 3 11 *', 'America/New_York', '2024-11-01T00:00Z', 4)).toStrictEqual([
      '2024-11-03T05:00Z',
      '2024-11-03T05:30Z',
      '2024-11-03T06:00Z',
      '2024-11-03T06:30Z',
    ]);
    expect(slots('0,30 1 3 11 *', 'America/New_York', '2024-11-01T00:00Z', 3)).toStrictEqual([
      '2024-11-03T05:00Z',
      '2024-11-03T05:30Z',
      '2025-11-03T06:00Z',
    ]);
  });

  // Pacific/Apia: 2011-12-29 24:00 -10:00 -> 2011-12-31 00:00 +14:00
  test('of three hours or more skips its slots', () => {
    expect(slots('15 12 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', 2)).toStrictEqual([
      '2011-12-29T22:15Z',
      '2011-12-30T22:15Z',
    ]);
    expect(slots('15 12 30 12 *', 'Pacific/Apia', '2011-01-01T00:00Z', 1)).toStrictEqual([
      '2012-12-29T22:15Z',
    ]);
  });

  // America/Boa_Vista: 2000-10-08 00:00 -04:00 -> 01:00 -03:00, 2000-10-15 00:00 -03:00 -> 2000-10-14 23:00 -04:00
  test('is seen even if the other offset lasts for only a week', () => {
    expect(slots('0 12 7-16/4 10 *', 'America/Boa_Vista', '2000-10-01T00:00Z', 3)).toStrictEqual([
      '2000-10-07T16:00Z',
      '2000-10-11T15:00Z',
      '2000-10-15T16:00Z',
    ]);
  });
});

describe('a schedule that Debian does not know', () => {
  test.each([
    ['0 0 L * *', ['2024-01-31T00:00Z', '2024-02-29T00:00Z', '2024-03-31T00:00Z']],
    ['0 0 15,L 2 *', ['2024-02-15T00:00Z', '2024-02-29T00:00Z', '2025-02-15T00:00Z', '2025-02-28T00:00Z']],
    ['0 0 * * 5L', ['2024-01-26T00:00Z', '2024-02-23T00:00Z', '2024-03-29T00:00Z']],
    ['0 0 * * friL', ['2024-01-26T00:00Z', '2024-02-23T00:00Z']],
    ['0 0 * * 7L', ['2024-01-28T00:00Z', '2024-02-25T00:00Z']],
    ['0 0 * * WEDL', ['2024-01-31T00:00Z', '2024-02-28T00:00Z', '2024-03-27T00:00Z']],
    ['0 0 * * 7#1', ['2024-01-07T00:00Z', '2024-02-04T00:00Z']],
    ['0 0 * * 1#1', ['2024-01-01T00:00Z', '2024-02-05T00:00Z', '2024-03-04T00:00Z']],
    ['0 0 * * MON#1,WED#3', ['2024-01-01T00:00Z', '2024-01-17T00:00Z', '2024-02-05T00:00Z']],
    ['0 0 * * 0#5', ['2024-03-31T00:00Z', '2024-06-30T00:00Z']],
    ['0 0 L * 1#1', ['2024-01-01T00:00Z', '2024-01-31T00:00Z', '2024-02-05T00:00Z']],
  ])('has the right slots: %s', (expression, expected) => {
    expect(slots(expression, 'UTC', '2023-12-31T12:00Z', expected.length)).toStrictEqual(expected);
  });

  test('may have six fields, with seconds first', () => {
    expect(slots('15,45 59 23 * * *', 'UTC', '2024-02-28T23:59:15Z', 2)).toStrictEqual([
      '2024-02-28T23:59:45.000Z',
      '2024-02-29T23:59:15.000Z',
    ]);
  });
});

describe('a schedule of Debian', () => {
  test.each([
    ['@hourly', '0 * * * *'],
    ['@daily', '0 0 * * *'],
    ['@midnight', '0 0 * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
    ['  5\t4  * * *\n', '5 4 * * *'],
    ['0 0 * jan,FEB Mon-fri', '0 0 * 1,2 1-5'],
    ['0 0 * * 0,7', '0 0 * * 0'],
    ['0 0 * * 5-7', '0 0 * * 0,5,6'],
    ['0 0 1-5,3,29-31 * *', '0 0 1,2,3,4,5,29,30,31 * *'],
    ['0 0 29-31 2 *', '0 0 29 2 *'],
    ['*/100 5 * * *', '*/60 5 * * *'],
    ['007 05 * * *', '7 5 * * *'],
    // A day that no month has, beside a weekday that there is.
    ['0 0 31 2 1', '0 0 * 2 1'],
  ])('has the same slots when it is %j as when it is %j', (expression, same) => {
    const after = '2024-01-01T00:00Z';
    expect(slots(expression, 'Europe/Berlin', after, 40)).toStrictEqual(
      slots(same, 'Europe/Berlin', after, 40),
    );
  });

  test('needs both day fields to match if one starts with a star, else either', () => {
    expect(slots('0 0 */2 * 1', 'UTC', '2024-01-01T12:00Z', 2)).toStrictEqual([
      '2024-01-15T00:00Z',
      '2024-01-29T00:00Z',
    ]);
    expect(slots('0 0 13 * 5', 'UTC', '2024-01-01T12:00Z', 3)).toStrictEqual([
      '2024-01-05T00:00Z',
      '2024-01-12T00:00Z',
      '2024-01-13T00:00Z',
    ]);
  });
});

describe('a schedule with rare or far slots', () => {
  test('has every 29 February that is a Sunday, 40 years apart at most', () => {
    const expected: string[] = [];
    for (let year = 2024; year < 2250; year += 4) {
      const date = new Date(Date.UTC(year, 1, 29));
      if (date.getUTCMonth() === 1 && date.getUTCDay() === 0) expected.push(`${year}-02-29T00:00Z`);
    }
    expect(expected).toContain('2088-02-29T00:00Z');
    expect(expected).not.toContain('2116-02-29T00:00Z');
    expect(slots('0 0 29 2 */7', 'UTC', '2024-01-01T00:00Z', expected.length)).toStrictEqual(expected);
  });

  test('has an end in both directions and takes any number', () => {
    const cron = compileCron('0 0 * * *', 'Europe/Berlin');
    expect(cron.next(Number.NaN)).toBeNull();
    expect(cron.previous(Number.NaN)).toBeNull();
    expect(cron.next(Number.POSITIVE_INFINITY)).toBeNull();
    expect(cron.previous(Number.NEGATIVE_INFINITY)).toBeNull();
    expect(cron.next(Number.NEGATIVE_INFINITY)).toBe(Date.parse('1970-01-01T23:00Z'));
    expect(cron.previous(Number.POSITIVE_INFINITY)).toBe(Date.parse('2499-12-31T23:00Z'));
    expect(cron.next(Date.parse('2499-12-31T23:00Z'))).toBeNull();
    expect(cron.previous(0)).toBeNull();
    expect(compileCron('* * * * *', 'UTC').previous(0)).toBe(0);
  });

  test('takes instants between milliseconds', () => {
    const cron = compileCron('* * * * *', 'UTC');
    expect(cron.next(59_999.5)).toBe(60_000);
    expect(cron.previous(60_000.5)).toBe(60_000);
  });

  test('compiles the same question once', () => {
    const cron: Cron = compileCron('1 2 3 4 5', 'Asia/Tokyo');
    expect(compileCron('1 2 3 4 5', 'Asia/Tokyo')).toBe(cron);
    expect(compileCron('1 2 3 4 5', 'Asia/Seoul')).not.toBe(cron);
  });
});

const SHAPES = ', *, lists (1,3), ranges (1-5), steps (*/2, 1-5/2)';
const MACROS = '@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually';
const FIELDS = '5 (minute hour day-of-month month day-of-week), 6 (with seconds first)';
const WEEKDAYS = '0-7 (0 and 7 are Sunday), SUN-SAT, 5L (last Friday) or 5#2 (second Friday)';

describe('a refusal of a schedule', () => {
  test.each([
    ['', `expression "" has 0 fields: ${FIELDS}, or one of ${MACROS}`],
    ['5', `expression "5" has 1 field: ${FIELDS}, or one of ${MACROS}`],
    ['* * * *', `expression "* * * *" has 4 fields: ${FIELDS}, or one of ${MACROS}`],
    ['* * * * * * *', `expression "* * * * * * *" has 7 fields: ${FIELDS}, or one of ${MACROS}`],
    ['banana', `expression "banana" has 1 field: ${FIELDS}, or one of ${MACROS}`],
    ['@reboot', `expression "@reboot" says no time: ${MACROS}, or no schedule at all`],
    [
      '@Daily',
      `expression "@Daily" is not understood: ${MACROS}, or ${FIELDS} fields; did you mean "@daily"?`,
    ],
    ['@every 1h30m', 'expression "@every 1h30m" is not cron: write every: 1h30m in place of a schedule'],
    ['@secondly', `expression "@secondly" is not understood: ${MACROS}, or ${FIELDS} fields`],
    ['TZ=UTC 0 2 * * *', 'expression "TZ=UTC 0 2 * * *" contains a time zone: the zone goes into timezone'],
    ['60 * * * *', 'minute "60" is out of range: 0-59'],
    ['1,2-70 * * * *', 'minute "2-70" is out of range: 0-59'],
    ['60 * * * * *', 'second "60" is out of range: 0-59'],
    ['0 25 * * *', 'hour "25" is out of range: 0-23'],
    ['0 24 * * *', 'hour "24" is out of range: 0-23'],
    ['0 0 0 * *', 'day-of-month "0" is out of range: 1-31 or L'],
    ['0 0 32 * *', 'day-of-month "32" is out of range: 1-31 or L'],
    ['0 0 1 13 *', 'month "13" is out of range: 1-12 or JAN-DEC'],
    ['0 0 * * 8', `day-of-week "8" is out of range: ${WEEKDAYS}`],
    ['0 0 * * 8L', `day-of-week "8L" is out of range: ${WEEKDAYS}`],
    ['0 0 * * 1#6', 'day-of-week "1#6" is no week of a month: #1 to #5'],
    ['0 0 * * 1#0', 'day-of-week "1#0" is no week of a month: #1 to #5'],
    ['0 0 * * L', `day-of-week "L" is not understood: ${WEEKDAYS}${SHAPES}`],
    ['0 0 * * FOO', `day-of-week "FOO" is not understood: ${WEEKDAYS}${SHAPES}`],
    ['0 0 * * MONDAY', `day-of-week "MONDAY" is not understood: ${WEEKDAYS}${SHAPES}; did you mean "MON"?`],
    ['0 0 * MON *', `month "MON" is not understood: 1-12 or JAN-DEC${SHAPES}`],
    ['JAN * * * *', `minute "JAN" is not understood: 0-59${SHAPES}`],
    ['0 0 LW * *', `day-of-month "LW" is not understood: 1-31 or L${SHAPES}`],
    ['0 0 15W * *', `day-of-month "15W" is not understood: 1-31 or L${SHAPES}`],
    ['0 0 L-3 * *', `day-of-month "L-3" is not understood: 1-31 or L${SHAPES}`],
    ['H * * * *', `minute "H" says no certain time ("H" is of Jenkins): 0-59${SHAPES}`],
    ['0 H(1-5) * * *', `hour "H(1-5)" says no certain time ("H" is of Jenkins): 0-23${SHAPES}`],
    ['H/15 * * * *', `minute "H/15" says no certain time ("H" is of Jenkins): 0-59${SHAPES}`],
    ['0 0 ? * 1', 'day-of-month "?" is not cron ("?" is of Quartz): write * instead; 1-31 or L'],
    ['0 0 1 * ?', `day-of-week "?" is not cron ("?" is of Quartz): write * instead; ${WEEKDAYS}`],
    ['1,,2 * * * *', `minute "1,,2" has an empty item: 0-59${SHAPES}`],
    ['1, * * * *', `minute "1," has an empty item: 0-59${SHAPES}`],
    ['5-1 * * * *', 'minute "5-1" is a range that runs backwards: write 5-59,0-1'],
    ['0 22-0 * * *', 'hour "22-0" is a range that runs backwards: write 22-23,0'],
    [
      '0 0 * * FRI-SUN',
      'day-of-week "FRI-SUN" is a range that runs backwards: Sunday at the end of a range is 7, write 5-7',
    ],
    ['*/0 * * * *', 'minute "*/0" has a step of 0: 1 or more'],
    ['5/15 * * * *', 'minute "5/15" has a step without a range: write 5-59/15'],
    ['*/ * * * *', `minute "*/" is not understood: 0-59${SHAPES}`],
    ['*-5 * * * *', `minute "*-5" is not understood: 0-59${SHAPES}`],
    ['-1 * * * *', `minute "-1" is not understood: 0-59${SHAPES}`],
    ['1.5 * * * *', `minute "1.5" is not understood: 0-59${SHAPES}`],
    ['1e1 * * * *', `minute "1e1" is not understood: 0-59${SHAPES}`],
    ['+5 * * * *', `minute "+5" is not understood: 0-59${SHAPES}`],
    ['٥ * * * *', `minute "٥" is not understood: 0-59${SHAPES}`],
    ['0 0 31 2 *', 'day-of-month "31" is a day that month "2" never has: 1-29 or L'],
    ['0 0 30 2 *', 'day-of-month "30" is a day that month "2" never has: 1-29 or L'],
    ['0 0 31 APR,JUN */2', 'day-of-month "31" is a day that month "APR,JUN" never has: 1-30 or L'],
    [
      '0 0 */31 * 1#2',
      'expression "0 0 */31 * 1#2" matches no day: as one day field starts with *, a day must match both',
    ],
  ])('names the field, the value and what is allowed: %j', (expression, message) => {
    expect(() => compileCron(expression, 'UTC')).toThrow(ScheduleError);
    expect(() => compileCron(expression, 'UTC')).toThrow(expect.objectContaining({ message }));
  });

  test.each([
    ['Europe/Berln', '; did you mean "Europe/Berlin"?'],
    ['Berlin', '; did you mean "Europe/Berlin"?'],
    ['new york', '; did you mean "America/New_York"?'],
    ['Utc+1', ''],
    ['', ''],
    ['Middle-earth/Shire', ''],
    ['+02:00', ''],
    ['x'.repeat(10_000), ''],
  ])('names the zone %.40s and what was probably meant', (timezone, hint) => {
    const allowed = 'a name of the IANA database, such as UTC or Europe/Berlin';
    const message = `timezone ${JSON.stringify(timezone)} is unknown: ${allowed}${hint}`;
    expect(() => compileCron('* * * * *', timezone)).toThrow(
      expect.objectContaining({ message, field: 'timezone' }),
    );
  });

  test('says in fields what the message says in words', () => {
    expect(() => compileCron('0 25 * * *', 'UTC')).toThrow(
      expect.objectContaining({ field: 'hour', value: '25', allowed: '0-23', suggestion: undefined }),
    );
    expect(() => compileCron('0 2 * * *', 'Europe/Berln')).toThrow(
      expect.objectContaining({ field: 'timezone', value: 'Europe/Berln', suggestion: 'Europe/Berlin' }),
    );
  });

  test('does not repeat an expression of any length', () => {
    const message = `expression "${'1,'.repeat(20)}..." is too long: at most 1000 characters`;
    expect(() => compileCron(`${'1,'.repeat(100_000)}1 * * * *`, 'UTC')).toThrow(
      expect.objectContaining({ message }),
    );
  });
});
