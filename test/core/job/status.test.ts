import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { stateAfter } from '../support/scenario.ts';
import { HOURLY } from '../support/table.ts';

describe('§3.3 status', () => {
  test.each<[what: string, declaration: Declaration, script: string, status: string]>([
    ['pending before anything counted', HOURLY, '00:30 log', 'pending'],
    ['running while a run is open', HOURLY, '01:00 start rid=a', 'running'],
    ['success after a good run', HOURLY, '01:00 success', 'success'],
    ['failure after a bad run', HOURLY, '01:00 failure', 'failure'],
    [
      'failure after a run that was abandoned',
      { ...HOURLY, max_open_runs: 1 },
      '01:00 start\n02:00 start\n02:01 paused\n02:02 success\n02:03 resumed',
      'failure',
    ],
    ['missed after a slot nobody claimed', HOURLY, '01:05 tick', 'missed'],
    [
      'timeout after a run that hung',
      HOURLY,
      '01:00 start rid=a\n02:00 success rid=b\n03:00 tick',
      'timeout',
    ],
    [
      'paused while the job is paused, whatever its runs do',
      HOURLY,
      '01:00 start rid=a\n01:10 paused\n01:20 success rid=a',
      'paused',
    ],
    ['as before after a skip', HOURLY, '01:00 success\n02:00 skip', 'success'],
    [
      'as before after a slot that ended unknown',
      HOURLY,
      '01:00 success\n02:10 gap from=01:50\n02:30 tick',
      'success',
    ],
    [
      'that of a run reported after it was given up, though its incident has closed with a removal',
      { max_runtime: '10m' },
      '01:00 start rid=a\n01:15 tick\n01:16 removed\n01:17 restored\n01:20 failure rid=a',
      'failure',
    ],
    [
      'that of a run reported after it was given up, also where the report is dated before that',
      { max_runtime: '10m' },
      '01:00 start rid=a\n01:15 tick\n01:16 removed\n01:17 restored\n01:20 success rid=a delay=15m',
      'success',
    ],
    [
      'that of the success which has answered a run since given up, whatever that reports',
      { max_runtime: '10m' },
      '01:00 start rid=a\n01:20 success rid=b\n01:30 failure rid=a',
      'success',
    ],
    [
      'that of the latest success, though a run given up later turns out to have failed before it',
      { max_runtime: '30m' },
      '02:00 start rid=a delay=1h\n02:02 success rid=b delay=30m\n02:30 failure rid=a delay=80m',
      'success',
    ],
    [
      'that of a miss dated after a late report, though that was of a later slot',
      { schedule: '0,30 * * * *', grace: '50m' },
      '02:21 success delay=51m30s',
      'missed',
    ],
    [
      'that of the last outcome, though the incident goes on',
      { ...HOURLY, recovery_threshold: 2 },
      '01:00 failure\n02:00 success',
      'success',
    ],
  ])('the status is %s', (_what, declaration, script, status) => {
    expect(stateAfter(declaration, script).job.status).toBe(status);
  });
});
