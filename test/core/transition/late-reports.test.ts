import { describe, expect, test } from 'vitest';
import { stateAfter } from '../support/scenario.ts';
import { NIGHTLY, HOURLY, NONE, table } from '../support/table.ts';

describe('§3.2 late reports', () => {
  table([
    [
      'a run past its limit is a timeout, and its late success replaces it and ends the incident',
      NIGHTLY,
      `02:00 start rid=a
       04:00 tick
       04:30 success rid=a`,
      [
        '04:00 slot 02:00 timeout timeout',
        '04:00 owe ops opened timeout',
        '04:30 slot 02:00 success succeeded',
        '04:30 owe ops closed succeeded',
        '04:30 incident closed late_report',
      ],
    ],
    [
      'a late failure replaces the timeout and is not told again',
      NIGHTLY,
      `02:00 start rid=a
       04:00 tick
       04:30 failure rid=a exit=9`,
      [
        '04:00 slot 02:00 timeout timeout',
        '04:00 owe ops opened timeout',
        '04:30 slot 02:00 failure exit_code',
      ],
    ],
    [
      'the same run id and kind twice changes nothing, and the first end wins',
      HOURLY,
      `01:00 start rid=a
       01:00 start rid=a
       01:10 success rid=a
       01:11 success rid=a
       01:12 failure rid=a`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'an end that overtakes its start still makes one run',
      HOURLY,
      `01:02 success rid=a
       01:02:01 start rid=a delay=2m
       01:20 tick`,
      ['01:02 slot 01:00 success succeeded'],
    ],
    [
      'spooled pings correct history: the missed slot had a run, the incident closes',
      NIGHTLY,
      `01:00 log
       02:05 tick
       08:00 start rid=a delay=6h
       08:00:01 success rid=a delay=5h50m`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '02:10:01 slot 02:00 late success succeeded',
        '02:10:01 owe ops closed succeeded',
        '02:10:01 incident closed late_report',
      ],
    ],
    [
      'a failure reported late opens nothing when a later run succeeded',
      HOURLY,
      `01:00 success rid=a
       02:00 success rid=b
       02:30 failure rid=c delay=1h`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '01:30 no slot failure reported_failure',
      ],
    ],
    [
      'a start that arrives late cannot time out before its end had a chance to arrive',
      NIGHTLY,
      `01:00 log
       08:00 start rid=a delay=6h
       08:00:59 success rid=a delay=5h50m`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '02:10:59 slot 02:00 late success succeeded',
        '02:10:59 owe ops closed succeeded',
        '02:10:59 incident closed late_report',
      ],
    ],
    [
      'a failure reported late is reminded of from when it was told',
      { ...NONE, remind_every: '1h' },
      `05:00 failure delay=3h
       05:59 tick
       06:00 tick`,
      [
        '02:00 no slot failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '06:00 owe ops reminder reported_failure',
      ],
    ],
  ]);

  test('a miss that turns into a failure gives its incident the new reason, if it is the one that opened it', () => {
    const misses = `00:10 log
       03:06 tick`;
    const reasonAfter = (ping: string): string | undefined =>
      stateAfter(HOURLY, `${misses}\n${ping}`).incident?.reason;
    // The three misses are one row of the history.
    expect(reasonAfter('03:10 failure exit=3 delay=2h9m')).toBe('exit_code');
    expect(reasonAfter('03:10 failure exit=3 delay=1h9m')).toBe('missed');
    expect(reasonAfter('03:10 failure exit=3')).toBe('missed');
  });
});
