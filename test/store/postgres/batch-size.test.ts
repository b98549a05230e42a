import { expect, test } from 'vitest';
import { BatchSize } from '../../../src/store/postgres/batch-size.ts';

test('a commit that was given up, or took long, is followed by one of half as many, and quick ones grow', () => {
  const size = new BatchSize();
  const maxima = [size.max];
  const then = (act: () => void): void => {
    act();
    maxima.push(size.max);
  };
  then(() => size.refused(1_000));
  then(() => size.committed(500, 0.9));
  then(() => size.committed(250, 0.1));
  for (let count = 0; count < 3; count += 1) then(() => size.refused(90));
  for (let count = 0; count < 5; count += 1) then(() => size.committed(1, 0.1));
  expect(maxima).toEqual([1_000, 500, 250, 500, 50, 50, 50, 100, 200, 400, 800, 1_000]);
});

test('a commit of few says nothing about how many it may take, however long it was held up', () => {
  const size = new BatchSize();
  size.refused(1);
  size.committed(50, 1);
  expect(size.max).toBe(1_000);
});
