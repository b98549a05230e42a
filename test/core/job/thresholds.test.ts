import { describe, expect, test } from 'vitest';
import { stateAfter } from '../support/scenario.ts';
import { HOURLY, table } from '../support/table.ts';

describe('§3.3 thresholds and recovery', () => {
  table([
    [
      'a good run that started before another failed closes nothing, though both were of the same slot',
      HOURLY,
      `01:03 failure
       01:04 success took=2m`,
      [
        '01:03 slot 01:00 failure reported_failure',
        '01:03 owe ops opened reported_failure',
        '01:04 no slot success succeeded',
      ],
    ],
    [
      'failure_threshold counts bad outcomes of any kind since the last good one',
      { ...HOURLY, failure_threshold: 3 },
      `01:00 failure
       02:05 tick
       03:00 success
       04:00 failure
       05:05 tick
       06:00 failure`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:05 slot 02:00 missed missed',
        '03:00 slot 03:00 success succeeded',
        '04:00 slot 04:00 failure reported_failure',
        '05:05 slot 05:00 missed missed',
        '06:00 slot 06:00 failure reported_failure',
        '06:00 owe ops opened reported_failure (3)',
      ],
    ],
    [
      'a threshold by kind counts each kind for itself',
      { ...HOURLY, failure_threshold: { failure: 2, missed: 1, timeout: 1 } },
      `01:00 failure
       02:00 failure
       03:05 tick`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure (2)',
        '03:05 slot 03:00 missed missed',
      ],
    ],
    [
      'a threshold by kind does not count all that is bad together: each kind reaches its own threshold or none does',
      { ...HOURLY, failure_threshold: { failure: 3, missed: 2, timeout: 1 } },
      `01:00 failure
       02:05 tick
       03:00 failure
       04:00 failure`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:05 slot 02:00 missed missed',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 failure reported_failure',
        '04:00 owe ops opened reported_failure (4)',
      ],
    ],
    [
      'recovery_threshold good outcomes close the incident',
      { ...HOURLY, recovery_threshold: 2 },
      `01:00 failure
       02:00 success
       03:00 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 success succeeded',
        '03:00 owe ops closed succeeded',
        '03:00 incident closed recovered',
      ],
    ],
    [
      'a good run that started before the newest bad one closes nothing',
      HOURLY,
      `01:00 start rid=a
       02:00 start rid=b
       02:05 failure rid=b
       02:10 success rid=a`,
      [
        '02:05 slot 02:00 failure reported_failure',
        '02:05 owe ops opened reported_failure',
        '02:10 slot 01:00 success succeeded',
      ],
    ],
    [
      'a good run that started at the very instant of the newest bad one closes the incident',
      HOURLY,
      `01:00 start rid=a
       01:00 start rid=b
       01:05 failure rid=b
       01:10 success rid=a`,
      [
        '01:05 no slot failure reported_failure',
        '01:05 owe ops opened reported_failure',
        '01:10 slot 01:00 success succeeded',
        '01:10 owe ops closed succeeded',
        '01:10 incident closed recovered',
      ],
    ],
    [
      'a retry closes the incident although the failure claimed a slot still to come',
      HOURLY,
      `00:59 failure
       00:59:20 start rid=b
       00:59:40 success rid=b`,
      [
        '00:59 slot 01:00 failure reported_failure',
        '00:59 owe ops opened reported_failure',
        '00:59:40 no slot success succeeded',
        '00:59:40 owe ops closed succeeded',
        '00:59:40 incident closed recovered',
      ],
    ],
    [
      'without a threshold the first bad outcome opens the incident and the first good one closes it',
      HOURLY,
      `01:00 failure
       02:00 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 success succeeded',
        '02:00 owe ops closed succeeded',
        '02:00 incident closed recovered',
      ],
    ],
    [
      'skipped and unknown are neither bad nor good: they open, close and interrupt nothing',
      { ...HOURLY, failure_threshold: 2 },
      `01:00 failure
       02:00 skip
       03:30 gap from=02:30
       03:50 tick
       04:00 failure
       05:00 skip`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:00 slot 02:00 skipped lock_held',
        '03:45 slot 03:00 unknown outage',
        '04:00 slot 04:00 failure reported_failure',
        '04:00 owe ops opened reported_failure (2)',
        '05:00 slot 05:00 skipped lock_held',
      ],
    ],
    [
      'a threshold by kind begins anew after a good outcome',
      { ...HOURLY, failure_threshold: { failure: 2 } },
      `01:00 failure
       02:00 success
       03:00 failure`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
      ],
    ],
  ]);

  test.each([
    ['abandoned', HOURLY, '01:00 start\n02:00 start'],
    ['overlap', { ...HOURLY, overlap: 'forbid' as const }, '01:00 start rid=a\n02:00 start rid=b'],
    ['too_fast', { ...HOURLY, min_runtime: '1m' }, '01:00 success took=1s'],
    ['output_mismatch', { ...HOURLY, expect: { output: { contains: 'done' } } }, '01:00 success'],
    ['stuck_lock', HOURLY, '01:00 skip\n02:00 skip\n03:00 skip'],
    ['too_many_runs', { ...HOURLY, max_open_runs: 1 }, '01:00 start rid=a\n01:01 start rid=b'],
    ['unreadable_report', HOURLY, '01:00 success unreadable=exit_code'],
  ])('%s is of kind failure', (reason, declaration, script) => {
    const failure_threshold = { failure: 1, missed: 9, timeout: 9 };
    const { incident } = stateAfter({ ...declaration, failure_threshold }, script);
    expect([incident?.reason, incident?.kinds]).toEqual([reason, ['failure']]);
  });
});
