import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, isDuration, parseDuration } from '../../src/schedule/duration.ts';
import { ScheduleError } from '../../src/schedule/error.ts';

const ALLOWED = 'whole numbers with d, h, m, s, largest first, such as 90s, 5m, 1h30m or 2d';

describe('parseDuration', () => {
  test.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1d2h3m4s', 93_784_000],
    ['0s', 0],
    ['3650d', 315_360_000_000],
  ])('reads %s', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
    expect(isDuration(text)).toBe(true);
  });

  test.each([
    '',
    '5',
    's',
    '500ms',
    '-5m',
    '+5m',
    '1.5h',
    '5m ',
    '1h 30m',
    '30m1h',
    '5m5m',
    '5M',
    '1w',
    '1y',
    '٣m',
  ])('refuses %j', (text) => {
    expect(isDuration(text)).toBe(false);
    expect(() => parseDuration(text)).toThrow(
      `duration ${JSON.stringify(text)} is not a duration: ${ALLOWED}`,
    );
  });

  test('refuses more than 10 years, and numbers beyond any', () => {
    expect(() => parseDuration('3651d')).toThrow('duration "3651d" is too long: at most 3650d (10 years)');
    expect(() => parseDuration(`${'9'.repeat(400)}d`)).toThrow('is too long');
  });

  test('names the field, the value and what is allowed', () => {
    expect(() => parseDuration('soon')).toThrow(ScheduleError);
    expect(() => parseDuration('soon')).toThrow(
      expect.objectContaining({ field: 'duration', value: 'soon', allowed: ALLOWED, suggestion: undefined }),
    );
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [20, '0s'],
    [400, '0.4s'],
    [1_000, '1s'],
    [1_540, '1.5s'],
    [9_949, '9.9s'],
    [9_950, '10s'],
    [12_600, '13s'],
    [59_700, '1m'],
    [252_000, '4m12s'],
    [5_400_000, '1h30m'],
    [86_400_000, '1d'],
    [129_600_000, '1d12h'],
    [-5_000, '0s'],
    [Number.NaN, '0s'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  test('is taken back by parseDuration for whole seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 315_360_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});
