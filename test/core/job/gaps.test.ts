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

test('a gap that ended before what is undecided becomes one with those alone that did so, too', () => {
  const gaps = [gap(10, 20), gap(30, 40), gap(44, 45), gap(46, 50), gap(70, 80), gap(99, 100)];
  expect(joinedGaps(gaps, 5, 46)).toEqual([gap(10, 20), gap(30, 45), ...gaps.slice(3)]);
  expect(joinedGaps(gaps, 4, 46)).toEqual([gap(10, 45), ...gaps.slice(3)]);
  expect(joinedGaps(gaps, 3, 46)).toEqual([gap(10, 45), gap(46, 50), gap(70, 100)]);
  expect(joinedGaps(gaps, 2, 46)).toEqual([gap(10, 45), gap(46, 100)]);
});
