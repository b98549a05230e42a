import { expect, test } from 'vitest';
import { jobOf, stateCopy } from '../../../src/core/model/job-shape.ts';
import type { Job, JobState } from '../../../src/core/model/records.ts';
import { job, NOW_AT } from '../../support/records.ts';

const every: Required<JobState> = {
  ...job('a').state,
  expected_from_at: NOW_AT,
  paused_until_at: NOW_AT,
  skips: [NOW_AT],
  skips_from_at: NOW_AT,
  remembered: [],
  claim_delays_ms: [1],
  late_ends: { count: 1, after_ms_max: 2 },
  anonymous_end: {
    at: NOW_AT,
    kind: 'success',
    exit_code: 0,
    host: null,
    run_id: 'a-1',
    started_since_at: null,
  },
};
const whole: Required<Job> = { ...job('a'), renamed: [{ from: 'b', at: NOW_AT }], state: every };

test('a copy of a state has all that the state has, and nothing that it has not', () => {
  expect(stateCopy(every)).toStrictEqual(every);
  const { state } = job('a');
  expect(stateCopy(state)).toStrictEqual(state);
});

test('a copy of a state has lists of its own', () => {
  const copy = stateCopy(every);
  copy.bad.push({ run_id: 'a-1', kind: 'missed', reason: 'missed', at: NOW_AT, began_at: NOW_AT });
  copy.unclaimed.push({ at: NOW_AT, outcome: 'missed', run_id: 'a-1' });
  copy.gaps.push({ from_at: 1, to_at: 2 });
  expect([every.bad, every.unclaimed, every.gaps]).toEqual([[], [], []]);
});

test('a job has all that was declared of it, and its state', () => {
  const { state: _state, ...declared } = whole;
  expect(jobOf(declared, every)).toStrictEqual(whole);
  expect(jobOf(job('a'), every)).toStrictEqual({ ...job('a'), state: every });
});
