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

describe('§3.5 a folded row of misses from which runs take slots', () => {
  const HALF_HOURLY = { schedule: '*/30 * * * *', grace: '5m' };
  const rowOf = (script: string): (number | null | undefined)[] => {
    const row = stateAfter(HALF_HOURLY, script).runs.find((run) => run.outcome === 'missed');
    return [row?.count, row?.first_slot_at, row?.slot_at];
  };

  test('keeps its first and last slot where the newest are taken while others are still running', () => {
    const misses = '00:10 log\n02:06 tick';
    const starts = '02:07 start rid=b delay=36m\n02:07 start rid=c';
    expect(rowOf(`${misses}\n${starts}\n02:10 success rid=c`)).toEqual([
      3,
      instant('00:30'),
      instant('01:30'),
    ]);
    expect(rowOf(`${misses}\n${starts}\n02:10 success rid=c\n02:11 success rid=b`)).toEqual([
      2,
      instant('00:30'),
      instant('01:00'),
    ]);
  });

  test('keeps its first slot, however many are in the row', () => {
    const script = `00:10 log
      20:06 tick
      20:07 success rid=a delay=1m`;
    expect(rowOf(script)).toEqual([39, instant('00:30'), instant('19:30')]);
  });

  test('keeps its first and last slot where a changed schedule has let the slots go before the run ends', () => {
    const script = `00:10 log
      02:06 tick
      02:07 start rid=a
      02:08 spec {"schedule":"15 * * * *"}
      02:10 failure rid=a`;
    expect(rowOf(script)).toEqual([3, instant('00:30'), instant('01:30')]);
  });
});

describe('an incident with more than 50 outcomes', () => {
  test('keeps its reason where a later slot of the row that opened it turns out to have failed', () => {
    const failures = Array.from({ length: 52 }, (_, index) => {
      const minute = String(10 + Math.floor(index / 2)).padStart(2, '0');
      return `02:${minute}:${index % 2 === 0 ? '10' : '40'} start rid=f${index}\n02:${minute}:${index % 2 === 0 ? '11' : '41'} failure rid=f${index} exit=3`;
    });
    const { incident } = stateAfter(
      { schedule: '*/30 * * * *', grace: '5m' },
      `00:10 log
       02:06 tick
       02:06:30 log
       ${failures.slice(1).join('\n')}
       02:36 failure exit=4 delay=56m`,
    );
    expect(incident?.reason).toBe('missed');
    expect(incident?.bad_count).toBe(54);
  });
});
