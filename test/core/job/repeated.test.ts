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
      'one that comes later means that the earlier run died',
      HOURLY,
      `01:00 start
       01:01:01 start`,
      ['01:01:01 slot 01:00 abandoned abandoned', '01:01:01 owe ops opened abandoned'],
    ],
    [
      'and so does one after half the period of a job that runs often',
      MINUTELY,
      `00:01 start
       00:01:30 start
       00:01:31 start`,
      ['00:01:31 slot 00:01 abandoned abandoned', '00:01:31 owe ops opened abandoned'],
    ],
    [
      'also where that is an interval',
      { every: '20s', grace: '1m' },
      `00:01 start
       00:01:10 start
       00:01:11 start`,
      ['00:01:11 slot 00:00:20 abandoned abandoned', '00:01:11 owe ops opened abandoned'],
    ],
    [
      'a retry that says how long ago it was is one, too, though it may seem to be the earlier one',
      HOURLY,
      `01:00:02 start
       01:00:30 start delay=29s
       01:10 success`,
      ['01:10 slot 01:00 success succeeded'],
    ],
    [
      'a run that failed by starting too soon is not one failure more by its retry',
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
      'and a success near the next slot does not claim it',
      HOURLY,
      `01:00 success
       01:59:20 success
       01:59:59 success
       02:05 tick`,
      ['01:00 slot 01:00 success succeeded', '01:59:20 slot 02:00 success succeeded'],
    ],
    [
      'an end of another kind is none, nor one with another exit code, nor one after half the period',
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
      'nor one with a start between, whoever sent that',
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
      'within that minute it is a retry, as is one dated before the end, whenever that comes',
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
      'what is replayed of the earlier run is told from the new one by its instant',
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
      'after a timeout it is one, too',
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
      'while its run is open it is a retry, however much later',
      DAILY,
      `02:00 start rid=7
       03:30 start rid=7
       03:40 success rid=7`,
      ['03:40 slot 02:00 success succeeded'],
    ],
    [
      'also where the history is short',
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

  test('the newest run of a run id is found, whichever was changed last', () => {
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
    ['of a hundred runs', { max_runtime: '1h' }, 100],
    ['of a few', { max_runtime: '1h', keep_runs: 20 }, 20],
    ['of fewer than are known by their run ids', { max_runtime: '1h', keep_runs: 2 }, 10],
  ])('opens no run that nobody runs where it holds the most %s', (_what, declaration, count) => {
    const runs = `01:00 start rid=old\n01:10 success rid=old\n${many(count)}`;
    const trace = play(declaration, `${runs}\nd2 04:00 start rid=old delay=27h\nd2 09:00 tick`);
    expect(trace.filter((line) => line.includes('timeout'))).toEqual([]);
    // A start that can still be told from a repetition is a run as ever.
    const one = `01:10 success rid=old\nd2 00:00 success rid=r1\nd2 04:00 start rid=new delay=27h\nd2 09:00 tick`;
    expect(play(declaration, one).at(-1)).toContain('timeout');
  });
});
