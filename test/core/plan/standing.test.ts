import { expect, test } from 'vitest';
import { isOvertaken, type Standing, standingAfter } from '../../../src/core/plan/standing.ts';

/** What stands after these revisions were applied one after another. */
function after(...revisions: string[]): Standing {
  return revisions.reduce<Standing | null>((before, each, at) => standingAfter(before, each, at), null)!;
}

const file = (revision: string, before: string | null = null, confirmed?: string) => ({
  revision,
  before,
  confirmed,
});

test('a start applies what is new, and nothing that was replaced', () => {
  const standing = after('a', 'b');
  expect(isOvertaken(standing, file('c'))).toBe(false);
  expect(isOvertaken(standing, file('b'))).toBe(false);
  expect(isOvertaken(standing, file('a'))).toBe(true);
});

test('a file that goes back from what is applied is applied', () => {
  expect(isOvertaken(after('a', 'b'), file('a', 'b'))).toBe(false);
});

test('an instance that only catches up does not undo what is newer', () => {
  expect(isOvertaken(after('a', 'b', 'c'), file('b', 'a'))).toBe(true);
  expect(isOvertaken(after('a', 'b', 'c'), file('c', 'b'))).toBe(false);
});

test('whoever confirms a revision gets it', () => {
  expect(isOvertaken(after('a', 'b'), file('a', null, 'a'))).toBe(false);
  expect(isOvertaken(after('a', 'b'), file('a', null, 'b'))).toBe(true);
});

test('what stands is no replaced revision, and the oldest of a hundred are forgotten', () => {
  expect(after('a', 'b', 'a')).toEqual({ revision: 'a', applied_at: 2, replaced: ['b'] });
  expect(after('a', 'b', 'b').replaced).toEqual(['a']);
  const many = after(...Array.from({ length: 150 }, (_, at) => String(at)));
  expect([many.replaced.length, many.replaced[0]]).toEqual([100, '49']);
});
