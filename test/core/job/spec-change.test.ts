import { describe } from 'vitest';
import { EVERY, HOURLY, NIGHTLY, table } from '../support/table.ts';

describe('§3.3 spec changes', () => {
  table([
    [
      'a new schedule expects its first slot after the change, and an unmissed due slot is skipped',
      NIGHTLY,
      `01:00 log
       02:03 spec {"schedule":"0 3 * * *"}
       03:05 tick`,
      [
        '02:03 slot 02:00 skipped spec_changed',
        '03:05 slot 03:00 missed missed',
        '03:05 owe ops opened missed',
      ],
    ],
    [
      'a new every skips the one slot that is due, and no more',
      { ...EVERY, grace: '3h' },
      `00:30 log
       03:30 spec {"every":"2h"}`,
      ['03:30 slot 01:00 skipped spec_changed'],
    ],
    [
      'a new zone expects its first slot after the change, and an unmissed due slot is skipped',
      NIGHTLY,
      `01:00 log
       02:03 spec {"timezone":"Europe/Berlin"}
       d2 01:04 tick
       d2 01:05 tick`,
      [
        '02:03 slot 02:00 skipped spec_changed',
        'd2 01:05 slot d2 01:00 missed missed',
        'd2 01:05 owe ops opened missed',
      ],
    ],
    [
      'a new every expects its first run a period after the change, and an unmissed due slot is skipped',
      EVERY,
      `00:30 success
       01:32 spec {"every":"3h"}
       04:36 tick
       04:37 tick`,
      [
        '00:30 no slot success succeeded',
        '01:32 slot 01:30 skipped spec_changed',
        '04:37 slot 04:32 missed missed',
        '04:37 owe ops opened missed',
      ],
    ],
    [
      'nothing is due, so nothing is skipped, while a run is open that began in a pause',
      EVERY,
      `00:10 paused
       00:20 start rid=a
       00:30 resumed
       01:32 spec {"every":"3h"}`,
      [],
    ],
    [
      'a slot that was missed before the change stays missed',
      HOURLY,
      `00:30 success
       01:06 spec {"schedule":"30 * * * *"}
       01:30 success`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '01:30 slot 01:30 success succeeded',
        '01:30 owe ops closed succeeded',
        '01:30 incident closed recovered',
      ],
    ],
    [
      'a slot that was claimed a little early is not expected again where the new schedule names it, too',
      HOURLY,
      `00:59 start rid=a
       00:59:30 spec {"schedule":"0,30 * * * *"}
       01:10 success rid=a
       01:34 tick`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'a new grace applies at once, but no deadline falls earlier than the change and the new grace',
      { ...NIGHTLY, grace: '1h' },
      `01:00 log
       02:30 spec {"grace":"10m"}
       02:39:59 tick
       02:40 tick`,
      ['02:40 slot 02:00 missed missed', '02:40 owe ops opened missed'],
    ],
    [
      'a new limit applies to a run that is open, but not before the change and the grace',
      NIGHTLY,
      `02:00 start rid=a
       03:00 spec {"max_runtime":"10m"}
       03:04 tick
       03:05 tick`,
      ['03:05 slot 02:00 timeout timeout', '03:05 owe ops opened timeout'],
    ],
    [
      'an open incident stays through a spec change',
      HOURLY,
      `01:00 failure
       01:30 spec {"schedule":"30 * * * *"}
       02:30 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:30 slot 02:30 success succeeded',
        '02:30 owe ops closed succeeded',
        '02:30 incident closed recovered',
      ],
    ],
    [
      'a threshold lowered to what has been reached opens the incident at the change',
      { ...HOURLY, failure_threshold: 5 },
      `01:00 failure
       02:00 failure
       02:30 spec {"failure_threshold":2}`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '02:00 slot 02:00 failure reported_failure',
        '02:30 owe ops opened reported_failure (2)',
      ],
    ],
    [
      'a recovery threshold lowered to what has been reached closes the incident at the change',
      { ...HOURLY, recovery_threshold: 3 },
      `01:00 failure
       02:00 success
       02:30 spec {"recovery_threshold":1}`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 success succeeded',
        '02:30 owe ops closed succeeded',
        '02:30 incident closed recovered',
      ],
    ],
  ]);
});
