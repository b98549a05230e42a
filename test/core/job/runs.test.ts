import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { parseDuration } from '../../../src/schedule/duration.ts';
import { instant, play, stateAfter } from '../support/scenario.ts';
import { HOURLY, NIGHTLY, NONE, table } from '../support/table.ts';

describe('§3.2 runs', () => {
  table([
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
      'an anonymous start while an anonymous run is open means that the earlier run died',
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
      'at most max_open_runs runs are open: one more ends the oldest',
      { ...HOURLY, max_open_runs: 2, max_runtime: '1d' },
      `01:00 start rid=a
       02:00 start rid=b
       03:00 start rid=c`,
      ['03:00 slot 01:00 abandoned too_many_runs', '03:00 owe ops opened too_many_runs'],
    ],
    [
      'a log changes no limit: a run that says it is alive times out all the same',
      NIGHTLY,
      `02:00 start rid=a
       03:59 log rid=a
       04:00:30 tick`,
      ['04:00 slot 02:00 timeout timeout', '04:00 owe ops opened timeout'],
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
      'an end without a run id ends the newest of several open runs with one',
      HOURLY,
      `01:00 start rid=a
       01:30 start rid=b
       01:40 success
       01:50 success`,
      ['01:40 no slot success succeeded', '01:50 slot 01:00 success succeeded'],
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
      'a whole run reported at its end does not claim a slot that has come since its start',
      { ...HOURLY, grace: '90m' },
      `01:00 success
       03:10 success took=20m
       04:30:01 tick`,
      [
        '01:00 slot 01:00 success succeeded',
        '03:10 slot 02:00 success succeeded',
        '04:30 slot 03:00 missed missed',
        '04:30 owe ops opened missed',
      ],
    ],
    [
      'max_open_runs is 10 unless the job says otherwise',
      { max_runtime: '1d' },
      Array.from({ length: 11 }, (_, i) => `01:${10 + i} start rid=r${i}`).join('\n'),
      ['01:20 no slot abandoned too_many_runs', '01:20 owe ops opened too_many_runs'],
    ],
    [
      'without success_exit_codes, exit code 0 alone is good',
      HOURLY,
      `01:00 failure exit=0
       02:00 success exit=1
       03:00 failure exit=0
       04:00 success exit=-1`,
      [
        '01:00 slot 01:00 success succeeded',
        '02:00 slot 02:00 failure exit_code',
        '02:00 owe ops opened exit_code',
        '03:00 slot 03:00 success succeeded',
        '03:00 owe ops closed succeeded',
        '03:00 incident closed recovered',
        '04:00 slot 04:00 failure exit_code',
        '04:00 owe ops opened exit_code',
      ],
    ],
    [
      'abandoned counts as bad: it opens the incident as a failure does',
      { ...HOURLY, failure_threshold: { failure: 2 } },
      `01:00 start
       02:00 start
       03:00 start`,
      [
        '02:00 slot 01:00 abandoned abandoned',
        '03:00 slot 02:00 abandoned abandoned',
        '03:00 owe ops opened abandoned (2)',
      ],
    ],
    [
      'an end without a run id ends the anonymous run, though a newer one with a run id is open',
      HOURLY,
      `01:00 start
       01:30 start rid=a
       01:40 success`,
      ['01:40 slot 01:00 success succeeded'],
    ],
  ]);
});

describe('§3.2 the limit of a run', () => {
  test.each([
    ['a day where its job declares none', { schedule: '*/10 * * * *' }, '24h'],
    ['a day where its job has no schedule, whatever the lock does', { overlap: 'skip' }, '24h'],
    ['four periods where an interval waits for the end of a run', { every: '30m' }, '2h'],
    ['an hour at least where the interval is short', { every: '5m' }, '1h'],
    ['a day at most where the interval is long', { every: '12h' }, '24h'],
    ['four periods where a run hides slots', { schedule: '0 8-20 * * *', overlap: 'skip' }, '4h'],
    [
      'an hour at least where a run hides slots that come often',
      { schedule: '*/5 * * * *', overlap: 'skip' },
      '1h',
    ],
    [
      'a day at most where a run hides slots that come seldom',
      { schedule: '0 9 * * 1-5', overlap: 'skip' },
      '24h',
    ],
    ['the one that its job declares', { every: '30m', max_runtime: '5h' }, '5h'],
  ] satisfies [string, Declaration, string][])('is %s', (_what, declaration, limit) => {
    const { runs } = stateAfter(declaration, '00:30 start rid=a');
    expect(runs.at(-1)?.limit_at).toBe(instant('00:30') + parseDuration(limit));
  });

  table([
    [
      'makes a host that dies in the middle of a run no silence for a day',
      { every: '5m' },
      `00:05 start rid=a
       00:06 success rid=a
       00:10 start rid=b
       01:10 tick`,
      [
        '00:06 slot 00:05 success succeeded',
        '01:10 slot 00:10 timeout timeout',
        '01:10 owe ops opened timeout',
      ],
    ],
    [
      'changes at once with the interval, but makes no run late that was in time',
      { every: '12h', grace: '5m' },
      `00:30 start rid=a
       03:00 spec {"every":"10m"}
       03:04 tick
       03:05 tick`,
      ['03:05 no slot timeout timeout', '03:05 owe ops opened timeout'],
    ],
  ]);
});

describe('§3.2 a lock that is taken', () => {
  table([
    [
      'skips are in a row by their own instants, whatever the order in which they are heard of',
      NONE,
      `01:00 skip
       03:00 skip
       03:01 skip delay=61m`,
      [
        '01:00 no slot skipped lock_held',
        '03:00 no slot skipped lock_held',
        '02:00 no slot failure stuck_lock',
        '02:00 owe ops opened stuck_lock',
      ],
    ],
    [
      'a skip from before the latest run is in no row, for the lock has been free since',
      NONE,
      `01:00 success
       01:30 skip delay=60m
       02:00 skip
       03:00 skip
       03:30 success delay=60m
       04:00 skip`,
      [
        '01:00 no slot success succeeded',
        '00:30 no slot skipped lock_held',
        '02:00 no slot skipped lock_held',
        '03:00 no slot skipped lock_held',
        '02:30 no slot success succeeded',
        '04:00 no slot skipped lock_held',
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
      'a start that comes after its end breaks no row of skips: its run was before them',
      HOURLY,
      `00:57:30 success rid=z
       00:58:10 skip rid=a
       00:58:20 start rid=z
       02:00 skip rid=b
       03:00 skip rid=c`,
      [
        '00:57:30 no slot success succeeded',
        '00:58:10 slot 01:00 skipped lock_held',
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
    [
      'skips while a run is open are no stuck lock, however many',
      { ...HOURLY, max_runtime: '1d' },
      `01:00 start rid=a
       02:00 skip
       03:00 skip
       04:00 skip
       05:00 skip`,
      [
        '02:00 slot 02:00 skipped lock_held',
        '03:00 slot 03:00 skipped lock_held',
        '04:00 slot 04:00 skipped lock_held',
        '05:00 slot 05:00 skipped lock_held',
      ],
    ],
    [
      'a run in between makes skips no row: the third in a row counts',
      HOURLY,
      `01:00 skip
       02:00 skip
       03:00 success
       04:00 skip
       05:00 skip
       06:00 skip`,
      [
        '01:00 slot 01:00 skipped lock_held',
        '02:00 slot 02:00 skipped lock_held',
        '03:00 slot 03:00 success succeeded',
        '04:00 slot 04:00 skipped lock_held',
        '05:00 slot 05:00 skipped lock_held',
        '06:00 slot 06:00 failure stuck_lock',
        '06:00 owe ops opened stuck_lock',
      ],
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
    [
      'a run that is too short by its own report is a failure',
      'success took=59s output=done,dumped|7-rows',
      'failure too_fast',
    ],
    ['one bad exit code needs no second reason', 'success took=1s exit=2', 'failure exit_code'],
    ['a run without output is a failure', 'success took=1m', 'failure output_mismatch'],
    [
      'a run whose output lacks one of several texts is a failure',
      'success took=1m output=done|7-rows',
      'failure output_mismatch',
    ],
    [
      'a run whose output has an unwanted text is a failure',
      'success took=1m output=done,dumped,ERROR|7-rows',
      'failure output_mismatch',
    ],
    [
      'a run whose output does not match the pattern is a failure',
      'success took=1m output=done,dumped|0-rows',
      'failure output_mismatch',
    ],
    ['a run that is all as expected is a success', `success ${FINE}`, 'success succeeded'],
    [
      'a run whose output nobody captured is a success',
      'success took=1m captured=false',
      'success succeeded',
    ],
    [
      'a run whose output nobody captured may have been too fast all the same',
      'success took=59s captured=false',
      'failure too_fast',
    ],
    [
      'a run whose output nobody captured may have a bad exit code all the same',
      'success took=1m exit=2 captured=false',
      'failure exit_code',
    ],
    [
      'a report that nobody can read is a failure',
      `success ${FINE} unreadable=exit_code`,
      'failure unreadable_report',
    ],
    [
      'a bad report stays bad, whatever else nobody can read',
      'success exit=2 unreadable=signal',
      'failure exit_code',
    ],
    ['a bad report stays bad, whatever the run printed', `failure ${FINE}`, 'failure reported_failure'],
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

  test('the history says that nobody captured the output, so that it was not judged', () => {
    const { runs } = stateAfter(BACKUP, '02:04 success took=1m captured=false');
    expect(runs.map((run) => run.detail)).toEqual(['its output was not captured, so it was not judged']);
  });

  test('the history says what nobody could read', () => {
    const { runs } = stateAfter(BACKUP, '02:04 success unreadable=exit_code');
    expect(runs.map((run) => run.detail)).toEqual(['exit_code cannot be read']);
  });

  test('a pattern takes linear time: one that makes others backtrack without end is judged', () => {
    const spec: Declaration = { ...NIGHTLY, expect: { output: { matches: '^(a+)+$' } } };
    const output = `${'a'.repeat(100)}!`;
    expect(play(spec, `02:00 success output=${output}`)[0]).toBe('02:00 slot 02:00 failure output_mismatch');
  });
});
