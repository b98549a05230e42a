import { describe } from 'vitest';
import { HOURLY, table } from '../support/table.ts';

describe('§3.3 thresholds and recovery', () => {
  table([
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
  ]);
});
