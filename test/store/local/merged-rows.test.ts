import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row } from '../../../src/core/model/records.ts';
import { beganAtOf } from '../../../src/core/model/rows.ts';
import { filteredRows } from '../../../src/store/local/row-filter.ts';
import { mergedRows } from '../../../src/store/local/merged-rows.ts';
import { RunTable } from '../../../src/store/local/runs.ts';
import type { RunPlace } from '../../../src/store/store.ts';
import { job, run, slotsRow } from '../../support/records.ts';

const JOB_IDS = ['a', 'b', 'c'];

/** Rows of few jobs with few numbers and instants, so that many are put twice, in any order and at one instant. */
const anyRow: fc.Arbitrary<Row> = fc
  .record({
    jobId: fc.constantFrom(...JOB_IDS),
    number: fc.integer({ min: 1, max: 8 }),
    at: fc.integer({ min: 0, max: 9 }),
    length: fc.nat(4),
    outcome: fc.constantFrom('success', 'failure'),
  })
  .map(({ jobId, number, at, length, outcome }) =>
    number % 3 === 0
      ? slotsRow(jobId, number, { first_slot_at: at, slot_at: at + length, count: 1 + length })
      : run(jobId, number, { started_at: at, outcome }),
  );
const anyChange = fc.oneof({ weight: 4, arbitrary: anyRow }, fc.constantFrom('a-1', 'b-3', 'c-6'));
const anyFilter = fc.record(
  {
    since_at: fc.nat(10),
    until_at: fc.nat(10),
    outcome: fc.constantFrom('success', 'failure', 'missed'),
  },
  { requiredKeys: [] },
);

test('rows of several jobs are listed as by sorting them all, whatever was put, changed and dropped before', () => {
  const changes = fc.array(anyChange, { maxLength: 25 });
  fc.assert(
    fc.property(
      changes,
      changes,
      anyFilter,
      fc.integer({ min: 1, max: 4 }),
      (first, second, filter, limit) => {
        const table = new RunTable();
        const plain = new Map<string, Row>();
        for (const some of [first, second]) {
          for (const change of some) {
            if (typeof change === 'string') {
              table.delete(change);
              plain.delete(change);
            } else {
              table.put(change);
              plain.set(change.id, change);
            }
          }
          const expected = filteredRows([...plain.values()], filter)
            .toSorted(
              (a, b) =>
                beganAtOf(b) - beganAtOf(a) || b.job_id.localeCompare(a.job_id) || b.number - a.number,
            )
            .map(({ id }) => id);
          expect(listed(table, filter, limit)).toEqual(expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

function listed(table: RunTable, filter: object, limit: number): string[] {
  const found: string[] = [];
  let after: RunPlace | null | undefined;
  while (after !== null) {
    const histories = JOB_IDS.flatMap((id) => {
      const runs = table.ofJob(id);
      return runs === undefined ? [] : [[job(id), runs] as const];
    });
    const stretch = mergedRows(histories, { ...filter, limit, ...(after === undefined ? {} : { after }) });
    found.push(...stretch.items.map(({ row }) => row.id));
    after = stretch.next;
  }
  return found;
}
