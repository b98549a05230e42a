import { describe, expect, test } from 'vitest';
import type { Day } from '../../src/cli/api-types.ts';
import { parseDuration } from '../../src/schedule/duration.ts';
import { calendarOf, durationOf, medianOf } from '../../src/web/model/days.ts';

const NONE = { success: 0, failure: 0, timeout: 0, missed: 0, abandoned: 0, skipped: 0, unknown: 0 };
const day = (date: string, outcomes: Partial<Day['outcomes']>): Day => ({
  date,
  outcomes: { ...NONE, ...outcomes },
  median_ms: null,
  p95_ms: null,
});
const NOW_AT = Date.UTC(2026, 0, 16, 7, 5);

describe('the calendar', () => {
  test('has 90 days, the last of which is today', () => {
    const days = calendarOf([day('2026-01-16', { success: 2 })], NOW_AT);
    expect([days.length, days[0]?.date, days.at(-1)?.date]).toEqual([90, '2025-10-19', '2026-01-16']);
    expect(days.at(-1)).toEqual({ date: '2026-01-16', look: 'success', text: '2026-01-16: 2 success' });
    expect(days.at(-2)).toEqual({ date: '2026-01-15', look: null, text: '2026-01-15: nothing' });
  });

  test.each([
    [{ success: 9, missed: 1, failure: 1 }, 'failure'],
    [{ success: 9, abandoned: 1 }, 'failure'],
    [{ success: 9, timeout: 1, missed: 3 }, 'timeout'],
    [{ success: 9, missed: 1 }, 'missed'],
    [{ success: 1, unknown: 5 }, 'success'],
    [{ skipped: 1 }, 'unknown'],
    [{}, null],
  ])('shows the worst of a day: %j', (outcomes, look) => {
    expect(calendarOf([day('2026-01-16', outcomes)], NOW_AT).at(-1)?.look).toBe(look);
  });
});

test('the median is the middle, or between the two in the middle', () => {
  expect([medianOf([]), medianOf([5]), medianOf([9, 1, 5]), medianOf([1, 3, 2, 10])]).toEqual([
    null,
    5,
    5,
    2.5,
  ]);
});

test.each(['90s', '5m', '1h30m', '2d', '1d2h3m4s'])('%s is as long as the configuration takes it', (text) => {
  expect(durationOf(text)).toBe(parseDuration(text));
});

test('what is no duration is none', () => {
  expect([durationOf(undefined), durationOf('off')]).toEqual([null, null]);
});
