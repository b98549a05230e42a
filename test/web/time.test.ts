import { describe, expect, test } from 'vitest';
import {
  agoText,
  aheadText,
  clockText,
  durationText,
  fullText,
  instantOf,
  stretchText,
} from '../../src/web/model/time.ts';

const NOW = Date.parse('2026-01-16T08:05:00Z');

describe('durations and instants are written for people', () => {
  test.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [4_250, '4.2 s'],
    [9_999, '9.9 s'],
    [59_999, '59 s'],
    [252_000, '4m 12s'],
    [3_600_000, '1h'],
    [11_100_000, '3h 5m'],
    [187_200_000, '2d 4h'],
  ])('a run of %i ms took %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  test.each([
    [-5, '0 s'],
    [4_250, '4 s'],
    [252_000, '4m 12s'],
  ])('what goes on for %i ms has gone on for %s', (ms, text) => {
    expect(stretchText(ms)).toBe(text);
  });

  test.each([
    [500, 'now'],
    [40_000, '40 s ago'],
    [3_599_000, '59 min ago'],
    [40 * 3_600_000, '40 h ago'],
    [50 * 3_600_000, '2 d ago'],
  ])('what was %i ms before is %s', (ms, text) => {
    expect(agoText(NOW - ms, NOW)).toBe(text);
  });

  test.each([
    [0, 'now'],
    [40_000, 'in 40 s'],
    [252_000, 'in 4m 12s'],
    [7_200_000, 'in 2 h'],
  ])('what comes after %i ms is %s', (ms, text) => {
    expect(aheadText(NOW + ms, NOW)).toBe(text);
  });

  test('a time of day says its day where that is not today in the zone of the reader', () => {
    expect(clockText(Date.parse('2026-01-16T02:14:00Z'), NOW, 'UTC')).toBe('02:14');
    expect(clockText(Date.parse('2026-01-16T02:14:00Z'), NOW, 'America/New_York')).toBe('Thu 21:14');
    expect(clockText(Date.parse('2026-01-02T00:00:00Z'), NOW, 'UTC')).toBe('2 Jan 00:00');
    expect(fullText(NOW, 'UTC')).toBe('Fri 16 Jan 2026 08:05:00 UTC');
  });

  test('an instant that cannot be read is none', () => {
    expect([instantOf('2026-01-16T08:05:00.000Z'), instantOf('soon'), instantOf(null)]).toEqual([
      NOW,
      null,
      null,
    ]);
  });
});
