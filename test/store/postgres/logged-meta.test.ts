import { expect, test } from 'vitest';
import { isLoggedMeta } from '../../../src/store/postgres/log.ts';
import { INSTANCES_KEY, SESSIONS_KEY } from '../../../src/store/store.ts';

test('the log keeps what specs depend on, and nothing that changes every few seconds', () => {
  expect(isLoggedMeta({ key: 'globals', value: { notifiers: ['ops'] } })).toBe(true);
  expect(isLoggedMeta({ key: 'liveness', value: 1 })).toBe(false);
  expect(isLoggedMeta({ key: INSTANCES_KEY, value: { a: { at: 1, since_at: 1 } } })).toBe(false);
  expect(isLoggedMeta({ key: SESSIONS_KEY, value: [['a', {}]] })).toBe(false);
});
