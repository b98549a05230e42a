import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OUTCOMES, REASONS } from '../../../src/core/model/reasons.ts';
import type { Row, Run } from '../../../src/core/model/records.ts';
import { firstRow, packedRid, packRows, unpackRows } from '../../../src/store/local/packed-rows.ts';
import { run, skipRow, slotsRow } from '../../support/records.ts';

const instant = fc.oneof(
  fc.integer({ min: -5, max: 2 ** 50 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
);
const count = fc.oneof(
  fc.nat(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
);
const text = fc.oneof(
  fc.constantFrom('', '~', '%', '*', ',', ';', '"', '\\', 'web1', 'a,b;c', '%0041', '\ud800', 'Größe\n'),
  fc.string({ unit: 'binary' }),
);
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });

const anyFields: fc.Arbitrary<Partial<Run>> = fc.record(
  {
    rid: orNull(text),
    slot_at: orNull(instant),
    late: fc.boolean(),
    started_at: orNull(instant),
    start_received: fc.boolean(),
    replaces_run_id: orNull(text),
    ended_at: instant,
    ended_after_number: orNull(fc.nat()),
    duration_ms: orNull(count),
    limit_at: orNull(instant),
    limit_at_min: instant,
    outcome: fc.constantFrom(...OUTCOMES) as fc.Arbitrary<Run['outcome']>,
    reason: fc.constantFrom(...REASONS),
    detail: orNull(text),
    counted: fc.boolean(),
    exit_code: orNull(count),
    signal: orNull(text),
    host: orNull(text),
    output_bytes: count,
    output_dropped_bytes: count,
  },
  { requiredKeys: [] },
);

const anyRow = (number: number): fc.Arbitrary<Row> =>
  fc.oneof(
    { weight: 6, arbitrary: anyFields.map((fields) => run('j', number, fields)) },
    fc.nat(3).map((more) => slotsRow('j', number, { count: 1 + more })),
    text.map((rid) => skipRow('j', number, { rid })),
  );
const anyRows = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 6 }))
  .chain(([first, length]) => fc.tuple(...Array.from({ length }, (_, index) => anyRow(first + index))));

describe('packed rows', () => {
  test('are the same rows again, whatever is in them', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const packed = packRows(rows);
        expect(unpackRows('j', packed)).toEqual(rows);
        expect(firstRow('j', packed)).toEqual(rows[0]);
        expect(packed).toMatchObject({ first: rows[0]!.number, count: rows.length });
        // A snapshot holds the text as it is, and a text of two bytes a character would take twice the memory.
        expect(packed.text).toMatch(/^[ -~]*$/);
        expect(JSON.stringify(packed.text)).toBe(`"${packed.text}"`);
        for (const row of rows)
          if (row.kind === 'run' && row.rid !== null) expect(packed.text).toContain(packedRid(row.rid));
      }),
      { numRuns: 2_000 },
    );
  });

  test('take less than 70 bytes for an ordinary run', () => {
    const rows = Array.from({ length: 16 }, (_, index) =>
      run('j', index + 1, {
        rid: `550e8400-e29b-41d4-a716-4466554400${index + 10}`,
        slot_at: index * 86_400_000,
        started_at: index * 86_400_000 + 1_234,
        ended_at: index * 86_400_000 + 61_234,
        ended_after_number: index,
        duration_ms: 60_000,
        host: 'web1',
        exit_code: 0,
      }),
    );
    expect(packRows(rows).text.length / rows.length).toBeLessThan(70);
  });
});
