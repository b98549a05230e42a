import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Day,
  figuresOf,
  isEmptyDay,
  type Tally,
  tallied,
  talliesOf,
} from '../../../src/core/model/daily.ts';
import { run, skipRow } from '../../support/records.ts';

const DATE = '2026-01-15';

function dayOf(...tallies: Partial<Tally>[]): Day {
  let day: Day = { job_id: 'a', date: DATE, outcomes: {}, durations: [] };
  for (const tally of tallies) {
    day = tallied(day, 'a', { date: DATE, outcome: 'success', delta: 1, duration_ms: null, ...tally });
  }
  return day;
}

const withDurations = (durations: readonly number[]): Day =>
  dayOf(...durations.map((durationMs) => ({ duration_ms: durationMs })));

describe('the figures of a day', () => {
  test('name every outcome, and no duration where none is known', () => {
    expect(figuresOf(dayOf({ outcome: 'missed', delta: 3 }))).toEqual({
      outcomes: { success: 0, failure: 0, timeout: 0, missed: 3, abandoned: 0, skipped: 0, unknown: 0 },
      median_ms: null,
      p95_ms: null,
    });
  });

  test('are within 1 % of the median and the 95th percentile, from no time at all to a year', () => {
    const duration = fc.oneof(
      fc.integer({ min: 0, max: 366 * 86_400_000 }),
      fc.integer({ min: 0, max: 500 }),
    );
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 200 }), (durations) => {
        const sorted = durations.toSorted((a, b) => a - b);
        const { median_ms: median, p95_ms: p95 } = figuresOf(withDurations(durations));
        for (const [figure, part] of [
          [median!, 0.5],
          [p95!, 0.95],
        ] as const) {
          const exact = sorted[Math.ceil(part * sorted.length) - 1]!;
          // Half a millisecond is added for the rounding.
          expect(Math.abs(figure - exact)).toBeLessThanOrEqual(exact * 0.01 + 0.5);
        }
      }),
    );
  });

  test('are the median and the 95th percentile of a hundred, not their neighbours', () => {
    // Any two durations differ by a factor of 1.03, so that the error of 1 % cannot hide one behind another.
    const durations = Array.from({ length: 100 }, (_, i) => Math.round(1_000 * 1.03 ** i));
    const { median_ms: median, p95_ms: p95 } = figuresOf(withDurations(durations));
    expect(Math.abs(median! / durations[49]! - 1)).toBeLessThan(0.0101);
    expect(Math.abs(p95! / durations[94]! - 1)).toBeLessThan(0.0101);
  });

  test('stay bounded, however long the durations', () => {
    const day = withDurations([1e15, 366 * 86_400_000]);
    expect(day.durations).toHaveLength(2);
    expect(day.durations[0]).toBeLessThan(1_300);
  });

  test('are as before when the runs that were added are taken back, in whatever order', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(durations, durations, (kept, gone) => {
        let day = withDurations([...gone, ...kept]);
        for (const durationMs of gone) {
          const tally: Tally = { date: DATE, outcome: 'success', delta: -1, duration_ms: durationMs };
          day = tallied(day, 'a', tally);
        }
        expect(day).toEqual(withDurations(kept));
        expect(isEmptyDay(day)).toBe(kept.length === 0);
      }),
    );
  });

  test('are never less than nothing, though a run that is taken back may be forgotten since', () => {
    const day = dayOf({ delta: -1, duration_ms: 50 }, { outcome: 'failure' });
    expect(day).toMatchObject({ outcomes: { failure: 1 }, durations: [] });
  });
});

describe('a run', () => {
  test.each([
    ['its slot', { slot_at: Date.parse('2026-01-14T23:59:59Z') }, '2026-01-14'],
    ['its start', { started_at: Date.parse('2026-01-13T12:00:00Z') }, '2026-01-13'],
    [
      'its end, if that is all that is known',
      { started_at: null, ended_at: Date.parse('2026-01-12T00:00:00Z') },
      '2026-01-12',
    ],
  ])('counts on the UTC day of %s', (_what, changes, date) => {
    expect(talliesOf(undefined, run('a', 1, changes))).toMatchObject([
      { date, outcome: 'success', delta: 1 },
    ]);
  });

  test.each([
    ['is open', { outcome: null }],
    ['was recorded while its job was paused', { counted: false }],
  ])('does not count while it %s', (_what, changes) => {
    expect(talliesOf(undefined, run('a', 1, changes))).toEqual([]);
  });

  test.each([
    ['succeeded', { outcome: 'success' }, 1_000],
    ['failed', { outcome: 'failure' }, 1_000],
    ['timed out, as nobody knows how long it lasted', { outcome: 'timeout' }, null],
  ] as const)('counts its duration, if that is known, where it %s', (_what, changes, durationMs) => {
    expect(talliesOf(undefined, run('a', 1, changes))).toMatchObject([{ duration_ms: durationMs }]);
  });

  test('counts no duration where it is a skip that found the lock stuck, because nothing ran', () => {
    const stuck = skipRow('a', 1, { outcome: 'failure', reason: 'stuck_lock' });
    expect(talliesOf(undefined, stuck)).toMatchObject([{ outcome: 'failure', duration_ms: null }]);
  });

  test('counts as what it was corrected to, and no more as what it was', () => {
    const given = run('a', 1, { outcome: 'timeout', duration_ms: 60_000 });
    expect(talliesOf(given, run('a', 1, { duration_ms: 90_000 }))).toMatchObject([
      { outcome: 'timeout', delta: -1, duration_ms: null },
      { outcome: 'success', delta: 1, duration_ms: 90_000 },
    ]);
    expect(talliesOf(given, { ...given, output_bytes: 5 })).toEqual([]);
  });
});
