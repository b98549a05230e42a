import { describe, expect, test } from 'vitest';
import { instant, play, stateAfter } from '../support/scenario.ts';
import { EVERY, NIGHTLY, HOURLY, MINUTELY, NONE, table } from '../support/table.ts';

describe('§3.2 late reports', () => {
  table([
    [
      'an outcome of an incident that has closed counts no more, also where it is dated after the recovery',
      NONE,
      `03:00 start rid=a delay=2h
       03:00:30 start rid=b delay=150m
       03:01:05 tick
       03:01:10 success rid=c delay=1h
       03:01:40 tick
       03:02 success rid=b`,
      [
        '03:01 no slot timeout timeout',
        '03:01 owe ops opened timeout',
        '02:01:10 no slot success succeeded',
        '03:01 owe ops closed succeeded',
        '03:01 incident closed recovered',
        '03:01:30 no slot timeout timeout',
        '03:01:30 owe ops opened timeout',
        '03:02 no slot success succeeded',
        '03:02 owe ops closed succeeded',
        '03:02 incident closed late_report',
      ],
    ],
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
      'a late end replaces abandoned, which nobody had reported, and ends the incident',
      { ...NIGHTLY, max_open_runs: 1 },
      `02:00 start rid=a
       02:10 start rid=b
       02:20 success rid=a
       02:30 success rid=b`,
      [
        '02:10 slot 02:00 abandoned too_many_runs',
        '02:10 owe ops opened too_many_runs',
        '02:20 slot 02:00 success succeeded',
        '02:20 owe ops closed succeeded',
        '02:20 incident closed late_report',
        '02:30 no slot success succeeded',
      ],
    ],
    [
      'an end without a run id ends the last run without one, if that was given up and none has started since',
      NIGHTLY,
      `02:00 start
       04:00 tick
       04:30 success
       05:00 success`,
      [
        '04:00 slot 02:00 timeout timeout',
        '04:00 owe ops opened timeout',
        '04:30 slot 02:00 success succeeded',
        '04:30 owe ops closed succeeded',
        '04:30 incident closed late_report',
        '05:00 no slot success succeeded',
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
      'a missed slot whose run turns out to have failed keeps its incident, and nobody is told a second time',
      NIGHTLY,
      `01:00 log
       02:05 tick
       08:00 failure rid=a exit=3 delay=358m
       09:00 success rid=b`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '02:02 slot 02:00 late failure exit_code',
        '09:00 no slot success succeeded',
        '09:00 owe ops closed succeeded',
        '09:00 incident closed recovered',
      ],
    ],
    [
      'a start that only took some seconds on its way is held to the limit that was declared',
      { max_runtime: '5s' },
      `03:00:02 start rid=a delay=2s
       03:00:05 tick
       03:10:09 start rid=b delay=9s
       03:10:10 success rid=b`,
      [
        '03:00:05 no slot timeout timeout',
        '03:00:05 owe ops opened timeout',
        '03:10:05 no slot timeout timeout',
        '03:10:10 no slot success succeeded',
        '03:10:10 owe ops closed succeeded',
        '03:10:10 incident closed late_report',
      ],
    ],
    [
      'a start that was kept for more than ten seconds times out a minute after it arrived',
      { max_runtime: '5s' },
      `03:00:11 start rid=a delay=11s
       03:01:10 tick
       03:01:11 tick`,
      ['03:01:11 no slot timeout timeout', '03:01:11 owe ops opened timeout'],
    ],
    [
      'a success that lies before the miss was found closes the incident all the same',
      NIGHTLY,
      `02:06 tick
       02:30 success rid=a delay=27m took=2m`,
      [
        '02:05 slot 02:00 missed never_seen',
        '02:05 owe ops opened never_seen',
        '02:03 slot 02:00 late success succeeded',
        '02:05 owe ops closed succeeded',
        '02:05 incident closed late_report',
      ],
    ],
    [
      'a success reported late closes an incident, if it started after what was bad',
      HOURLY,
      `01:00 failure
       02:00 failure
       03:00 success delay=90m
       03:01 success delay=30m`,
      [
        '01:00 slot 01:00 failure reported_failure',
        '01:00 owe ops opened reported_failure',
        '02:00 slot 02:00 failure reported_failure',
        '01:30 no slot success succeeded',
        '02:31 no slot success succeeded',
        '02:31 owe ops closed succeeded (2)',
        '02:31 incident closed recovered',
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
      'a start that has just arrived late does not time out at once when its limit is made shorter',
      { ...NONE, grace: '0s' },
      `03:00 start rid=a delay=2h
       03:00:10 spec {"max_runtime":"30m"}
       03:00:59 tick
       03:01:01 tick`,
      ['03:01 no slot timeout timeout', '03:01 owe ops opened timeout'],
    ],
    [
      'reminders of a failure reported late are counted from when it was told',
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
      'a failure reported late opens an incident if no later run succeeded',
      HOURLY,
      `01:00 success rid=a
       02:00 success rid=b
       02:30 failure rid=c delay=10m`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 success succeeded',
        '02:20 no slot failure reported_failure',
        '02:20 owe ops opened reported_failure',
      ],
    ],
    [
      'a start that arrives late and is heard of no more times out 60 s after it arrived',
      NIGHTLY,
      `01:00 log
       08:00 start rid=a delay=6h
       08:00:59 tick
       08:01 tick`,
      [
        '02:05 slot 02:00 missed missed',
        '02:05 owe ops opened missed',
        '08:01 slot 02:00 late timeout timeout',
      ],
    ],
    [
      'a run reported late takes over a slot of a gap, which had ended unknown',
      NIGHTLY,
      `01:00 log
       03:00 gap from=01:30
       03:20 tick
       04:00 failure rid=a delay=118m`,
      [
        '03:15 slot 02:00 unknown outage',
        '02:02 slot 02:00 late failure reported_failure',
        '02:02 owe ops opened reported_failure',
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

  test('an incident whose first miss turns out to have succeeded keeps the reason for which it opened', () => {
    const { incident } = stateAfter(
      HOURLY,
      `00:10 log
       02:06 tick
       02:10 success delay=69m
       02:20 failure exit=3`,
    );
    expect(incident).toMatchObject({ reason: 'missed', opened_by_run_id: null, bad_count: 1 });
  });

  test('a run that turns out to have happened says late_report, a rerun says rerun', () => {
    const reasons: string[] = [];
    const after = (pings: string): string[] => {
      reasons.length = 0;
      play(NIGHTLY, `01:00 log\n02:05 tick\n${pings}`, ({ reason }) => void reasons.push(reason));
      return reasons.slice(2);
    };
    expect(after('08:00 start rid=a delay=6h\n08:00:30 success rid=a delay=5h')).toEqual([
      'late_report',
      'late_report',
    ]);
    expect(after('08:00 start rid=a\n08:00:30 success rid=a')).toEqual(['rerun', 'succeeded']);
  });

  test('the last 32 slots can be replaced, and none before them', () => {
    const misses = '00:00:30 log\n00:40:30 tick';
    const grace = { ...MINUTELY, grace: '30s' };
    const claims = (ping: string): boolean => stateAfter(grace, `${misses}\n${ping}`).runs.at(-1)!.late;
    // The slots from 00:01 to 00:40 were missed.
    expect(claims('00:41 success rid=a delay=32m')).toBe(true);
    expect(claims('00:41 success rid=a delay=33m')).toBe(false);
  });

  test('an end that overtakes its start waits for no other end: its run gets the start and the duration', () => {
    const { runs, job } = stateAfter(
      HOURLY,
      `01:02 success rid=a
       01:02:01 start rid=a delay=2m
       01:20 tick`,
    );
    expect(runs).toMatchObject([
      {
        outcome: 'success',
        started_at: instant('01:00:01'),
        ended_at: instant('01:02'),
        duration_ms: 119_000,
      },
    ]);
    expect(runs).toHaveLength(1);
    expect(job).toMatchObject({ status: 'success', expected_at: instant('02:00') });
  });

  test('a start that comes a minute after its end opens no run: a later run takes over the missed slot', () => {
    const { runs } = stateAfter(
      EVERY,
      `00:30 success rid=a
       00:31 start rid=a
       01:50 success rid=b`,
    );
    expect(runs).toMatchObject([
      { rid: 'a', started_at: instant('00:30'), ended_at: instant('00:30'), duration_ms: 0 },
      { rid: 'b', slot_at: instant('01:30'), late: true },
    ]);
  });

  test('an outcome reported late does not change the status where a newer outcome has counted', () => {
    const { job } = stateAfter(
      HOURLY,
      `02:00 success rid=a
       02:30 failure rid=b delay=1h`,
    );
    expect(job).toMatchObject({ status: 'success', last_outcome: 'success' });
  });

  test('a late end records the duration of a run that timed out', () => {
    const { runs } = stateAfter(NIGHTLY, '02:00 start rid=a\n04:00 tick\n04:30 success rid=a');
    expect(runs).toMatchObject([{ outcome: 'success', duration_ms: 9_000_000, ended_at: instant('04:30') }]);
  });

  test('an event is dated its delay before it was received, so that no clocks are compared', () => {
    const { runs } = stateAfter(HOURLY, '01:04 start rid=a delay=3m\n01:20 failure rid=a delay=30s');
    expect(runs).toMatchObject([{ started_at: instant('01:01'), ended_at: instant('01:19:30') }]);
  });
});
