import { describe } from 'vitest';
import { EVERY, HOURLY, NONE, table } from '../support/table.ts';

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
      'a pause with an end ends by itself, and the first slot after that is expected',
      HOURLY,
      `01:00 success
       01:30 paused until=03:30
       02:00 failure
       03:20 start rid=a
       04:06 tick
       04:10 success rid=a`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 no slot failure reported_failure (not counted)',
        '04:05 slot 04:00 missed missed',
        '04:05 owe ops opened missed',
        '04:10 no slot success succeeded',
      ],
    ],
    [
      'a pause that is paused again ends at the new end, and one without an end does not end by itself',
      HOURLY,
      `01:00 success
       01:30 paused until=02:30
       01:40 paused until=04:30
       03:06 tick
       03:10 paused
       05:06 tick
       05:10 resumed
       06:06 tick`,
      ['01:00 slot 01:00 success succeeded', '06:05 slot 06:00 missed missed', '06:05 owe ops opened missed'],
    ],
    [
      'a pause whose end comes while the job is removed is over when the job is back',
      HOURLY,
      `01:00 success
       01:30 paused until=02:30
       01:40 removed
       04:30 restored
       05:06 tick`,
      ['01:00 slot 01:00 success succeeded', '05:05 slot 05:00 missed missed', '05:05 owe ops opened missed'],
    ],
    [
      'the end of a run that was given up before the pause does not count and takes no missed slot over',
      HOURLY,
      `00:30 success
       01:30 start rid=a
       01:46 removed
       01:50 restored
       01:55 paused
       01:56 success rid=a`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '01:46 slot 01:00 late unknown removed',
        '01:46 owe ops closed_silently missed',
        '01:46 incident closed removed',
        '01:56 slot 01:00 late success succeeded (not counted)',
      ],
    ],
    [
      'an interval is not due while a run that began in a pause is open, and a run that ended in it puts off nothing',
      EVERY,
      `00:10 paused
       00:20 start rid=a
       00:25 success rid=a
       00:26 start
       00:30 resumed
       01:36 success
       01:41 tick`,
      [
        '00:25 no slot success succeeded (not counted)',
        '01:36 no slot success succeeded',
        '01:41 slot 01:36 missed missed',
        '01:41 owe ops opened missed',
      ],
    ],
    [
      'a run that ended while its job was paused does not count',
      HOURLY,
      `01:00 start rid=a
       01:10 paused
       01:20 failure rid=a
       01:30 start rid=b
       01:35 failure rid=b
       01:40 resumed
       01:50 failure rid=b
       02:00 failure rid=c`,
      [
        '01:20 slot 01:00 failure reported_failure (not counted)',
        '01:35 no slot failure reported_failure (not counted)',
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
      ],
    ],
    [
      'a run that was open when the pause ended counts by its end, also if it began in the pause',
      HOURLY,
      `01:00 start rid=a
       01:10 paused
       01:30 start rid=b
       01:40 resumed
       01:50 success rid=a
       02:00 failure rid=b exit=3`,
      [
        '01:50 slot 01:00 success succeeded',
        '02:00 no slot failure exit_code',
        '02:00 owe ops opened exit_code',
      ],
    ],
    [
      'a run that was open when the pause ended counts by its limit: a run that hangs is told of',
      NONE,
      `01:30 paused
       01:40 start rid=a
       02:00 resumed
       02:40 tick`,
      ['02:40 no slot timeout timeout', '02:40 owe ops opened timeout'],
    ],
    [
      'a limit that passed in the pause is not told after it, nor is a late end of such a run',
      NONE,
      `01:30 paused
       01:40 start rid=a
       02:50 resumed
       03:00 failure rid=a`,
      ['02:40 no slot timeout timeout (not counted)', '03:00 no slot failure reported_failure (not counted)'],
    ],
    [
      'a pause that the file ends lets an open run count',
      { ...NONE, paused: true },
      `01:40 start
       02:00 spec {"paused":false}
       02:10 start
       02:20 success`,
      [
        '02:10 no slot abandoned abandoned',
        '02:10 owe ops opened abandoned',
        '02:20 no slot success succeeded',
        '02:20 owe ops closed succeeded',
        '02:20 incident closed recovered',
      ],
    ],
    [
      'the end of one pause lets nothing count while another is left',
      { ...NONE, paused: true },
      `01:30 paused
       01:40 start rid=a
       02:00 spec {"paused":false}
       02:10 failure rid=a`,
      ['02:10 no slot failure reported_failure (not counted)'],
    ],
    [
      'resuming expects the first slot after the pause, and none within it',
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
