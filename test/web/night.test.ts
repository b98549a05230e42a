import { expect, test } from 'vitest';
import type { RunsSummary } from '../../src/cli/api-types.ts';
import { changedJobs } from '../../src/web/model/changed-jobs.ts';
import { nightBegan, nightText } from '../../src/web/model/night.ts';

const NIGHT: RunsSummary = {
  since_at: '2026-01-15T18:00:00.000Z',
  run_count: 1412,
  job_count: 118,
  open_count: 0,
  outcomes: { success: 1409, failure: 2, missed: 1 },
  incident_count: 3,
  closed_count: 2,
  is_whole: true,
};

test.each([
  ['2026-01-16T08:05:00Z', '2026-01-15T18:00:00Z'],
  ['2026-01-16T13:59:00Z', '2026-01-15T18:00:00Z'],
  ['2026-01-16T14:00:00Z', '2026-01-16T06:00:00Z'],
  ['2026-01-16T23:30:00Z', '2026-01-16T06:00:00Z'],
])('at %s the reader asks since %s', (now, since) => {
  const nowAt = Date.parse(now);
  expect(new Date(nightBegan(nowAt, new Date(nowAt).getUTCHours())).toISOString()).toBe(
    new Date(since).toISOString(),
  );
});

function text(changes: Partial<RunsSummary>): string {
  return nightText({ ...NIGHT, ...changes }, '18:00');
}

test('a night is one line', () => {
  expect(text({})).toBe('1,412 runs of 118 jobs since 18:00, 3 bad; 3 incidents opened, 2 of them over');
  expect(text({ closed_count: 3 })).toContain('3 incidents opened, all over');
  expect(text({ closed_count: 0, incident_count: 1 })).toMatch(/; 1 incident opened$/);
  expect(text({ incident_count: 0 })).toMatch(/, 3 bad$/);
  expect(text({ outcomes: {}, run_count: 1, job_count: 1 })).toBe('1 run of 1 job since 18:00, none bad');
  expect(text({ is_whole: false })).toMatch(/^at least 1,412 runs/);
});

test('changes name the jobs that are asked for again, or ask for all', () => {
  const change = { type: 'job', id: '1', job: 'a' } as const;
  expect(
    changedJobs([change, { type: 'run', id: '2', job: 'a' }, { type: 'run', id: '3', job: 'b' }]),
  ).toEqual(['a', 'b']);
  expect(changedJobs([{ type: 'incident', id: '4', job: null }])).toEqual([]);
  for (const type of ['fresh', 'configuration', 'deleted'] as const)
    expect(changedJobs([change, { type, id: null, job: null, of: 'job' }])).toBeNull();
  // A job that keeps its last runs loses one with each that begins.
  for (const of of ['run', 'incident', 'delivery'])
    expect(changedJobs([change, { type: 'deleted', id: '5', job: null, of }])).toEqual(['a']);
});
