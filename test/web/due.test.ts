import { expect, test } from 'vitest';
import type { Job } from '../../src/cli/api-types.ts';
import { DueJobs } from '../../src/web/model/due.ts';

const AT = Date.UTC(2026, 0, 16, 2);

const job = (changes: Partial<Job>): Job =>
  ({ id: 'j1', name: 'backup', late: false, expected_at: new Date(AT).toISOString(), ...changes }) as Job;

test('a job whose slot has come is looked at again, once, and again after a while', () => {
  const due = new DueJobs();
  const take = (jobs: Job[], afterMs: number): string[] =>
    due.take(jobs, AT + afterMs).map(({ name }) => name);
  expect(take([job({})], 0)).toEqual([]);
  expect(take([job({})], 3_000)).toEqual(['backup']);
  expect(take([job({})], 5_000)).toEqual([]);
  expect(take([job({})], 33_000)).toEqual(['backup']);
  // The next slot of the same job is another one.
  expect(take([job({ expected_at: new Date(AT + 60_000).toISOString() })], 63_000)).toEqual(['backup']);
});

test('a job that is known to be late, or not expected, is not looked at', () => {
  const jobs = [job({ late: true }), job({ expected_at: null })];
  expect(new DueJobs().take(jobs, AT + 3_600_000)).toEqual([]);
});
