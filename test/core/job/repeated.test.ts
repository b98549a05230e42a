import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { play, stateAfter } from '../support/scenario.ts';
import { HOURLY, MINUTELY, NONE, table } from '../support/table.ts';

/** Returns the time of day this many minutes after midnight. */
function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** Repeats a whole run this many times on the second day, a minute apart. */
function many(count: number): string {
  return Array.from({ length: count }, (_, i) => `d2 ${clock(i)} success rid=r${i}`).join('\n');
}

describe('§3.2 an anonymous ping that comes again', () => {
  table([
    [
      'a start within a minute of the open run is a retry and changes nothing',
      HOURLY,
      `01:00 start
       01:00:11 start
       01:01 start
       01:10 success`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'a start more than a minute after the open run means that the earlier run died',
      HOURLY,
      `01:00 start
       01:01:01 start`,
      ['01:01:01 slot 01:00 abandoned abandoned', '01:01:01 owe ops opened abandoned'],
    ],
    [
      'a start after half the period of a job that runs often means that the earlier run died',
      MINUTELY,
      `00:01 start
       00:01:30 start
       00:01:31 start`,
      ['00:01:31 slot 00:01 abandoned abandoned', '00:01:31 owe ops opened abandoned'],
    ],
    [
      'a start after half a short interval means that the earlier run died',
      { every: '20s', grace: '1m' },
      `00:01 start
       00:01:10 start
       00:01:11 start`,
      ['00:01:11 slot 00:00:20 abandoned abandoned', '00:01:11 owe ops opened abandoned'],
    ],
    [
      'a start that says how long ago it was is a retry, though it seems to be the earlier one',
      HOURLY,
      `01:00:02 start
       01:00:30 start delay=29s
       01:10 success`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'the retry of a start that failed as an overlap is no second failure',
      { ...HOURLY, overlap: 'forbid' },
      `01:00 start rid=a
       01:10 start
       01:10:20 start`,
      ['01:10 no slot failure overlap', '01:10 owe ops opened overlap'],
    ],
    [
      'an end like the last one within a minute is a retry: a failure counts once',
      { ...HOURLY, failure_threshold: 2 },
      `01:00 failure exit=2
       01:00:40 failure exit=2
       01:01 failure exit=2
       01:01:01 failure exit=2`,
      [
        '01:00 slot 01:00 failure exit_code',
        '01:01:01 no slot failure exit_code',
        '01:01:01 owe ops opened exit_code (2)',
      ],
    ],
    [
      'a success retried just before a slot is no further run',
      HOURLY,
      `01:00 success
       01:59:20 success
       01:59:59 success
       02:05 tick`,
      ['01:00 slot 01:00 success succeeded', '01:59:20 slot 02:00 success succeeded'],
    ],
    [
      'an end of another kind, with another exit code, or after half the period is no retry',
      NONE,
      `01:00 success
       01:00:10 failure
       01:00:20 failure exit=3
       01:00:30 failure exit=4`,
      [
        '01:00 no slot success succeeded',
        '01:00:10 no slot failure reported_failure',
        '01:00:10 owe ops opened reported_failure',
        '01:00:20 no slot failure exit_code',
        '01:00:30 no slot failure exit_code',
      ],
    ],
    [
      'an end is no retry where a start came in between, whoever sent that start',
      NONE,
      `01:00 start
       01:00:10 success
       01:00:20 start
       01:00:30 success
       01:00:40 start rid=a
       01:00:50 success`,
      [
        '01:00:10 no slot success succeeded',
        '01:00:30 no slot success succeeded',
        '01:00:50 no slot success succeeded',
      ],
    ],
    [
      'a retried end does not end another run that is open',
      NONE,
      `01:00 start rid=a
       01:10 start
       01:20 failure exit=1
       01:20:12 failure exit=1
       02:00 tick`,
      ['01:20 no slot failure exit_code', '01:20 owe ops opened exit_code', '02:00 no slot timeout timeout'],
    ],
  ]);
});

describe('§3.2 a run id that comes again', () => {
  const DAILY: Declaration = { schedule: '0 2 * * *', grace: '5m', max_runtime: '2h' };
  table([
    [
      'more than a minute after its run has ended is a new run',
      HOURLY,
      `01:00 start rid=7
       01:10 success rid=7
       02:00 start rid=7
       02:10 failure rid=7
       02:20 success rid=7
       03:00 start rid=7
       03:01 success rid=7`,
      [
        '01:10 slot 01:00 success succeeded',
        '02:10 slot 02:00 failure reported_failure',
        '02:10 owe ops opened reported_failure',
        '03:01 slot 03:00 success succeeded',
        '03:01 owe ops closed succeeded',
        '03:01 incident closed recovered',
      ],
    ],
    [
      'within a minute of the end is a retry, and so is a ping dated before the end, whenever it comes',
      HOURLY,
      `01:00 start rid=7
       01:10 success rid=7
       01:11 start rid=7
       01:40 start rid=7 delay=40m
       01:41 success rid=7 delay=31m
       03:00 tick`,
      ['01:10 slot 01:00 success succeeded', '02:05 slot 02:00 missed missed', '02:05 owe ops opened missed'],
    ],
    [
      'in replayed pings of the earlier run is told from the new run by their instants',
      HOURLY,
      `01:00 start rid=7
       01:10 failure rid=7
       02:00 start rid=7
       02:20 start rid=7 delay=80m
       02:21 failure rid=7 delay=71m
       02:30 success rid=7`,
      [
        '01:10 slot 01:00 failure reported_failure',
        '01:10 owe ops opened reported_failure',
        '02:30 slot 02:00 success succeeded',
        '02:30 owe ops closed succeeded',
        '02:30 incident closed recovered',
      ],
    ],
    [
      'after a timeout of its run is a new run',
      { max_runtime: '30m' },
      `01:00 start rid=7
       02:00 start rid=7
       02:10 success rid=7`,
      [
        '01:30 no slot timeout timeout',
        '01:30 owe ops opened timeout',
        '02:10 no slot success succeeded',
        '02:10 owe ops closed succeeded',
        '02:10 incident closed recovered',
      ],
    ],
    [
      'while its run is open is a retry, however much later it comes',
      DAILY,
      `02:00 start rid=7
       03:30 start rid=7
       03:40 success rid=7`,
      ['03:40 slot 02:00 success succeeded'],
    ],
    [
      'is told from a new run also where the history is short',
      { ...HOURLY, keep_runs: 1 },
      `01:00 start rid=7
       01:10 success rid=7
       01:20 success rid=8
       01:21 start rid=7 delay=15m
       02:00 start rid=7
       02:10 failure rid=7`,
      [
        '01:10 slot 01:00 success succeeded',
        '01:20 no slot success succeeded',
        '02:10 slot 02:00 failure reported_failure',
        '02:10 owe ops opened reported_failure',
      ],
    ],
  ]);

  test('belongs to its newest run, whichever run was changed last', () => {
    const { runs } = stateAfter(
      { max_runtime: '30m' },
      `01:00 start rid=7
       01:40 start rid=7
       01:50 failure rid=7 delay=20m
       02:00 success rid=7`,
    );
    expect(runs.map((run) => run.outcome)).toEqual(['failure', 'success']);
  });
});

describe('§3.2 a start from before all that the history holds', () => {
  test.each([
    ['a hundred runs', { max_runtime: '1h' }, 100],
    ['a few runs', { max_runtime: '1h', keep_runs: 20 }, 20],
    ['fewer runs than are known by their run ids', { max_runtime: '1h', keep_runs: 2 }, 10],
  ])('opens no run where the history is full with %s', (_what, declaration, count) => {
    const runs = `01:00 start rid=old\n01:10 success rid=old\n${many(count)}`;
    const trace = play(declaration, `${runs}\nd2 04:00 start rid=old delay=27h\nd2 09:00 tick`);
    expect(trace.filter((line) => line.includes('timeout'))).toEqual([]);
    // A start that can still be told from a repetition is a run as ever.
    const one = `01:10 success rid=old\nd2 00:00 success rid=r1\nd2 04:00 start rid=new delay=27h\nd2 09:00 tick`;
    expect(play(declaration, one).at(-1)).toContain('timeout');
  });
});
