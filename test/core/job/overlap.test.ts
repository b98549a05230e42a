import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { instant, stateAfter } from '../support/scenario.ts';
import { HOURLY, table } from '../support/table.ts';

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
      'overlap: forbid makes the second run a failure as it starts; its own end changes history only',
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
      'overlap: forbid: a delayed end of the first run takes the failure back, and the second run goes on',
      FORBID,
      `01:00 start rid=a
       02:00 start rid=b
       02:00:30 success rid=a delay=1m
       02:10 success rid=b`,
      [
        '02:00 slot 02:00 failure overlap',
        '02:00 owe ops opened overlap',
        '01:59:30 slot 01:00 success succeeded',
        '02:00 owe ops closed succeeded',
        '02:00 incident closed late_report',
        '02:10 slot 02:00 success succeeded',
      ],
    ],
    [
      'overlap: forbid: a run whose failure is taken back is watched again, with its whole limit or a minute at least',
      { ...FORBID, max_runtime: '30m' },
      `01:00 start rid=a
       01:10 start rid=b
       02:00 success rid=a delay=51m
       02:00:59 tick
       02:01:01 tick`,
      [
        '01:10 no slot failure overlap',
        '01:10 owe ops opened overlap',
        '01:09 slot 01:00 success succeeded',
        '01:10 owe ops closed succeeded',
        '01:10 incident closed late_report',
        '02:01 no slot timeout timeout',
        '02:01 owe ops opened timeout',
      ],
    ],
    [
      'overlap: forbid: a run whose failure is taken back has ended as it said, if it has ended by then',
      FORBID,
      `01:00 start rid=a
       02:00 start rid=b
       02:10 failure rid=b exit=3
       02:11 success rid=a delay=12m`,
      [
        '02:00 slot 02:00 failure overlap',
        '02:00 owe ops opened overlap',
        '01:59 slot 01:00 success succeeded',
      ],
    ],
    [
      'overlap: forbid: no failure is taken back where a third run was open as well',
      FORBID,
      `01:00 start rid=a
       01:10 gap from=01:09
       01:20 start rid=b
       02:00 start rid=c
       02:01 success rid=a delay=10m
       02:02 success rid=c`,
      [
        '02:00 slot 02:00 failure overlap',
        '02:00 owe ops opened overlap',
        '01:51 slot 01:00 success succeeded',
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

  test('overlap: forbid: a failure taken back is in the incident as what the run said of itself', () => {
    const { runs, job, incident } = stateAfter(
      FORBID,
      `01:00 start rid=a
       02:00 start rid=b
       02:10 failure rid=b exit=3
       02:11 success rid=a delay=12m`,
    );
    expect(runs.at(-1)).toMatchObject({ outcome: 'failure', reason: 'exit_code', duration_ms: 600_000 });
    expect(incident).toMatchObject({ reason: 'exit_code', bad_count: 1, outcomes: [{}, {}] });
    expect(job).toMatchObject({ status: 'failure', last_outcome_at: instant('02:10') });
  });

  test('overlap: forbid: a run that goes on after all takes the miss that it replaced out of the history only once', () => {
    const { runs } = stateAfter(
      { every: '1h', max_runtime: '16m', overlap: 'forbid' },
      `05:33:00 start rid=a delay=91m
       05:33:10 start rid=b delay=33m
       05:33:20 success rid=a delay=91m
       05:40 tick`,
    );
    // The slots from 01:00 to 05:00 were missed.
    expect(runs).toMatchObject([
      { outcome: 'missed', count: 3 },
      { rid: 'a', outcome: 'success', slot_at: instant('04:00') },
      { rid: 'b', outcome: 'timeout', slot_at: instant('05:00') },
    ]);
  });

  test('overlap: forbid: the history says how the second run ended, and that it was a failure', () => {
    const { runs, job } = stateAfter(
      FORBID,
      `01:00 start rid=a
       02:00 start rid=b
       02:10 success rid=b exit=0
       02:11 failure rid=b exit=1`,
    );
    expect(runs.at(-1)).toMatchObject({
      outcome: 'failure',
      reason: 'overlap',
      started_at: instant('02:00'),
      ended_at: instant('02:10'),
      duration_ms: 600_000,
      exit_code: 0,
    });
    expect(job).toMatchObject({ status: 'running', last_success_at: null, last_outcome: 'failure' });
  });
});
