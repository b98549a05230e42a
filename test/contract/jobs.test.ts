import { describe, expect, test } from 'vitest';
import { type Store } from '../../src/store/store.ts';
import { dueIds } from '../support/store.ts';
import {
  day,
  delivery,
  ids,
  incident,
  job,
  NOW_AT,
  openRun,
  run,
  systemIncident,
  tally,
} from '../support/records.ts';
import { PAGE, helpersOf, openBeforeEach, rows } from './stores.ts';

describe.each(rows)('the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const { write, list, due } = helpersOf(() => store);

  describe('jobs', () => {
    test('are listed by name, in pages', async () => {
      await write((tx) => {
        for (const [id, name] of Object.entries({ 1: 'b', 2: 'B', 3: 'a.b', 4: 'a-b', 5: 'a' }))
          tx.putJob(job(id, { name }));
      });
      const page = await store.listJobs({ skip: 1, limit: 3 });
      expect(page.items.map((item) => item.name)).toEqual(['a', 'a-b', 'a.b']);
      expect(page.total).toBe(5);
      expect((await store.listJobs({ skip: 9, limit: 3 })).items).toEqual([]);
    });

    test('are found by status, tag, group and text, all at once', async () => {
      await write((tx) => {
        tx.putJob(job('a', { declaration: { tags: ['db', 'x'], group: 'g', description: 'Dumps IT' } }));
        tx.putJob(job('b', { declaration: { tags: ['db'] } }, { status: 'failure' }));
        tx.putJob(job('c', { declaration: { group: 'g' } }));
      });
      expect(await list({ status: 'failure' })).toEqual(['b']);
      expect(await list({ tag: 'db' })).toEqual(['a', 'b']);
      expect(await list({ group: 'g' })).toEqual(['a', 'c']);
      expect(await list({ q: 'dumps it' })).toEqual(['a']);
      expect(await list({ q: 'JOB-' })).toEqual(['a', 'b', 'c']);
      expect(await list({ q: '%' })).toEqual([]);
      expect(await list({ tag: 'db', group: 'g' })).toEqual(['a']);
      expect(await list({ tag: 'd' })).toEqual([]);
    });

    test('are found by a status of trouble whatever became of it and of them', async () => {
      await write((tx) => {
        for (const id of ['c', 'a', 'b', 'd']) tx.putJob(job(id, {}, { status: 'missed' }));
        tx.putJob(job('e', {}, { status: 'success' }));
      });
      expect(await list({ status: 'missed' })).toEqual(['a', 'b', 'c', 'd']);
      await write((tx) => {
        tx.putState('a', job('a', {}, { status: 'success' }).state);
        tx.putJob(job('b', { removed_at: NOW_AT }, { status: 'missed' }));
        tx.deleteJob('c');
        tx.putState('e', job('e', {}, { status: 'missed' }).state);
      });
      expect(await list({ status: 'missed' })).toEqual(['d', 'e']);
      expect(await list({ status: 'success' })).toEqual(['a']);
      expect(await store.listJobs({ status: 'missed', skip: 1, limit: 1 })).toMatchObject({
        items: [{ id: 'e' }],
        total: 2,
      });
      expect(await list({ status: 'missed', after: 'job-d' })).toEqual(['e']);
    });

    test('in trouble are the first by name where a page has few of them', async () => {
      const jobIds = Array.from({ length: 40 }, (_, index) => String((index * 17) % 40).padStart(2, '0'));
      await write((tx) => {
        for (const id of jobIds) tx.putJob(job(id, {}, { status: 'missed' }));
      });
      const page = await store.listJobs({ status: 'missed', skip: 2, limit: 3 });
      expect(page.items.map(({ id }) => id)).toEqual(['02', '03', '04']);
      expect(page.total).toBe(40);
    });

    test('are filtered by whether they have an open incident', async () => {
      await write((tx) => {
        for (const id of ['a', 'b', 'c']) tx.putJob(job(id));
        tx.putIncident(incident('i-a', 'a'));
        tx.putIncident(incident('i-b', 'b', { closed_at: NOW_AT }));
        tx.putIncident(systemIncident('system'));
      });
      expect(await list({ incident: 'open' })).toEqual(['a']);
      expect(await list({ incident: 'none' })).toEqual(['b', 'c']);
      await write((tx) => tx.putIncident(incident('i-a', 'a', { closed_at: NOW_AT })));
      expect(await list({ incident: 'open' })).toEqual([]);
    });

    test('that are removed are hidden, except from transactions and by id', async () => {
      await write((tx) => tx.putJob(job('a', {}, { due_at: NOW_AT })));
      await write((tx) => tx.putJob(job('a', { removed_at: NOW_AT }, { due_at: NOW_AT })));
      expect(await list({})).toEqual([]);
      expect(await store.jobByName('job-a')).toBeUndefined();
      expect(await store.earliestDueAt()).toBeNull();
      expect(await due(NOW_AT)).toEqual([]);
      expect((await store.jobById('a'))?.id).toBe('a');
      await write((tx) => {
        expect(tx.jobByName('job-a')?.removed_at).toBe(NOW_AT);
        expect(ids(tx.jobs())).toEqual(['a']);
        tx.putJob({ ...tx.jobById('a')!, removed_at: null });
      });
      expect(await list({})).toEqual(['a']);
      expect(await store.earliestDueAt()).toBe(NOW_AT);
    });

    test('have a state that changes apart from what they declare', async () => {
      const declaration = { tags: ['db'] };
      await write((tx) => tx.putJob(job('a', { declaration }, { due_at: 5 })));
      const { state } = job('a', {}, { due_at: 7, status: 'success' });
      await store.transact({ ids: ['a'] }, (tx) => {
        tx.putState('a', state);
        expect(tx.jobById('a')).toEqual(job('a', { declaration }, state));
        expect(tx.jobByName('job-a')?.state.due_at).toBe(7);
      });
      expect(await store.jobById('a')).toEqual(job('a', { declaration }, state));
      expect(await list({ status: 'success', tag: 'db' })).toEqual(['a']);
      expect(await due(7)).toEqual(['a']);
      expect(await due(6)).toEqual([]);
    });

    test('may have both changed in one transaction, in any order, and be found due by the next', async () => {
      await write((tx) => tx.putJob(job('a')));
      const { state } = job('a', {}, { due_at: 7 });
      const both = store.transact({ ids: ['a'] }, (tx) => {
        tx.putState('a', state);
        tx.putJob({ ...tx.jobById('a')!, name: 'renamed' });
        expect(tx.jobById('a')).toEqual(job('a', { name: 'renamed' }, state));
        tx.putState('a', { ...state, due_at: 8 });
      });
      const next = store.transact({ due: { now_at: 9, limit: 5 } }, (tx) => tx.due());
      await both;
      expect(await next).toEqual(['a']);
      expect((await store.jobByName('renamed'))?.state.due_at).toBe(8);
    });

    test('that do not exist have no state', async () => {
      await expect(write((tx) => tx.putState('none', job('none').state))).rejects.toThrow('No job "none"');
      const undone = write((tx) => {
        tx.putJob(job('a'));
        tx.deleteJob('a');
        tx.putState('a', job('a').state);
      });
      await expect(undone).rejects.toThrow('No job "a"');
      expect(await list({})).toEqual([]);
    });

    test('lose a state that an attempt gave them and then failed', async () => {
      await write((tx) => tx.putJob(job('a', {}, { due_at: 5 })));
      await store.transact({ ids: ['a'] }, (tx) => {
        const attempt = (): void =>
          tx.attempt(() => {
            tx.putState('a', job('a', {}, { due_at: 9 }).state);
            throw new Error('no');
          });
        expect(attempt).toThrow('no');
        expect(tx.jobById('a')?.state.due_at).toBe(5);
      });
      expect(await due(5)).toEqual(['a']);
    });

    test('keep their name to themselves, even when they are removed', async () => {
      await write((tx) => tx.putJob(job('a', { removed_at: NOW_AT })));
      const taken = write((tx) => tx.putJob(job('b', { name: 'job-a' })));
      await expect(taken).rejects.toMatchObject({ code: 'name_taken' });
      await write((tx) => {
        tx.putJob(job('a', { name: 'other', removed_at: NOW_AT }));
        tx.putJob(job('b', { name: 'job-a' }));
      });
      expect((await store.jobByName('job-a'))?.id).toBe('b');
      await write((tx) => {
        tx.deleteJob('b');
        tx.putJob(job('c', { name: 'job-a' }));
      });
      expect((await store.jobByName('job-a'))?.id).toBe('c');
    });

    test('can exchange names by way of a third', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putJob(job('b'));
      });
      await write((tx) => {
        tx.putJob(job('a', { name: 'third' }));
        tx.putJob(job('b', { name: 'job-a' }));
        tx.putJob(job('a', { name: 'job-b' }));
      });
      expect((await store.jobByName('job-a'))?.id).toBe('b');
      expect((await store.jobByName('job-b'))?.id).toBe('a');
      expect(await list({})).toEqual(['b', 'a']);
    });

    test('take all that belongs to them when they are deleted', async () => {
      await write((tx) => {
        for (const id of ['a', 'b']) {
          tx.putJob(job(id, {}, { due_at: NOW_AT }));
          tx.putRun(run(id, 1, { output_bytes: 1 }));
          tx.tally(id, [tally('2026-01-14')]);
          tx.putOutput(id, `${id}-1`, { text: id, dropped_bytes: 0 });
          tx.putIncident(incident(`i-${id}`, id));
          tx.putDelivery(delivery(`d-${id}`, id));
        }
      });
      await write((tx) => {
        tx.putRun(openRun('a', 2));
        tx.tally('a', [tally('2026-01-15')]);
        tx.putDelivery(delivery('d-a2', 'a'));
        tx.deleteJob('a');
      });
      expect(await store.jobById('a')).toBeUndefined();
      expect((await store.runsOf('a', PAGE)).total).toBe(0);
      expect(await store.output('a', 'a-1')).toBeUndefined();
      expect((await store.daysOf('a', PAGE)).total).toBe(0);
      expect((await store.daysOf('b', PAGE)).items).toEqual([day('b', '2026-01-14')]);
      expect(ids((await store.incidents(PAGE)).items)).toEqual(['i-b']);
      expect(ids((await store.deliveries(PAGE)).items)).toEqual(['d-b']);
      expect(await due(NOW_AT)).toEqual(['b']);
      expect(await store.output('b', 'b-1')).toEqual({ text: 'b', dropped_bytes: 0 });
      await write((tx) => tx.putJob(job('a')));
      expect((await store.runsOf('a', PAGE)).total).toBe(0);
    });

    test('deleted and made anew in one transaction start empty', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', 1));
        tx.putRun(run('a', 2));
      });
      await write((tx) => {
        tx.deleteJob('a');
        tx.putJob(job('a', { name: 'again' }));
        tx.putRun(run('a', 2, { outcome: 'failure' }));
        expect(ids(tx.runsOf('a').all())).toEqual(['a-2']);
      });
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-2']);
      expect(await store.jobByName('job-a')).toBeUndefined();
    });
  });

  describe('what is due', () => {
    test('is found earliest first, then by id', async () => {
      await write((tx) => {
        for (const [id, due_at] of [
          ['c', 5],
          ['a', 5],
          ['b', 1],
          ['d', 9],
          ['e', null],
        ] as const)
          tx.putJob(job(id, {}, { due_at }));
      });
      expect(await store.earliestDueAt()).toBe(1);
      expect(await store.earliestDueAt(new Set(['b', 'e', 'x']))).toBe(5);
      expect(await store.earliestDueAt(new Set(['a', 'b', 'c', 'd']))).toBeNull();
      expect(await due(8)).toEqual(['b', 'a', 'c']);
      expect(await due(8, 2)).toEqual(['b', 'a']);
      expect(await due(8)).toEqual(['b', 'a', 'c']);
      expect(await due(0)).toEqual([]);
    });

    test('follows every change', async () => {
      await write((tx) => {
        tx.putJob(job('a', {}, { due_at: 5 }));
        tx.putJob(job('b', {}, { due_at: 6 }));
      });
      await write((tx) => tx.putJob(job('a', {}, { due_at: 7 })));
      expect(await store.earliestDueAt()).toBe(6);
      expect(await due(10)).toEqual(['b', 'a']);
      await write((tx) => {
        tx.putJob(job('a', {}, { due_at: 2 }));
        tx.putJob(job('b', {}, { due_at: null }));
      });
      expect(await due(10)).toEqual(['a']);
      await write((tx) => tx.deleteJob('a'));
      expect(await store.earliestDueAt()).toBeNull();
    });

    test('agrees with a plain search, whatever changes', async () => {
      const random = generator(7);
      const dueAts = new Map<string, number>();
      for (let round = 0; round < 30; round += 1) {
        const changes = Array.from({ length: 20 }, () => {
          const id = String(random(60));
          return { id, dueAt: random(4) === 0 ? null : random(50) };
        });
        await write((tx) => {
          for (const { id, dueAt } of changes) {
            if (dueAt !== null) tx.putJob(job(id, {}, { due_at: dueAt }));
            else if (tx.jobById(id)) tx.deleteJob(id);
          }
        });
        for (const { id, dueAt } of changes) {
          if (dueAt === null) dueAts.delete(id);
          else dueAts.set(id, dueAt);
        }
        const expected = [...dueAts].sort(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1));
        expect(await store.earliestDueAt()).toBe(expected[0]?.[1] ?? null);
        expect(await dueIds(store, 25, 10)).toEqual(
          expected
            .filter(([, at]) => at <= 25)
            .map(([id]) => id)
            .slice(0, 10),
        );
      }
    });
  });

  test('finds the jobs that were removed, or gave up a name, long ago', async () => {
    await write((tx) => {
      tx.putJob(job('a', { removed_at: 5 }));
      tx.putJob(job('b', { removed_at: 9 }));
      tx.putJob(job('c', { renamed: [{ from: 'x', at: 3 }] }));
      tx.putJob(job('d', { renamed: [{ from: 'y', at: 8 }] }));
      tx.putJob(job('e'));
    });
    const before = { removed_at: 6, renamed_at: 4, limit: 10 };
    expect((await store.outdatedJobIds(before)).toSorted()).toEqual(['a', 'c']);
    expect(await store.outdatedJobIds({ ...before, limit: 1 })).toHaveLength(1);
    expect(await store.outdatedJobIds({ ...before, removed_at: 5, renamed_at: 3 })).toEqual([]);
  });

  test('lists the ids of all jobs in their order, some at a time', async () => {
    expect(await store.jobIdsAfter(null, 2)).toEqual([]);
    await store.transact({ ids: ['b', 'B', 'a', 'c'] }, (tx) => {
      for (const id of ['b', 'B', 'a']) tx.putJob(job(id));
      tx.putJob({ ...job('c'), removed_at: 5 });
    });
    expect(await store.jobIdsAfter(null, 2)).toEqual(['B', 'a']);
    expect(await store.jobIdsAfter('a', 2)).toEqual(['b', 'c']);
    expect(await store.jobIdsAfter('aa', 9)).toEqual(['b', 'c']);
    expect(await store.jobIdsAfter('c', 2)).toEqual([]);
  });
});

/** Numbers below `max`, the same in every run. */
function generator(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % max;
  };
}
