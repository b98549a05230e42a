import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/cli/api-types.ts';
import { choiceOf, chosenJobs, countsOf, facetsOf } from '../../src/web/model/jobs.ts';

const INCIDENT = {
  id: 'i1',
  reason: 'exit_code',
  kinds: ['failure'],
  bad_count: 1,
  opened_at: '2026-01-16T02:00:00.000Z',
  acknowledged_until_at: null,
} as const;

function job(name: string, changes: Partial<Job> = {}): Job {
  return {
    id: name,
    name,
    source: 'file',
    place: null,
    schedule: '0 2 * * *',
    every: null,
    timezone: 'UTC',
    description: null,
    tags: [],
    group: null,
    owner: null,
    renamed_from: null,
    status: 'success',
    paused: false,
    late: false,
    advice: null,
    incident: null,
    last_run: null,
    last_success_at: null,
    last_outcome: null,
    last_outcome_at: null,
    expected_at: null,
    deadline_at: null,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

const JOBS = [
  job('alpha', { group: 'db', tags: ['nightly'], last_run: '2026-01-16T01:00:00.000Z' }),
  job('beta', { status: 'failure', incident: { ...INCIDENT, kinds: ['failure'] }, owner: 'ops' }),
  job('gamma', { late: true, expected_at: '2026-01-16T08:00:00.000Z', group: 'web' }),
  job('delta', {
    status: 'running',
    description: 'Dumps the DATABASE',
    last_run: '2026-01-16T03:00:00.000Z',
  }),
  job('epsilon', {
    status: 'failure',
    incident: { ...INCIDENT, kinds: ['failure'], acknowledged_until_at: '2026-01-16T12:00:00.000Z' },
  }),
];
const AT = Date.UTC(2026, 0, 16, 11);
const names = (query: Record<string, string>): string[] =>
  chosenJobs(JOBS, choiceOf(query), AT).map(({ name }) => name);

describe('the list of jobs', () => {
  test.each([
    [{}, ['beta', 'epsilon', 'gamma', 'delta', 'alpha']],
    [{ sort: 'name' }, ['alpha', 'beta', 'delta', 'epsilon', 'gamma']],
    [{ sort: 'group' }, ['alpha', 'gamma', 'beta', 'delta', 'epsilon']],
    [{ sort: 'last' }, ['delta', 'alpha', 'beta', 'epsilon', 'gamma']],
    [{ sort: 'next' }, ['gamma', 'alpha', 'beta', 'delta', 'epsilon']],
    [{ sort: 'nonsense', status: 'trouble' }, ['beta', 'epsilon']],
    [{ status: 'late' }, ['gamma']],
    [{ status: 'running' }, ['delta']],
    [{ group: 'db' }, ['alpha']],
    [{ tag: 'nightly' }, ['alpha']],
    [{ owner: 'ops' }, ['beta']],
    [{ q: ' database ' }, ['delta']],
    [{ q: 'zz' }, []],
  ])('with %j shows %j', (query, wanted) => {
    expect(names(query)).toEqual(wanted);
  });

  test('puts a job first again once nobody is on its trouble any longer', () => {
    const trouble = [JOBS[4]!, job('zeta', { late: true }), { ...JOBS[1]!, name: 'omega' }];
    const first = (at: number): string => chosenJobs(trouble, choiceOf({}), at)[0]!.name;
    expect(first(AT)).toBe('omega');
    expect(first(Date.UTC(2026, 0, 16, 12))).toBe('epsilon');
  });

  test('says how many are in trouble, late and running, and what can be chosen', () => {
    expect(countsOf(JOBS)).toEqual({ all: 5, trouble: 2, late: 1, running: 1 });
    expect(facetsOf(JOBS)).toEqual({ groups: ['db', 'web'], tags: ['nightly'], owners: ['ops'] });
  });
});
