import { expect, test } from 'vitest';
import { formatDuration } from '../../src/schedule/duration.ts';
import { cronPeriodMs } from '../../src/schedule/period.ts';

test.each([
  ['* * * * *', '1m'],
  ['*/7 * * * *', '4m'],
  ['7,22,37,52 * * * *', '15m'],
  ['0 8-20 * * *', '1h'],
  ['0 2,3 * * *', '1h'],
  ['30 1-3 * * *', '1h'],
  ['0 1,23 * * *', '2h'],
  ['0 2 * * *', '1d'],
  ['0 9 * * 1-5', '1d'],
  ['0 9 * * 1,4', '3d'],
  ['@weekly', '7d'],
  ['0 0 1 * *', '28d'],
  ['0 0 L * *', '28d'],
  ['0 12 1 * 1', '1d'],
  ['0 0 1 1 *', '365d'],
  ['0 0 29 2 *', '1461d'],
  ['*/10 * * * * *', '10s'],
  ['0,1 0 3 * * *', '1s'],
  ['* * * * * *', '1s'],
  ['0 59 23 * * *', '1d'],
  ['0 0 0,23 1,2 * *', '1h'],
])('the period of %s is %s', (expression, period) => {
  expect(formatDuration(cronPeriodMs(expression))).toBe(period);
});

test('a bad expression has no period', () => {
  expect(() => cronPeriodMs('61 * * * *')).toThrow(/0-59/);
});
