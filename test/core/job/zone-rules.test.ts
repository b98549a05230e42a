import { expect, test } from 'vitest';
import { initialState, transition } from '../../../src/core/job/transition.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { JobState } from '../../../src/core/model/records.ts';
import { NO_RUNS } from '../../../src/core/model/runs.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';

const DAILY: Declaration = { schedule: '30 2 * * *', timezone: 'America/Santiago', grace: '20m' };
const at = (text: string): number => Date.parse(`2025-06-${text}Z`);

/** Returns what a job expects, and what became of its slots, when the rules change at `now`. */
function afterNewRules(
  declaration: Declaration,
  expected: string,
  now: string,
  changes: Partial<JobState> = {},
) {
  const spec = specOf('report', declaration, DEFAULT_GLOBALS);
  const job = { ...initialState(spec, at('01T12:00')), expected_at: at(expected), ...changes };
  const state = { job_id: 'j1', job, runs: NO_RUNS, incident: null };
  const result = transition(spec, state, { type: 'zone_rules_changed', at: at(now) });
  const { expected_at: next } = result.state.job;
  return {
    next: next === null ? null : new Date(next).toISOString().slice(8, 16),
    slots: result.runs.map(({ slot_at, outcome, reason }) => [
      new Date(slot_at!).toISOString().slice(8, 16),
      outcome,
      reason,
    ]),
    reason: result.reason,
    due: result.state.job.due_at,
  };
}

// Santiago is four hours behind UTC in June 2025, so the slot of 02:30 is at 06:30 UTC.
test('a slot that older rules put an hour too late is expected when it is', () => {
  expect(afterNewRules(DAILY, '03T07:30', '03T05:00')).toEqual({
    next: '03T06:30',
    slots: [],
    reason: 'spec_changed',
    due: at('03T06:50'),
  });
});

test('a slot that older rules put an hour too early is expected when it is', () => {
  expect(afterNewRules(DAILY, '03T05:30', '03T05:00')).toMatchObject({ next: '03T06:30', slots: [] });
});

test('a due slot that the new rules do not have is skipped, and their next slot is expected, even if it is due', () => {
  expect(afterNewRules(DAILY, '03T05:30', '03T05:40')).toEqual({
    next: '03T06:30',
    slots: [['03T05:30', 'skipped', 'spec_changed']],
    reason: 'spec_changed',
    due: at('03T06:50'),
  });
  expect(afterNewRules(DAILY, '03T05:30', '03T06:41')).toMatchObject({ next: '03T06:30' });
});

test('a slot that the new rules have as well stays as it is, even if it is due', () => {
  for (const now of ['03T05:00', '03T06:40'])
    expect(afterNewRules(DAILY, '03T06:30', now)).toMatchObject({
      next: '03T06:30',
      slots: [],
      reason: 'nothing_due',
    });
});

test('intervals know no zones, and a job that is paused expects nothing', () => {
  expect(afterNewRules({ every: '1h' }, '03T06:17', '03T06:00')).toMatchObject({
    next: '03T06:17',
    reason: 'nothing_due',
  });
  expect(afterNewRules(DAILY, '03T06:30', '03T06:00', { expected_at: null })).toMatchObject({
    next: null,
    reason: 'nothing_due',
  });
});
