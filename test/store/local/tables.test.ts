import { describe, expect, test } from 'vitest';
import { Heap } from '../../../src/store/local/heap.ts';
import { Tables } from '../../../src/store/local/tables.ts';
import { seededRandom } from '../../support/random.ts';
import { day, delivery, incident, job, run } from '../../support/records.ts';

describe('a snapshot of the tables', () => {
  test('shows the moment it was taken, whatever is applied while it is read', () => {
    const tables = new Tables();
    const first = {
      jobs: [job('a'), job('b')],
      runs: [run('a', 1), run('a', 2), run('b', 1)],
      days: [day('a', '2026-01-14'), day('a', '2026-01-15'), day('b', '2026-01-15')],
      incidents: [incident('i', 'a')],
      deliveries: [delivery('d', 'a')],
      outputs: [{ job_id: 'a', run_id: 'a-1', bytes: 1, hash: 'h', dropped_bytes: 0 }],
      meta: [{ key: 'key', value: 1 }],
    };
    tables.apply({ put: first, del: {}, events: [] });
    const expected = [...tables.snapshot()];
    expect(expected.map(({ record }) => record)).toEqual(Object.values(first).flat());

    const snapshots = [tables.snapshot()];
    tables.apply({ put: { runs: [run('a', 3), run('b', 1, { exit_code: 1 })] }, del: {}, events: [] });
    const later = [...tables.snapshot()];
    snapshots.push(tables.snapshot());
    tables.apply({
      put: {
        days: [day('a', '2026-01-15', { outcomes: {} }), day('a', '2026-01-13')],
        jobs: [job('c')],
        meta: [{ key: 'key', value: 2 }],
        incidents: [incident('i2', 'a')],
      },
      del: {
        days: ['a.2026-01-14', 'b.2026-01-15'],
        jobs: ['b'],
        runs: ['a-1', 'b-1'],
        incidents: ['i'],
        deliveries: ['d'],
        outputs: ['a-1'],
      },
      events: [],
    });
    expect([...snapshots[0]!]).toEqual(expected);
    expect([...snapshots[1]!]).toEqual(later);
  });

  test('gives the same tables when it is put into empty ones', () => {
    const tables = new Tables();
    tables.apply({
      put: { jobs: [job('a')], runs: [run('a', 10), run('a', 9)], days: [day('a', '2026-01-15')] },
      del: {},
      events: [],
    });
    const copy = new Tables();
    for (const { table, record } of tables.snapshot())
      copy.apply({ put: { [table]: [record] }, del: {}, events: [] });
    expect([...copy.snapshot()]).toEqual([...tables.snapshot()]);
  });
});

describe('the heap', () => {
  test('agrees with sorting, whatever is set and deleted', () => {
    const random = seededRandom(3);
    const pick = (max: number): number => Math.floor(random() * max);
    const heap = new Heap();
    const keys = new Map<string, number>();
    for (let i = 0; i < 5_000; i += 1) {
      const id = String(pick(80));
      if (pick(3) === 0) {
        heap.delete(id);
        keys.delete(id);
      } else {
        keys.set(id, pick(40));
        heap.set(id, keys.get(id)!, id);
      }
      if (i % 50 !== 0) continue;
      const sorted = [...keys].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
      expect(heap.size).toBe(keys.size);
      expect(heap.peek()?.id).toBe(sorted[0]?.[0]);
      const limit = pick(20);
      const due = sorted.filter(([, key]) => key <= 20).slice(0, limit);
      expect(heap.upTo(20, limit)).toEqual(due.map((entry) => entry[0]));
    }
  });
});
