import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../../src/core/model/records.ts';
import {
  ChangedRuns,
  compareEnds,
  compareRuns,
  latestRuns,
  recentRuns,
  type Runs,
} from '../../../src/core/model/runs.ts';
import { beganAtOf, isAnonymous, isStreak, shownRow } from '../../../src/core/model/rows.ts';
import type { LazyList } from '../../../src/store/local/job-history.ts';
import { type PackedHistory, RunTable } from '../../../src/store/local/runs.ts';
import { NOW_AT, run, skipRow, slotsRow } from '../../support/records.ts';

const NUMBERS = Array.from({ length: 12 }, (_, index) => index + 1);

/** A row of job `j`. Its kind and run id come from its number, as a row keeps those it was made with. */
const anyRun: fc.Arbitrary<Row> = fc
  .record({
    number: fc.constantFrom(...NUMBERS),
    isOpen: fc.boolean(),
    exit_code: fc.nat(3),
    endedAfter: fc.option(fc.constantFrom(...NUMBERS)),
  })
  .map(({ number, isOpen, exit_code, endedAfter }) => {
    const rid = number % 3 === 0 ? null : `r${number}`;
    if (number % 5 === 0) return slotsRow('j', number, { count: 1 + exit_code });
    if (number % 7 === 0)
      return skipRow('j', number, { rid, reason: exit_code < 2 ? 'stuck_lock' : 'lock_held' });
    return run('j', number, {
      rid,
      exit_code,
      start_received: exit_code < 2,
      ...(isOpen ? { ended_at: null, ended_after_number: null, outcome: null } : {}),
      ...(endedAfter === null || endedAfter <= number ? {} : { ended_after_number: endedAfter }),
    });
  });
const anyId = fc.constantFrom(...NUMBERS).map((number) => `j-${number}`);
const anyChange = fc.oneof({ weight: 3, arbitrary: anyRun }, anyId);
const anyChanges = fc.array(anyChange, { maxLength: 20 });
/** The rows of a history in the order in which Cronflow mostly learns of them, so that they can be packed. */
const anyPast = fc
  .array(anyRun, { maxLength: 8 })
  .map((runs) => runs.map((each, at) => inTurn(each, at + 1)));
const anyPackedChanges = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: anyChange },
    { weight: 2, arbitrary: fc.constantFrom('pack' as const, 'look' as const) },
    { weight: 1, arbitrary: fc.nat(12) },
  ),
  { maxLength: 12 },
);

/** Returns a row as one of a past in which most runs began and ended one after another. */
function inTurn(each: Row, number: number): Row {
  const row = { ...each, id: `j-${number}`, number };
  if (row.kind === 'slots') return row;
  const rid = row.rid === null ? null : `r${number}`;
  if (row.kind === 'skip') return { ...row, rid };
  const isOverlapping = row.exit_code === 3;
  return {
    ...row,
    rid,
    started_at: NOW_AT + (isOverlapping ? -1 : number) * 1_000,
    ended_after_number: row.ended_at === null ? null : number - 1 + (isOverlapping ? 2 : 0),
  };
}

/** What the runs of a job must answer, in the plainest way. */
class PlainRuns {
  readonly #runs = new Map<string, Row>();

  change(change: Row | string): void {
    if (typeof change === 'string') this.#runs.delete(change);
    else this.#runs.set(change.id, change);
  }

  all(): Row[] {
    return [...this.#runs.values()].sort(compareRuns);
  }

  /** Leaves the open runs and the `max` that ended last. */
  keep(max: number): void {
    const ended = this.all()
      .filter((each) => each.ended_at !== null)
      .sort(compareEnds);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - max))) this.#runs.delete(id);
  }
}

function expectSame(runs: Runs, plain: PlainRuns): void {
  const all = plain.all();
  expect(runs.all()).toEqual(all);
  expect(runs.open()).toEqual(all.filter((each) => each.ended_at === null));
  expect(runs.ended()).toEqual(all.filter((each) => each.ended_at !== null).sort(compareEnds));
  expect(runs.anonymous()).toEqual(all.findLast(isAnonymous));
  for (const number of NUMBERS) {
    expect(runs.get(`j-${number}`)).toEqual(all.find((each) => each.id === `j-${number}`));
    expect(runs.ofRid(`r${number}`)).toEqual(all.findLast((each) => shownRow(each).rid === `r${number}`));
  }
}

function compareBeginnings(a: Row, b: Row): number {
  return beganAtOf(a) - beganAtOf(b) || compareRuns(a, b);
}

function listOf(list: LazyList<Row> | undefined): Row[] {
  return Array.from({ length: list?.length ?? 0 }, (_, index) => list!.at(index)!);
}

/** Returns a table that is read from a snapshot of another. */
function copyOf(table: RunTable): RunTable {
  const copy = new RunTable();
  for (const { packed, rows } of table.packedSnapshot()) {
    if (packed !== null) copy.putPacked(JSON.parse(JSON.stringify(packed)) as PackedHistory);
    for (const row of rows) copy.put(row);
  }
  copy.beginPacking();
  return copy;
}

function withRid(number: number): Row {
  return run('j', number, { rid: `r${number}` });
}

describe('the runs of a job', () => {
  test('are found as by a look at each of them, whatever was put, dropped and changed', () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(8), anyChanges, fc.nat(8), (stored, keep, unstored, max) => {
        const table = new RunTable();
        const plain = new PlainRuns();
        for (const change of stored) {
          if (typeof change === 'string') table.delete(change);
          else table.put(change);
          plain.change(change);
        }
        table.trim('j', keep);
        plain.keep(keep);
        expectSame(table.of('j'), plain);
        expect(table.of('j').ended().length).toBeLessThanOrEqual(keep);

        const changes = new Map<string, Row | null>();
        const changed = new ChangedRuns(table.of('j'), changes);
        for (const change of unstored) {
          if (typeof change === 'string') changes.set(change, null);
          else changes.set(change.id, change);
          plain.change(change);
        }
        expectSame(changed, plain);
        plain.keep(max);
        expectSame(latestRuns(changed, max), plain);
        expectSame(recentRuns(changed, max), plain);
      }),
      { numRuns: 500 },
    );
  });

  test('are found as by a look at each of them while old ones are packed', () => {
    fc.assert(
      fc.property(anyPast, anyPackedChanges, anyChanges, (past, stored, unstored) => {
        const table = new RunTable();
        const plain = new PlainRuns();
        for (const row of past) {
          table.put(row);
          plain.change(row);
        }
        table.beginPacking();
        for (const change of stored) {
          if (change === 'pack') table.beginPacking();
          else if (change === 'look') expectSame(table.of('j'), plain);
          else if (typeof change === 'number') {
            const before = new Set(plain.all().map(({ id }) => id));
            plain.keep(change);
            const kept = new Set(plain.all().map(({ id }) => id));
            expect(table.trim('j', change).sort()).toEqual([...before].filter((id) => !kept.has(id)).sort());
          } else {
            if (typeof change === 'string') table.delete(change);
            else table.put(change);
            plain.change(change);
          }
        }
        table.beginPacking();
        const all = plain.all();
        const ids = new Set([...past, ...all].map(({ id }) => id));
        expect([...ids].filter((id) => table.has(id)).sort()).toEqual(all.map(({ id }) => id).sort());
        expect(listOf(table.ofJob('j')?.byBeginning())).toEqual(all.toSorted(compareBeginnings));
        expect(table.ofJob('j')?.streaks() ?? []).toEqual(all.filter(isStreak));
        table.beginPacking();
        expect([...table.snapshot()]).toEqual(all);
        expect([...copyOf(table).snapshot()]).toEqual(all);
        expectSame(copyOf(table).of('j'), plain);
        const changes = new Map<string, Row | null>();
        for (const change of unstored) {
          changes.set(
            typeof change === 'string' ? change : change.id,
            typeof change === 'string' ? null : change,
          );
          plain.change(change);
        }
        expectSame(new ChangedRuns(table.of('j'), changes), plain);
      }),
      { numRuns: 1_000 },
    );
  });

  test('of which some were packed long ago are found by what they are', () => {
    const table = new RunTable();
    const put = (numbers: readonly number[], rowOf: (number: number) => Row): void => {
      for (const number of numbers) table.put(rowOf(number));
      table.beginPacking();
    };
    put([1, 2, 3, 4], (number) => (number === 1 ? run('j', 1) : withRid(number)));
    put([5, 6, 7, 8], (number) =>
      number === 6
        ? slotsRow('j', 6, { first_slot_at: NOW_AT, slot_at: NOW_AT + 1, count: 2 })
        : withRid(number),
    );
    put([9, 10, 11, 12], withRid);
    put([13, 14, 15, 16], withRid);
    expect(
      table
        .ofJob('j')
        ?.streaks()
        .map(({ id }) => id),
    ).toEqual(['j-6']);
    expect(table.of('j').anonymous()?.id).toBe('j-1');
    table.beginPacking();
    expect(table.of('j').ofRid('r3')?.id).toBe('j-3');
  });

  test('are known to be there without a look into what is packed', () => {
    const table = new RunTable();
    for (let number = 1; number <= 12; number += 1) table.put(withRid(number));
    table.beginPacking();
    const chunks = (): unknown => [...table.packedSnapshot()][0]?.packed?.chunks[0];
    const before = chunks();
    expect(['j-0', 'j-1', 'j-12', 'j-13', 'k-1'].map((id) => table.has(id))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(chunks()).toBe(before);
  });

  test('that ended before packed ones leave before them', () => {
    const table = new RunTable();
    for (const number of [1, 2, 3, 4, 5, 6]) table.put(run('j', number, { ended_after_number: 20 }));
    table.beginPacking();
    table.put(run('j', 7, { ended_after_number: 7 }));
    expect(table.trim('j', 6)).toEqual(['j-7']);
    expect(table.trim('j', 5)).toEqual(['j-1']);
  });

  test('stay as they were in a snapshot', () => {
    const table = new RunTable();
    for (let number = 1; number <= 3; number += 1) table.put(run('j', number));
    const snapshot = table.snapshot();
    table.put(run('j', 4));
    table.put(run('j', 1, { exit_code: 1 }));
    table.delete('j-2');
    expect([...snapshot]).toEqual([run('j', 1), run('j', 2), run('j', 3)]);
    expect([...table.snapshot()].map(({ id }) => id)).toEqual(['j-1', 'j-3', 'j-4']);
  });
});
