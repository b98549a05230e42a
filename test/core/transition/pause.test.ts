import { describe } from 'vitest';
import { EVERY, HOURLY, table } from '../support/table.ts';

describe('§3.3 pausing and removing', () => {
  table([
    [
      'pausing closes the incident without a message, and pings while paused do not count',
      HOURLY,
      `01:00 failure
       01:30 paused
       02:00 failure
       03:30 resumed
       04:05 tick`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '01:30 owe ops closed_silently reported_failure',
        '01:30 incident closed paused',
        '02:00 no slot failure reported_failure (not counted)',
        '04:05 slot 04:00 missed missed',
        '04:05 owe ops opened missed',
      ],
    ],
    [
      'nor does the end of a run that began in a pause put off what an interval expects',
      EVERY,
      `00:10 paused
       00:20 start
       00:30 resumed
       01:32 start
       01:40 success`,
      ['01:32 no slot abandoned abandoned (not counted)', '01:40 slot 01:30 success succeeded'],
    ],
    [
      'a run that began or ended while paused does not count, however it goes on',
      HOURLY,
      `01:00 start rid=a
       01:10 paused
       01:20 failure rid=a
       01:30 start rid=b
       01:40 resumed
       01:50 failure rid=b
       02:00 failure rid=c`,
      [
        '01:20 slot 01:00 failure reported_failure (not counted)',
        '01:50 no slot failure reported_failure (not counted)',
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
      ],
    ],
    [
      'resuming expects the first slot after it, and none of the pause',
      HOURLY,
      `01:00 success
       01:30 paused
       03:00 resumed
       04:04:59 tick
       04:05 tick`,
      ['01:00 slot 01:00 success succeeded', '04:05 slot 04:00 missed missed', '04:05 owe ops opened missed'],
    ],
    [
      'resuming expects no slot again that was claimed a little early before the pause',
      HOURLY,
      `00:59 start rid=a
       00:59:30 paused
       00:59:40 resumed
       01:10 success rid=a
       01:34 tick`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'removing closes the incident without a message and ends what was open',
      HOURLY,
      `01:00 failure
       01:30 start rid=a
       01:40 removed
       09:00 tick`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '01:40 no slot unknown removed',
        '01:40 owe ops closed_silently reported_failure',
        '01:40 incident closed removed',
      ],
    ],
  ]);
});
