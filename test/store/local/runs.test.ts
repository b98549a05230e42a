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
import { isAnonymous, shownRow } from '../../../src/core/model/rows.ts';
import { RunTable } from '../../../src/store/local/runs.ts';
import { run, skipRow, slotsRow } from '../../support/records.ts';

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
const anyChanges = fc.array(fc.oneof({ weight: 3, arbitrary: anyRun }, anyId), { maxLength: 20 });

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
    expect(runs.ofRid(`r${number}`)).toEqual(all.find((each) => shownRow(each).rid === `r${number}`));
  }
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
