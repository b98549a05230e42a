import { describe } from 'vitest';
import { NIGHTLY, HOURLY, table } from '../support/table.ts';

describe('§3.4 a clock that steps back', () => {
  table([
    [
      'by a little hides no failure',
      HOURLY,
      `01:00:30 success
       01:00:10 failure
       01:00:20 success`,
      [
        '01:00:30 slot 01:00 success succeeded',
        '01:00:30 no slot failure reported_failure',
        '01:00:30 owe ops opened reported_failure',
        '01:00:30 no slot success succeeded',
        '01:00:30 owe ops closed succeeded',
        '01:00:30 incident closed recovered',
      ],
    ],
    [
      'by a day expects the first slot after it',
      NIGHTLY,
      `02:00 success
       d2 02:00 success
       12:00 clock_set_back
       d2 02:05 tick`,
      [
        '02:00 slot 02:00 success succeeded',
        'd2 02:00 slot d2 02:00 success succeeded',
        'd2 02:05 slot d2 02:00 missed missed',
        'd2 02:05 owe ops opened missed',
      ],
    ],
    [
      'by a day takes what happened on the clock as it was for no later: it reminds, recovers and times out',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 success
       d2 02:00 failure
       d2 02:30 start rid=a
       12:00 clock_set_back
       13:30 tick
       13:40 success rid=b
       14:00 tick`,
      [
        '02:00 slot 02:00 success succeeded',
        'd2 02:00 slot d2 02:00 failure reported_failure',
        'd2 02:00 owe ops opened reported_failure',
        '13:00 owe ops reminder reported_failure',
        '13:40 no slot success succeeded',
        '13:40 owe ops closed succeeded',
        '13:40 incident closed recovered',
        '14:00 no slot timeout timeout',
        '14:00 owe ops opened timeout',
      ],
    ],
  ]);
});
