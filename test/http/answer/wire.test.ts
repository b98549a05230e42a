import { expect, test } from 'vitest';
import { DEFAULT_GLOBALS } from '../../../src/core/model/spec.ts';
import { jobJson, toWire } from '../../../src/http/answer/wire.ts';
import { job, NOW_AT } from '../../support/records.ts';

test('every instant becomes ISO 8601, at any depth, and nothing else changes', () => {
  const record = {
    at: 0,
    began_at: 1_000,
    format: 5,
    at_most: 3,
    closed_at: null,
    list: [{ at: 2_000 }, 7],
    text: 'at',
  };
  expect(toWire(record)).toEqual({
    ...record,
    at: '1970-01-01T00:00:00.000Z',
    began_at: '1970-01-01T00:00:01.000Z',
    list: [{ at: '1970-01-01T00:00:02.000Z' }, 7],
  });
});

test('an instant that no calendar has breaks nothing', () => {
  expect(toWire({ opened_at: 1e20 })).toEqual({ opened_at: null });
});

test.each([
  ['over the API', {}, { paused_by_api: true }],
  ['where it is declared', { paused: true }, {}],
])('a job paused %s is not expected, whatever its state still holds', (_where, declaration, state) => {
  const paused = job('j', { declaration }, { ...state, expected_at: NOW_AT - 1 });
  expect(jobJson(paused, undefined, DEFAULT_GLOBALS, NOW_AT)).toMatchObject({
    paused: true,
    late: false,
    expected_at: null,
    deadline_at: null,
  });
});
