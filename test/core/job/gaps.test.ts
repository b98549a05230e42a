import { expect, test } from 'vitest';
import { joinedGaps } from '../../../src/core/job/gaps.ts';

const gap = (from: number, to: number): { from_at: number; to_at: number } => ({ from_at: from, to_at: to });

test('few gaps stay as they are, in their order', () => {
  const gaps = [gap(50, 60), gap(10, 20), gap(22, 30)];
  expect(joinedGaps(gaps, 3)).toEqual(gaps);
});

test('of too many gaps those become one between which Cronflow lived for the shortest time', () => {
  const gaps = [gap(100, 110), gap(10, 20), gap(40, 93), gap(22, 30)];
  expect(joinedGaps(gaps, 3)).toEqual([gap(10, 30), gap(40, 93), gap(100, 110)]);
  expect(joinedGaps(gaps, 2)).toEqual([gap(10, 30), gap(40, 110)]);
  expect(joinedGaps(gaps, 1)).toEqual([gap(10, 110)]);
});

test('gaps that lie in one another become one that ends with the last of them', () => {
  expect(joinedGaps([gap(10, 90), gap(20, 30), gap(95, 99)], 2)).toEqual([gap(10, 90), gap(95, 99)]);
});
