import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../src/core/declaration.ts';
import { instant, play, stateAfter } from './support/scenario.ts';

const NIGHTLY: Declaration = { schedule: '0 2 * * *', grace: '5m', max_runtime: '2h' };
const HOURLY: Declaration = { schedule: '0 * * * *', grace: '5m', max_runtime: '2h' };
const MINUTELY: Declaration = { schedule: '* * * * *', grace: '5m', max_runtime: '1h' };
const EVERY: Declaration = { every: '1h', grace: '5m', max_runtime: '3h' };
const NONE: Declaration = { max_runtime: '1h' };

type Case = [sentence: string, declaration: Declaration, script: string, trace: string[]];

function table(cases: Case[]): void {
  test.each(cases)('%s', (_sentence, declaration, script, trace) => {
    expect(play(declaration, script)).toEqual(trace);
  });
}

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
      'early is at most half the distance to the previous slot',
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
  ]);
});

describe('§3.2 runs', () => {
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
      'a hung run is not hidden by the next one: each has its own limit',
      HOURLY,
      `01:00 start rid=a
       02:00 start rid=b
       02:10 success rid=b
       03:00 success rid=c
       03:01 tick`,
      [
        '02:10 slot 02:00 success succeeded',
        '03:00 slot 03:00 success succeeded',
        '03:00 slot 01:00 timeout timeout',
        '03:00 owe ops opened timeout',
      ],
    ],
    [
      'an anonymous start while an anonymous run is open: the earlier one died',
      HOURLY,
      `01:00 start
       02:00 start
       02:10 success`,
      [
        '02:00 slot 01:00 abandoned abandoned',
        '02:00 owe ops opened abandoned',
        '02:10 slot 02:00 success succeeded',
        '02:10 owe ops closed succeeded',
        '02:10 incident closed recovered',
      ],
    ],
    [
      'at most max_open_runs: one more ends the oldest',
      { ...HOURLY, max_open_runs: 2, max_runtime: '1d' },
      `01:00 start rid=a
       02:00 start rid=b
       03:00 start rid=c`,
      ['03:00 slot 01:00 abandoned too_many_runs', '03:00 owe ops opened too_many_runs'],
    ],
    [
      'an end without a run id ends the anonymous run, else the newest open one',
      HOURLY,
      `01:00 start rid=a
       01:30 start
       01:40 failure
       01:50 success`,
      [
        '01:40 no slot failure reported_failure',
        '01:40 owe ops opened reported_failure',
        '01:50 slot 01:00 success succeeded',
      ],
    ],
    [
      'the exit code alone decides, whatever the ping was called',
      { ...HOURLY, success_exit_codes: [0, 3] },
      `01:00 failure exit=3
       02:00 success exit=1
       03:00 success exit=143 signal=TERM`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure exit_code',
        '02:00 owe ops opened exit_code',
        '03:00 slot 03:00 failure signal',
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
      'a second success in a row is a run like the first: a healthy job is not reported missed',
      HOURLY,
      `01:00 success
       02:00 success
       03:00 success`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 success succeeded',
      ],
    ],
    [
      'a whole run reported at its end claims the slot of its start',
      HOURLY,
      `02:03:30 success took=3m
       02:06 tick`,
      [
        '01:05 slot 01:00 missed never_seen',
        '01:05 owe ops opened never_seen',
        '02:03:30 slot 02:00 success succeeded',
        '02:03:30 owe ops closed succeeded',
        '02:03:30 incident closed recovered',
      ],
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
      'a skip settles its slot; the third in a row with no run open is a stuck lock',
      HOURLY,
      `01:00 skip rid=a
       02:00 skip rid=b
       03:00 skip rid=c`,
      [
        '01:00 slot 01:00 skipped lock_held',
        '02:00 slot 02:00 skipped lock_held',
        '03:00 slot 03:00 failure stuck_lock',
        '03:00 owe ops opened stuck_lock',
      ],
    ],
    [
      'skips of a paused job do not count towards a stuck lock',
      HOURLY,
      `00:10 paused
       00:20 skip
       00:30 skip
       00:40 resumed
       01:00 skip`,
      [
        '00:20 no slot skipped lock_held (not counted)',
        '00:30 no slot skipped lock_held (not counted)',
        '01:00 slot 01:00 skipped lock_held',
      ],
    ],
    [
      'a skip takes no missed slot over: a rerun still may',
      NIGHTLY,
      `01:00 log
       02:05 tick
       09:00 skip
       09:10 success`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '09:00 no slot skipped lock_held',
        '09:10 slot 02:00 late success succeeded',
        '09:10 owe ops closed succeeded',
        '09:10 incident closed recovered',
      ],
    ],
  ]);
});

describe('§3.3 status and incident', () => {
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
    [
      'reminders come while the incident is open, each dated at its own instant',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 failure
       04:30 tick
       05:30 success rid=b
       09:00 tick`,
      [
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '03:00 owe ops reminder reported_failure',
        '04:00 owe ops reminder reported_failure',
        '05:00 owe ops reminder reported_failure',
        '05:30 no slot success succeeded',
        '05:30 owe ops closed succeeded',
        '05:30 incident closed recovered',
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
    [
      'an acknowledged incident does not remind until then, and closes as usual',
      { ...NIGHTLY, remind_every: '1h' },
      `02:00 failure
       02:30 ack until=05:30
       05:40 tick
       06:00 success`,
      [
        '02:00 slot 02:00 failure reported_failure',
        '02:00 owe ops opened reported_failure',
        '05:30 owe ops reminder reported_failure',
        '06:00 no slot success succeeded',
        '06:00 owe ops closed succeeded',
        '06:00 incident closed recovered',
      ],
    ],
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
  ]);

  test('a notifier is told when the incident first contains a kind it takes, and of its end only if told', () => {
    const notify = [
      'all',
      { to: 'pager', on: ['missed' as const] },
      { to: 'hangs', on: ['timeout' as const] },
    ];
    const trace = play(
      { ...HOURLY, notify },
      `01:00 failure
       02:05 tick
       03:00 success`,
    );
    expect(trace).toEqual([
      '01:00 slot 01:00 failure reported_failure',
      '01:00 owe all opened reported_failure',
      '02:05 slot 02:00 missed missed',
      '02:05 owe pager opened missed (2)',
      '03:00 slot 03:00 success succeeded',
      '03:00 owe all closed succeeded (2)',
      '03:00 owe pager closed succeeded (2)',
      '03:00 incident closed recovered',
    ]);
  });

  test('the closing is owed to those who were told, whatever happened to notify since', () => {
    const trace = play(
      { ...HOURLY, notify: ['a'] },
      `01:00 failure
       01:30 spec {"notify":[]}
       02:00 success`,
    );
    expect(trace).toContain('02:00 owe a closed succeeded');
  });

  test('a notifier that joins while the incident is open is told then, and of its end', () => {
    const trace = play(
      { ...HOURLY, notify: ['a'] },
      `01:00 failure
       01:30 spec {"notify":["b", {"to": "c", "on": ["missed"]}]}
       02:00 success`,
    );
    expect(trace).toEqual([
      '01:00 slot 01:00 failure reported_failure',
      '01:00 owe a opened reported_failure',
      '01:30 owe b opened reported_failure',
      '02:00 slot 02:00 success succeeded',
      '02:00 owe a closed succeeded',
      '02:00 owe b closed succeeded',
      '02:00 incident closed recovered',
    ]);
  });
});

describe('§3.4 when Cronflow was away', () => {
  table([
    [
      'a slot whose window touches a gap ends unknown instead of missed, a replay window after the gap',
      NIGHTLY,
      `01:00 log
       02:30 gap from=01:59
       02:44 tick
       02:45 tick
       09:00 tick`,
      ['02:45 slot 02:00 unknown outage'],
    ],
    [
      'or as reported, when its pings are replayed in that time',
      NIGHTLY,
      `01:00 log
       02:30 gap from=01:59
       02:31 start rid=a delay=31m
       02:31 success rid=a delay=21m`,
      ['02:10 slot 02:00 success succeeded'],
    ],
    [
      'a run after the gap leaves those in it unknown, and what is replayed later takes them over',
      HOURLY,
      `01:00 success
       05:00 gap from=01:50
       05:00:30 start rid=z
       05:01 success rid=z
       05:02 start rid=a delay=2h2m
       05:02:01 failure rid=a delay=1h50m
       09:00 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '05:00:30 slot 04:00 unknown outage x3',
        '05:01 slot 05:00 success succeeded',
        '03:12:01 slot 03:00 late failure reported_failure',
        '05:00:30 slot 04:00 unknown outage x2',
        '06:05 owe ops opened missed',
        '08:05 slot 08:00 missed missed x3',
      ],
    ],
    [
      'what was due before the gap was missed all the same',
      NIGHTLY,
      `01:00 log
       09:00 gap from=03:00`,
      ['02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'an anonymous run open through a gap may have ended unseen: unknown instead of abandoned',
      HOURLY,
      `01:00 start
       01:30 gap from=01:20
       02:00 start
       02:10 success`,
      ['02:00 slot 01:00 unknown outage', '02:10 slot 02:00 success succeeded'],
    ],
    [
      'its limit still counts',
      NIGHTLY,
      `02:00 start rid=a
       05:00 gap from=03:00
       05:00 tick`,
      ['04:00 slot 02:00 timeout timeout', '04:00 owe ops opened timeout'],
    ],
    [
      'waiting for the replay holds up no slot that the gap does not touch: a dead job is told of in time',
      { ...MINUTELY, grace: '1m' },
      `00:01 success
       00:02:30 gap from=00:02:28
       00:03:59 tick
       00:05 tick`,
      [
        '00:01 slot 00:01 success succeeded',
        '00:05 slot 00:03 unknown outage x2',
        '00:05 slot 00:04 missed missed',
        '00:05 owe ops opened missed',
      ],
    ],
    [
      'every: restarts more frequent than the job hide no dead job',
      { every: '1d', grace: '5m' },
      `00:30 success
       20:00:02 gap from=20:00
       d2 16:00:02 gap from=d2 16:00
       d3 00:34 tick
       d3 00:35 tick`,
      [
        '00:30 no slot success succeeded',
        'd3 00:35 slot d3 00:30 missed missed',
        'd3 00:35 owe ops opened missed',
      ],
    ],
    [
      'every starts anew at the end of the gap',
      EVERY,
      `00:30 success
       02:00 gap from=01:00
       03:04 tick
       03:05 tick`,
      ['00:30 no slot success succeeded', '03:05 slot 03:00 missed missed', '03:05 owe ops opened missed'],
    ],
  ]);
});

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

test('a gap that is learned of twice is one gap', () => {
  const { job } = stateAfter(
    NIGHTLY,
    `02:30 gap from=01:59
     02:30:05 gap from=01:59`,
  );
  expect(job.gaps).toEqual([{ from_at: instant('01:59'), to_at: instant('02:30:05') }]);
});

describe('due_at', () => {
  test('is the deadline, the limit of a run or a reminder, whichever comes first', () => {
    expect(stateAfter(NIGHTLY, '00:00 tick').job.due_at).toBe(instant('02:05'));
    expect(stateAfter(NIGHTLY, '02:00 start rid=a').job.due_at).toBe(instant('04:00'));
    expect(stateAfter({ ...NIGHTLY, remind_every: '30m' }, '02:00 failure').job.due_at).toBe(
      instant('02:30'),
    );
    expect(stateAfter(NONE, '02:00 success').job.due_at).toBeNull();
    expect(stateAfter(HOURLY, '00:30 paused').job.due_at).toBeNull();
  });
});

describe('§3.4 a rerun of a missed slot that ended unknown', () => {
  table([
    [
      'replaces the miss once it turns out how it ended',
      { ...HOURLY, notify: ['ops'] },
      `00:30 success
       01:05 tick
       01:10 start
       01:40 gap from=01:20
       02:00 start
       02:01 success
       02:10 tick`,
      [
        '00:30 no slot success succeeded',
        '01:05 slot 01:00 missed missed',
        '01:05 owe ops opened missed',
        '02:00 slot 01:00 late unknown outage',
        '02:01 slot 02:00 success succeeded',
        '02:01 owe ops closed succeeded',
        '02:01 incident closed recovered',
      ],
    ],
  ]);

  test('and then leaves no miss in the history', () => {
    const { runs } = stateAfter(
      HOURLY,
      `00:30 success
       01:05 tick
       01:10 start rid=a
       01:40 gap from=01:20
       01:50 removed
       01:51 restored
       01:52 failure rid=a exit=3
       02:00 tick`,
    );
    expect(runs.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'success succeeded',
      'failure exit_code',
    ]);
  });
});

describe('§3.2 overlap', () => {
  const FORBID: Declaration = { ...HOURLY, overlap: 'forbid' };
  table([
    [
      'overlap: allow is the default: both runs are watched, each with its own limit',
      HOURLY,
      `01:00 start rid=a
       02:00 start rid=b
       03:10 tick
       04:10 tick`,
      [
        '03:00 slot 01:00 timeout timeout',
        '03:00 owe ops opened timeout',
        '03:05 slot 03:00 missed missed',
        '04:00 slot 02:00 timeout timeout',
        '04:05 slot 04:00 missed missed x2',
      ],
    ],
    [
      'overlap: forbid makes the second a failure as it starts; its own end changes history only',
      FORBID,
      `01:00 start rid=a
       02:00 start rid=b
       02:10 success rid=b
       02:20 success rid=a
       03:00 success`,
      [
        '02:00 slot 02:00 failure overlap',
        '02:00 owe ops opened overlap',
        '02:20 slot 01:00 success succeeded',
        '03:00 slot 03:00 success succeeded',
        '03:00 owe ops closed succeeded',
        '03:00 incident closed recovered',
      ],
    ],
    [
      'overlap: forbid holds for whole runs that report their duration',
      FORBID,
      `01:00 start rid=a
       01:30 success rid=b took=10m
       01:40 success rid=a
       01:45 success rid=c took=20m`,
      [
        '01:20 owe ops opened overlap',
        '01:30 no slot failure overlap',
        '01:40 slot 01:00 success succeeded',
        '01:45 no slot failure overlap',
      ],
    ],
    [
      'overlap: forbid has nothing against runs that follow each other',
      FORBID,
      `01:00 start rid=a
       01:30 success rid=a
       01:30 start rid=b
       01:40 success rid=b`,
      ['01:30 slot 01:00 success succeeded', '01:40 no slot success succeeded'],
    ],
    [
      'overlap: forbid: a second anonymous start still means that the first run died',
      FORBID,
      `01:00 start
       02:00 start
       02:10 success`,
      [
        '02:00 slot 01:00 abandoned abandoned',
        '02:00 owe ops opened abandoned',
        '02:10 slot 02:00 success succeeded',
        '02:10 owe ops closed succeeded',
        '02:10 incident closed recovered',
      ],
    ],
    [
      'overlap: forbid: a run that was open while Cronflow was away may have ended, so it is no overlap',
      FORBID,
      `01:00 start rid=a
       01:40 gap from=01:10
       02:00 start rid=b
       02:10 success rid=b`,
      ['02:10 slot 02:00 success succeeded'],
    ],
    [
      'overlap: skip: slots that come while a run is open are skipped, and nobody is told',
      { ...HOURLY, overlap: 'skip', max_runtime: '6h' },
      `01:00 start rid=a
       04:30 success rid=a
       04:59 tick
       05:06 tick`,
      [
        '04:00 slot 04:00 skipped overlap_skipped x3',
        '04:30 slot 01:00 success succeeded',
        '05:05 slot 05:00 missed missed',
        '05:05 owe ops opened missed',
      ],
    ],
    [
      'overlap: skip still watches the open run itself',
      { ...HOURLY, overlap: 'skip' },
      `01:00 start rid=a
       03:20 tick`,
      [
        '02:00 slot 02:00 skipped overlap_skipped',
        '03:00 slot 01:00 timeout timeout',
        '03:00 owe ops opened timeout',
        '03:05 slot 03:00 missed missed',
      ],
    ],
    [
      'overlap: skip: a slot after the open run has ended is expected as ever',
      { ...HOURLY, overlap: 'skip' },
      `01:00 start rid=a
       02:00 success rid=a
       02:06 tick`,
      ['02:00 slot 01:00 success succeeded', '02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
  ]);
});

describe('§3.2 min_runtime and expect.output', () => {
  const BACKUP: Declaration = {
    ...NIGHTLY,
    min_runtime: '1m',
    expect: {
      output: { contains: ['done', 'dumped'], not_contains: 'ERROR', matches: '(?m)^[1-9]\\d*-rows$' },
    },
  };
  const FINE = 'took=1m output=done,dumped|7-rows';
  test.each([
    ['too short by its own report', 'success took=59s output=done,dumped|7-rows', 'failure too_fast'],
    ['one bad exit code needs no second reason', 'success took=1s exit=2', 'failure exit_code'],
    ['no output', 'success took=1m', 'failure output_mismatch'],
    ['one of several texts lacking', 'success took=1m output=done|7-rows', 'failure output_mismatch'],
    ['an unwanted text', 'success took=1m output=done,dumped,ERROR|7-rows', 'failure output_mismatch'],
    ['no match for the pattern', 'success took=1m output=done,dumped|0-rows', 'failure output_mismatch'],
    ['all as expected', `success ${FINE}`, 'success succeeded'],
    ['a bad report stays one, whatever it printed', `failure ${FINE}`, 'failure reported_failure'],
  ])('%s', (_case, end, expected) => {
    expect(play(BACKUP, `02:04 ${end}`)[0]).toBe(`02:04 slot 02:00 ${expected}`);
  });

  test('min_runtime is measured from the start ping where the end says no duration', () => {
    const spec: Declaration = { ...NIGHTLY, min_runtime: '1m' };
    expect(play(spec, '02:00 start rid=a\n02:00:59 success rid=a')[0]).toBe(
      '02:00:59 slot 02:00 failure too_fast',
    );
    expect(play(spec, '02:00 start rid=a\n02:01 success rid=a')[0]).toBe(
      '02:01 slot 02:00 success succeeded',
    );
  });

  test('a run whose duration nobody knows is not too fast', () => {
    expect(play({ ...NIGHTLY, min_runtime: '1m' }, '02:00 success')).toEqual([
      '02:00 slot 02:00 success succeeded',
    ]);
  });

  test('the history says what was expected and is not so', () => {
    const { runs } = stateAfter(BACKUP, '02:04 success took=1m output=done,dumped,ERROR');
    expect(runs.map((run) => run.detail)).toEqual(['the output contains "ERROR"']);
  });
});

describe('§3.3 maintenance', () => {
  const HELD: Declaration = { ...HOURLY, maintenance: [{ schedule: '0 2 * * *', duration: '3h' }] };
  table([
    [
      'in a window incidents open silently; what is still bad at its end is announced after grace',
      HELD,
      `01:00 success
       02:00 failure
       05:04 tick
       05:05 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '04:05 slot 04:00 missed missed x2',
        '05:05 slot 05:00 missed missed x3',
        '05:05 owe ops opened missed (4)',
      ],
    ],
    [
      'a good outcome before that closes it, and nobody is told of anything',
      HELD,
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       05:00 success
       06:00 success
       06:04 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 success succeeded',
        '04:00 incident closed recovered',
        '05:00 slot 05:00 success succeeded',
        '06:00 slot 06:00 success succeeded',
      ],
    ],
    [
      'a slot of the window that is missed after its end is announced with the rest',
      { ...NIGHTLY, grace: '10m', maintenance: [{ from: '2025-01-01 01:00', to: '2025-01-01 02:05' }] },
      `01:00 log
       02:10 tick
       02:14:59 tick
       02:15 tick`,
      ['02:10 slot 02:00 missed missed', '02:15 owe ops opened missed'],
    ],
    [
      'what goes wrong after the window is told at once',
      HELD,
      `01:00 success
       02:00 failure
       03:00 success
       04:00 success
       05:00 success
       05:01 failure`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '03:00 slot 03:00 success succeeded',
        '03:00 incident closed recovered',
        '04:00 slot 04:00 success succeeded',
        '05:00 slot 05:00 success succeeded',
        '05:01 no slot failure reported_failure',
        '05:01 owe ops opened reported_failure',
      ],
    ],
    [
      'trouble known before the window gets no reminder in it, and its end is told at once',
      { ...HELD, remind_every: '1h' },
      `01:00 failure
       02:00 failure
       03:00 failure
       04:00 failure
       04:30 success`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 failure reported_failure',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 failure reported_failure',
        '04:30 no slot success succeeded',
        '04:30 owe ops closed succeeded (4)',
        '04:30 incident closed recovered',
      ],
    ],
    [
      'a reminder that falls into a window comes grace after its end',
      { ...NIGHTLY, remind_every: '1h', maintenance: [{ schedule: '0 3 * * *', duration: '2h' }] },
      `02:04 failure
       05:04 tick
       05:06 tick`,
      [
        '02:04 slot 02:00 failure reported_failure',
        '02:04 owe ops opened reported_failure',
        '05:05 owe ops reminder reported_failure',
      ],
    ],
    [
      'windows that follow each other are one, and a wait that ends in the next goes on',
      {
        ...NIGHTLY,
        maintenance: [
          { from: '2025-01-01T01:00Z', to: '2025-01-01T03:00Z' },
          { from: '2025-01-01T03:00Z', to: '2025-01-01T04:00Z' },
          { from: '2025-01-01T04:03Z', to: '2025-01-01T06:00Z' },
        ],
      },
      `02:00 failure
       06:04 tick
       06:06 tick`,
      ['02:00 slot 02:00 failure reported_failure', '06:05 owe ops opened reported_failure'],
    ],
    [
      'a good outcome that is not enough to close it is enough not to announce it; the next bad one tells',
      { ...HELD, recovery_threshold: 2 },
      `01:00 success
       02:00 success
       03:00 failure
       04:00 success
       05:30 tick
       06:00 failure`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '03:00 slot 03:00 failure reported_failure',
        '04:00 slot 04:00 success succeeded',
        '05:05 slot 05:00 missed missed',
        '05:05 owe ops opened missed (2)',
        '06:00 slot 06:00 failure reported_failure',
      ],
    ],
    [
      'a window taken out of the file holds nothing back any longer',
      HELD,
      `01:00 success
       02:00 failure
       02:30 spec {"maintenance":[]}`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure reported_failure',
        '02:30 owe ops opened reported_failure',
      ],
    ],
  ]);
});

describe('§3.3 spec changes in mid-incident', () => {
  table([
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
      'a recovery threshold lowered to what has been reached closes it at the change',
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

describe('§3.4 a limit reached although Cronflow was away', () => {
  test('the timeout message says for how long', () => {
    const details: (string | null)[] = [];
    const script = `01:00 start rid=a
       02:00 success rid=b
       02:40 gap from=02:10
       03:01 tick`;
    const trace = play(HOURLY, script, (result) => {
      details.push(...result.deliveries.map((delivery) => delivery.facts.detail));
    });
    expect(trace.at(-1)).toBe('03:00 owe ops opened timeout');
    expect(details).toEqual(['Cronflow was away for 30m of that and may not have seen its end']);
  });
});
