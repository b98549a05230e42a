import { describe, expect, test } from 'vitest';
import { instant, stateAfter } from '../support/scenario.ts';
import { HOURLY } from '../support/table.ts';

describe('§3.5 history', () => {
  test('consecutive misses are folded into one counted row, from the first slot to the last', () => {
    const { runs } = stateAfter(HOURLY, '00:30 success\n05:05 tick');
    expect(runs).toMatchObject([
      { outcome: 'success', count: 1 },
      {
        outcome: 'missed',
        count: 5,
        first_slot_at: instant('01:00'),
        slot_at: instant('05:00'),
        ended_at: instant('05:05'),
      },
    ]);
  });

  test('misses with a run between them are rows of their own', () => {
    const { runs } = stateAfter(HOURLY, '00:30 log\n02:05 tick\n03:00 success\n04:05 tick');
    expect(runs.map(({ outcome, count }) => `${outcome} ${count}`)).toEqual([
      'missed 2',
      'success 1',
      'missed 1',
    ]);
  });

  test('a late report takes its slot out of the folded row', () => {
    const { runs } = stateAfter(HOURLY, '00:30 log\n05:05 tick\n05:10 success delay=130m');
    expect(runs).toMatchObject([
      { outcome: 'missed', count: 4, first_slot_at: instant('01:00'), slot_at: instant('05:00') },
      { outcome: 'success', count: 1, slot_at: instant('03:00'), late: true },
    ]);
  });

  test("a rerun's outcome takes the place of the miss: one row, marked late", () => {
    const { runs } = stateAfter(
      HOURLY,
      '00:30 log\n01:05 tick\n01:20 start rid=a\n01:30 failure rid=a exit=4',
    );
    expect(runs).toMatchObject([{ outcome: 'failure', slot_at: instant('01:00'), late: true, exit_code: 4 }]);
    expect(runs).toHaveLength(1);
  });

  test('each run has its slot, start, end, duration, outcome, reason, exit code or signal, and rid', () => {
    const { runs } = stateAfter(
      HOURLY,
      `01:00 start rid=a
       01:10 success rid=a exit=0
       02:00 start rid=b
       02:10 failure rid=b exit=143 signal=TERM`,
    );
    expect(runs).toMatchObject([
      {
        slot_at: instant('01:00'),
        started_at: instant('01:00'),
        ended_at: instant('01:10'),
        duration_ms: 600_000,
        outcome: 'success',
        reason: 'succeeded',
        exit_code: 0,
        rid: 'a',
      },
      { slot_at: instant('02:00'), outcome: 'failure', reason: 'signal', signal: 'TERM', rid: 'b' },
    ]);
  });
});
