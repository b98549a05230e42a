import { expect, test } from 'vitest';
import { backtestJobs } from '../../src/apply/backtest.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import { DEFAULT_GLOBALS, specOf } from '../../src/core/model/spec.ts';
import type { Past } from '../../src/store/store.ts';
import { job, NOW_AT } from '../support/records.ts';

const pairs = ['a', 'b', 'c'].map((id) => {
  const running = specOf(id, job(id).declaration, DEFAULT_GLOBALS);
  return { job: job(id), running, next: { ...running, failure_threshold: 3 } };
});
const empty: Past = {
  log_from_at: NOW_AT - 10,
  begin_at: NOW_AT - 10,
  begin: null,
  events: async function* () {},
};

test('jobs for which there is no time are counted, and so are those whose log is too long', async () => {
  let nowMs = 0;
  const asked: string[] = [];
  const store = {
    past: async (id: string): Promise<Past> => {
      asked.push(id);
      nowMs += 60;
      if (id === 'b') throw new CronflowError('overloaded', 'The log is too long.');
      return empty;
    },
  };
  const limits = {
    since_at: NOW_AT - 1_000,
    until_at: NOW_AT,
    monotonic: () => nowMs,
    ms_max: 100,
    past: { bytes_max: 1, ms_max: 1 },
  };
  expect(await backtestJobs(store, pairs, limits)).toEqual({
    log_from_at: NOW_AT - 10,
    from_at: NOW_AT - 10,
    until_at: NOW_AT,
    jobs_replayed: 1,
    jobs_left_out: 2,
    jobs: [],
  });
  expect(asked).toEqual(['a', 'b']);
});
