import { describe, expect, test } from 'vitest';
import { clockStepAlarms, clockStepSilences } from './clock-steps.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

describe('a wall clock that is stepped', () => {
  test('tells nobody of a job that is well, and makes no duration negative', async () => {
    for (const seed of SEEDS) expect([seed, await clockStepAlarms(seed)]).toEqual([seed, []]);
  });

  test('leaves no job that dies untold', async () => {
    for (const seed of SEEDS) expect([seed, await clockStepSilences(seed)]).toEqual([seed, []]);
  });
});
