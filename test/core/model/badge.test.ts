import { describe, expect, test } from 'vitest';
import { type Badge, badgeOfJob, badgeOfJobs } from '../../../src/core/model/badge.ts';
import { STATUSES } from '../../../src/core/model/reasons.ts';

const said = ({ message, colour }: Badge): string => `${message} ${colour}`;

describe('the badge of a job', () => {
  test('says its status while nothing is wrong', () => {
    const calm = { isInTrouble: false, isLate: false };
    expect(STATUSES.map((status) => said(badgeOfJob('a', { status, ...calm })))).toEqual([
      'pending lightgrey',
      'running blue',
      'success brightgreen',
      'failure yellow',
      'missed yellow',
      'timeout yellow',
      'paused lightgrey',
    ]);
  });

  test('is red in trouble, whatever the job is doing, and yellow where it is late', () => {
    const trouble = { isInTrouble: true, isLate: true };
    expect(said(badgeOfJob('a', { status: 'missed', ...trouble }))).toBe('missed red');
    expect(said(badgeOfJob('a', { status: 'running', ...trouble }))).toBe('in trouble red');
    expect(said(badgeOfJob('a', { status: 'success', isInTrouble: false, isLate: true }))).toBe(
      'late yellow',
    );
  });
});

test.each([
  [{ jobs: 0, inTrouble: 0, paused: 0 }, 'no jobs lightgrey'],
  [{ jobs: 3, inTrouble: 1, paused: 1 }, '1 of 3 in trouble red'],
  [{ jobs: 3, inTrouble: 0, paused: 3 }, 'paused lightgrey'],
  [{ jobs: 3, inTrouble: 0, paused: 1 }, '2 ok brightgreen'],
])('the badge of many jobs says how they are: %j', (count, expected) => {
  expect(said(badgeOfJobs('all', count))).toBe(expected);
});
