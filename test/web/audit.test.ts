import { expect, test } from 'vitest';
import type { AuditEntry } from '../../src/cli/api-types.ts';
import { planLineKind } from '../../src/web/model/plan.ts';
import { actionText, actorText, changeText } from '../../src/web/model/audit.ts';

type Change = AuditEntry['changes'][number];

// The description of the API calls a value an object, since it may be anything.
const change = (key: string, values: { from?: unknown; to?: unknown }): Change =>
  ({ job: 'a', key, ...values }) as Change;

test('a change of a key is one line', () => {
  expect(changeText(change('grace', { from: '5m', to: '10m' }), false)).toBe('~ grace: "5m" -> "10m"');
  expect(changeText(change('tags', { to: ['x'] }), true)).toBe('+ a.tags: ["x"]');
  expect(changeText(change('owner', { from: 'ops' }), true)).toBe('- a.owner: "ops"');
  expect(changeText({ ...change('revision', { from: null, to: 'ab'.repeat(32) }), job: null }, true)).toBe(
    '~ revision: null -> abababababab',
  );
});

test('an entry says what was done, and who did it', () => {
  expect(actionText({ action: 'configuration_applied' })).toBe('applied the configuration');
  expect(actorText({ via: 'session', who: 'alice', from: '10.0.0.7' })).toBe(
    'by alice (session) from 10.0.0.7',
  );
  expect(actorText({ via: 'anybody', who: null, from: null })).toBe('by anybody');
  expect(actorText({ via: 'file', who: 'the file changed', from: 'web1' })).toBe(
    'because the file changed on web1',
  );
  expect(actorText({ via: 'file', who: 'start', from: 'web1' })).toBe('as Cronflow started on web1');
});

test.each([
  ['+ a', 'added'],
  ['~ a', 'changed'],
  ['- a', 'removed'],
  ['= 3 unchanged', 'other'],
  ['    grace: "5m" -> "10m"', 'other'],
])('a line of a plan, %j, is %s', (line, kind) => {
  expect(planLineKind(line)).toBe(kind);
});
