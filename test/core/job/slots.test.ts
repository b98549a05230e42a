import { describe } from 'vitest';
import { HOURLY, NIGHTLY, MINUTELY, EVERY, NONE, table } from '../support/table.ts';

describe('§3.1 slots', () => {
  table([
    [
      'a run in time claims its slot',
      NIGHTLY,
      `02:00:01 start rid=a
       02:04 success rid=a
       23:00 tick`,
      ['02:04 slot 02:00 success succeeded'],
    ],
    [
      'a slot unclaimed at its deadline is missed, dated at the deadline however late the tick',
      NIGHTLY,
      `01:00 log
       09:00 tick`,
      ['02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'a ping at the very deadline is in time',
      NIGHTLY,
      `02:05 success`,
      ['02:05 slot 02:00 success succeeded'],
    ],
    [
      'a newly declared job that never pings is missed as never_seen',
      NIGHTLY,
      `d2 09:00 tick`,
      ['02:05 owe ops opened never_seen', 'd2 02:05 slot d2 02:00 missed never_seen x2'],
    ],
    [
      'a run a little early claims the coming slot: a fast clock is no alarm',
      NIGHTLY,
      `01:58:30 start rid=a
       01:59 success rid=a
       09:00 tick`,
      ['01:59 slot 02:00 success succeeded'],
    ],
    [
      'a run too early is unscheduled and claims nothing',
      NIGHTLY,
      `01:57:59 start rid=a
       01:59 success rid=a
       09:00 tick`,
      ['01:59 no slot success succeeded', '02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'a run may be early by half the distance to the previous slot at most',
      MINUTELY,
      `00:00:29 success rid=a
       00:00:31 success rid=b`,
      ['00:00:29 no slot success succeeded', '00:00:31 slot 00:01 success succeeded'],
    ],
    [
      'a late run claims the latest slot, and older unsettled ones are superseded',
      MINUTELY,
      `00:03:10 success`,
      ['00:03:10 slot 00:02 skipped superseded x2', '00:03:10 slot 00:03 success succeeded'],
    ],
    [
      'a host two seconds fast claims the next slot although an earlier one waits: a lost ping slides no run of the day',
      { schedule: '0 8-20 * * *', grace: '1h' },
      `07:59:58 success
       08:59:58 success
       10:59:58 success
       11:59:58 success
       12:59:58 success
       13:59:58 success
       14:59:58 success
       15:59:58 success
       16:59:58 success
       17:59:58 success
       18:59:58 success
       19:59:58 success
       d2 07:00 tick`,
      [
        '07:59:58 slot 08:00 success succeeded',
        '08:59:58 slot 09:00 success succeeded',
        '10:59:58 slot 10:00 missed missed',
        '10:59:58 slot 11:00 success succeeded',
        '10:59:58 owe ops opened missed',
        '10:59:58 owe ops closed succeeded',
        '10:59:58 incident closed recovered',
        '11:59:58 slot 12:00 success succeeded',
        '12:59:58 slot 13:00 success succeeded',
        '13:59:58 slot 14:00 success succeeded',
        '14:59:58 slot 15:00 success succeeded',
        '15:59:58 slot 16:00 success succeeded',
        '16:59:58 slot 17:00 success succeeded',
        '17:59:58 slot 18:00 success succeeded',
        '18:59:58 slot 19:00 success succeeded',
        '19:59:58 slot 20:00 success succeeded',
      ],
    ],
    [
      'a ping lost in a restart slides no run of the day: its slot ends unknown and is no alarm',
      { schedule: '*/15 * * * *', grace: '15m' },
      `00:14:49 success
       00:29:53 gap from=00:29:45
       00:44:50 success
       00:59:49 success
       01:14:50 success
       01:29:50 tick`,
      [
        '00:14:49 slot 00:15 success succeeded',
        '00:44:50 slot 00:30 unknown outage',
        '00:44:50 slot 00:45 success succeeded',
        '00:59:49 slot 01:00 success succeeded',
        '01:14:50 slot 01:15 success succeeded',
      ],
    ],
    [
      'an older slot whose deadline lies beyond the claimed slot is superseded, not missed',
      { schedule: '0 * * * *', grace: '90m' },
      `00:59:58 success
       02:59:30 success
       03:59:30 success
       04:00 tick`,
      [
        '00:59:58 slot 01:00 success succeeded',
        '02:59:30 slot 02:00 skipped superseded',
        '02:59:30 slot 03:00 success succeeded',
        '03:59:30 slot 04:00 success succeeded',
      ],
    ],
    [
      'of several older slots each is missed or superseded by its own deadline',
      { schedule: '*/10 * * * *', grace: '20m' },
      `00:09:30 success
       00:39:30 start rid=a
       00:39:40 success rid=a`,
      [
        '00:09:30 slot 00:10 success succeeded',
        '00:39:30 slot 00:20 missed missed',
        '00:39:30 slot 00:30 skipped superseded',
        '00:39:30 owe ops opened missed',
        '00:39:40 slot 00:40 success succeeded',
        '00:39:40 owe ops closed succeeded',
        '00:39:40 incident closed recovered',
      ],
    ],
    [
      'a grace that was changed moves the deadline by which an older slot is missed or superseded',
      { schedule: '0 * * * *', grace: '1h' },
      `00:59:58 success
       02:30 spec {"schedule":"0 * * * *","grace":"50m"}
       02:59:58 success`,
      [
        '00:59:58 slot 01:00 success succeeded',
        '02:59:58 slot 02:00 skipped superseded',
        '02:59:58 slot 03:00 success succeeded',
      ],
    ],
    [
      'a run too early for the next slot claims the latest one',
      { schedule: '0 * * * *', grace: '1h' },
      `00:59:58 success
       02:57:59 success rid=a
       02:58 success rid=b`,
      [
        '00:59:58 slot 01:00 success succeeded',
        '02:57:59 slot 02:00 success succeeded',
        '02:58 slot 03:00 success succeeded',
      ],
    ],
    [
      'a slot whose deadline is the very start of the run of the next slot is missed by that run',
      { schedule: '0 * * * *', grace: '1h' },
      `00:59:58 success
       03:00 start rid=a
       03:10 success rid=a`,
      [
        '00:59:58 slot 01:00 success succeeded',
        '03:00 slot 02:00 missed missed',
        '03:00 owe ops opened missed',
        '03:10 slot 03:00 success succeeded',
        '03:10 owe ops closed succeeded',
        '03:10 incident closed recovered',
      ],
    ],
    [
      'a slot that is missed by the claim of the next is dated at the start of that run, and may be reported late',
      { schedule: '0 * * * *', grace: '1h' },
      `00:59:58 success
       02:59:40 start rid=b
       02:59:50 start rid=a delay=59m40s
       02:59:51 success rid=a delay=58m
       02:59:58 success rid=b`,
      [
        '00:59:58 slot 01:00 success succeeded',
        '02:59:40 slot 02:00 missed missed',
        '02:59:40 owe ops opened missed',
        '02:01:51 slot 02:00 late success succeeded',
        '02:59:40 owe ops closed succeeded',
        '02:59:40 incident closed late_report',
        '02:59:58 slot 03:00 success succeeded',
      ],
    ],
    [
      'a manual rerun takes a missed slot over and closes the incident',
      NIGHTLY,
      `01:00 log
       02:05 tick
       09:00 start rid=a
       09:10 success rid=a`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '09:10 slot 02:00 late success succeeded',
        '09:10 owe ops closed succeeded',
        '09:10 incident closed recovered',
      ],
    ],
    [
      'a rerun that fails keeps the incident, with the new reason and no second message',
      NIGHTLY,
      `01:00 log
       02:05 tick
       09:00 start rid=a
       09:10 failure rid=a exit=3
       10:00 start rid=b
       10:01 success rid=b`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '09:10 slot 02:00 late failure exit_code',
        '10:01 no slot success succeeded',
        '10:01 owe ops closed succeeded',
        '10:01 incident closed recovered',
      ],
    ],
    [
      'every expects the next run a period after the last start',
      EVERY,
      `00:30 start rid=a
       00:40 success rid=a
       01:40 tick`,
      ['00:40 no slot success succeeded', '01:35 slot 01:30 missed missed', '01:35 owe ops opened missed'],
    ],
    [
      'every counts from the declaration at first, and after a miss from the missed slot',
      EVERY,
      `02:30 tick`,
      ['01:05 owe ops opened never_seen', '02:05 slot 02:00 missed never_seen x2'],
    ],
    [
      'every: nothing is due while a run is open, nor at once when it ends',
      EVERY,
      `01:00 start rid=a
       03:30 success rid=a
       03:35 tick
       03:36 tick`,
      ['03:30 slot 01:00 success succeeded', '03:35 slot 03:30 missed missed', '03:35 owe ops opened missed'],
    ],
    [
      'every: the next slot does not move as one run ends while another is open',
      EVERY,
      `00:30 start rid=a
       01:10 start rid=b
       02:30 success rid=a
       02:40 start rid=c
       02:50 success rid=c`,
      ['02:30 no slot success succeeded', '02:50 slot 02:10 success succeeded'],
    ],
    [
      'every: an end that arrives late leaves the next run its grace',
      EVERY,
      `01:00 start rid=a
       02:06 success rid=a delay=7m
       02:10:59 tick
       02:11 tick`,
      ['01:59 slot 01:00 success succeeded', '02:11 slot 02:06 missed missed', '02:11 owe ops opened missed'],
    ],
    [
      'a job without slots is only held to what it reports',
      NONE,
      `05:00 success
       23:00 failure`,
      [
        '05:00 no slot success succeeded',
        '23:00 no slot failure reported_failure',
        '23:00 owe ops opened reported_failure',
      ],
    ],
    [
      'only the ping that makes a run known claims a slot: the end of a known run claims none',
      NIGHTLY,
      `01:00 start rid=a
       02:01 success rid=a
       02:06 tick`,
      ['02:01 no slot success succeeded', '02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'a log claims no slot',
      NIGHTLY,
      `02:01 log
       02:06 tick`,
      ['02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'an end without a start or a duration claims the slot of its own instant',
      HOURLY,
      `01:00 success
       02:04:59 success`,
      ['01:00 slot 01:00 success succeeded', '02:04:59 slot 02:00 success succeeded'],
    ],
    [
      'a run claims the latest slot at or before its start, and the first one after its start is expected next',
      HOURLY,
      `01:00 success
       02:00 success
       03:05 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:05 slot 03:00 missed missed',
        '03:05 owe ops opened missed',
      ],
    ],
    [
      'a run may be early by the grace at most',
      { ...NIGHTLY, grace: '30s' },
      `01:59:29 success rid=a
       01:59:30 success rid=b`,
      ['01:59:29 no slot success succeeded', '01:59:30 slot 02:00 success succeeded'],
    ],
    [
      'a run may be early by 2 minutes at most',
      NIGHTLY,
      `01:57:59 success rid=a
       01:58 success rid=b`,
      ['01:57:59 no slot success succeeded', '01:58 slot 02:00 success succeeded'],
    ],
    [
      'a run that starts in the next early window takes no missed slot over: it claims the next one',
      HOURLY,
      `00:30 success
       01:05 tick
       01:58 success
       02:30 success`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '01:58 slot 02:00 success succeeded',
        '01:58 owe ops closed succeeded',
        '01:58 incident closed recovered',
        '02:30 no slot success succeeded',
      ],
    ],
    [
      'a second run in the early window of the next slot takes no missed slot over either',
      HOURLY,
      `00:30 success
       01:05 tick
       01:58 failure rid=a
       01:59 failure rid=b`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '01:58 slot 02:00 failure reported_failure',
        '01:59 no slot failure reported_failure',
      ],
    ],
    [
      'a second rerun of one missed slot claims nothing: only the last slot is taken over, and only once',
      HOURLY,
      `00:30 success
       02:05 tick
       02:10 success
       02:20 success`,
      [
        '00:30 no slot success succeeded',
        '01:05 owe ops opened missed',
        '02:05 slot 02:00 missed missed x2',
        '01:05 slot 01:00 missed missed',
        '02:10 slot 02:00 late success succeeded',
        '02:10 owe ops closed succeeded',
        '02:10 incident closed recovered',
        '02:20 no slot success succeeded',
      ],
    ],
    [
      'a job declared at the instant of a slot expects the next one: the first after the declaration',
      HOURLY,
      `01:04:59 tick
       01:05 tick`,
      ['01:05 slot 01:00 missed never_seen', '01:05 owe ops opened never_seen'],
    ],
    [
      'every: a start that is reported late moves no expectation back',
      EVERY,
      `00:30 success
       00:50 success delay=40m
       01:34:59 tick
       01:35 tick`,
      [
        '00:30 no slot success succeeded',
        '00:10 no slot success succeeded',
        '01:35 slot 01:30 missed missed',
        '01:35 owe ops opened missed',
      ],
    ],
    [
      'an unscheduled run is recorded and its outcome counts, but it claims nothing',
      NIGHTLY,
      `00:30 failure
       00:40 success
       02:05 tick`,
      [
        '00:30 no slot failure reported_failure',
        '00:30 owe ops opened reported_failure',
        '00:40 no slot success succeeded',
        '00:40 owe ops closed succeeded',
        '00:40 incident closed recovered',
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
      ],
    ],
    [
      'after a miss the next slot is expected, and each miss of one stretch is told once',
      HOURLY,
      `00:30 success
       03:05 tick`,
      ['00:30 no slot success succeeded', '01:05 owe ops opened missed', '03:05 slot 03:00 missed missed x3'],
    ],
  ]);
});
