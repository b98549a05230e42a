import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Names,
  namesOf,
  packDate,
  type Patch,
  patched,
  recordPatch,
  unpackDate,
} from '../../../src/store/lowdb/packing.ts';

const AT = 1_768_435_860_001;
const JOB_ID = 'c5c7f02c-71b0-4af2-b19e-20418c05a574';

/** Keys with and without codes, of instants and of others. */
const key = fc.oneof(
  fc.constantFrom('due_at', 'at', 'state', 'bad', 'rid', 'claim_delays_ms', 'a', ':b', 'other_at', '~'),
  fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__'),
);
const text = fc.oneof(
  fc.constantFrom(JOB_ID, `${JOB_ID}-12`, '~', '!a', '@0', '^', '*', 'success', 'web1.example.com', ''),
  fc.string({ unit: 'binary' }),
);
const leaf = fc.oneof(
  text,
  fc.boolean(),
  fc.constantFrom(null, AT, AT + 5, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.integer(),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
}));
const record = fc.dictionary(key, value, { maxKeys: 8 });
/** A record and what becomes of it: most of it stays, so that there is something to tell. */
const change = record.chain((before) =>
  fc
    .tuple(record, fc.subarray(Object.keys(before)))
    .map(([others, kept]): [object, object] => [
      before,
      { ...Object.fromEntries(kept.map((name) => [name, before[name]])), ...others },
    ]),
);

function roundTrip(before: object, after: object, jobId: string | null = JOB_ID): unknown {
  const names = new Names();
  names.add('web1.example.com');
  names.add(JOB_ID);
  names.add('*');
  const json = recordPatch(before, after, { at: AT, jobId, names });
  const stored = namesOf(JSON.parse(names.json()) as string[]);
  return patched(before, JSON.parse(json || '{}') as Patch, { at: AT, jobId, names: stored });
}

describe('a change of a record', () => {
  test('makes the record again, whatever the two hold', () => {
    fc.assert(
      fc.property(change, fc.constantFrom(JOB_ID, null, ''), ([before, after], jobId) => {
        expect(roundTrip(before, after, jobId)).toEqual(JSON.parse(JSON.stringify(after)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of lists makes them again', () => {
    const list = fc.array(fc.oneof(fc.integer({ max: 3 }), value), { maxLength: 6 });
    fc.assert(
      fc.property(list, list, (before, after) => {
        const changed = [{ durations: before }, { durations: [...before.slice(1), ...after] }] as const;
        expect(roundTrip(...changed)).toEqual(JSON.parse(JSON.stringify(changed[1])));
        const spliced = [{ bad: before }, { bad: before.toSpliced(1, 1, ...after) }] as const;
        expect(roundTrip(...spliced)).toEqual(JSON.parse(JSON.stringify(spliced[1])));
      }),
    );
  });

  test('that is none is nothing', () => {
    const before = { due_at: AT, bad: [{ at: 1 }], skips: undefined, state: { gaps: [] } };
    const after = { due_at: AT, bad: [{ at: 1 }], state: { gaps: [] }, late: undefined };
    expect(recordPatch(before, after, { at: AT, jobId: null, names: new Names() })).toBe('');
  });

  test('leaves what it does not change the same object', () => {
    const before = { declaration: { schedule: '* * * * *' }, state: { run_count: 1, bad: [] } };
    const after = { ...before, state: { ...before.state, run_count: 2 } };
    const made = roundTrip(before, after) as typeof before;
    expect(made).toEqual(after);
    expect(made.declaration).toBe(before.declaration);
    expect(made.state.bad).toBe(before.state.bad);
  });
});

test('a date is told from the instant, where it is one', () => {
  for (const date of ['2026-01-15', '2026-01-14', '1999-12-31', '9999-12-31', '2026-13-99', 'x', '2026-1-5'])
    expect(unpackDate(JSON.parse(packDate(date, AT)) as string | number, AT)).toBe(date);
  expect(packDate('2026-01-14', AT)).toBe('-1');
});
