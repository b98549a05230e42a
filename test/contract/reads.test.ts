import { beforeEach, describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
import type { AllRunsFilter, RunPlace, Store } from '../../src/store/store.ts';
import {
  delivery,
  ids,
  incident,
  job,
  NOW_AT,
  openRun,
  run,
  skipRow,
  slotsRow,
  systemIncident,
} from '../support/records.ts';
import { PAGE, helpersOf, openBeforeEach, rows } from './stores.ts';

/** These are the reads of people and programs. They change nothing, and each list can be read page by page. */
describe.each(rows)('the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const { write } = helpersOf(() => store);
  /** Lists ids of rows of all jobs, page by page. `between` runs after each page. */
  const listed = async (
    filter: Partial<AllRunsFilter>,
    between: (pageCount: number) => Promise<void> = async () => {},
  ): Promise<string[]> => {
    const found: string[] = [];
    let after: RunPlace | null | undefined;
    for (let pages = 1; after !== null; pages += 1) {
      const stretch = await store.runs({ limit: 100, ...filter, ...(after === undefined ? {} : { after }) });
      found.push(...stretch.items.map(({ row }) => row.id));
      after = stretch.next;
      await between(pages);
    }
    return found;
  };

  describe('runs of all jobs', () => {
    beforeEach(() =>
      write((tx) => {
        tx.putJob(job('a', { declaration: { group: 'db', tags: ['nightly', 'vault'] } }));
        tx.putJob(job('b', { declaration: { tags: ['nightly'] } }));
        tx.putJob(job('c', { declaration: { group: 'web' }, removed_at: NOW_AT }));
        tx.putRun(run('a', 1, { started_at: NOW_AT - 5 * HOUR_MS, host: 'web1' }));
        tx.putRun(run('a', 2, { started_at: NOW_AT - HOUR_MS, outcome: 'failure', host: 'web2' }));
        tx.putRun(openRun('a', 3, { started_at: NOW_AT - MINUTE_MS, host: 'web1' }));
        tx.putRun(run('b', 1, { started_at: NOW_AT - HOUR_MS }));
        tx.putRun(slotsRow('b', 2, { first_slot_at: NOW_AT - 9 * HOUR_MS, slot_at: NOW_AT, count: 10 }));
        tx.putRun(skipRow('b', 3, { ended_at: NOW_AT - 2 * HOUR_MS }));
        tx.putRun(run('c', 1, { started_at: NOW_AT - 3 * HOUR_MS }));
      }),
    );

    test('are listed with their jobs, those that began last first, removed jobs left out', async () => {
      const { items, next } = await store.runs({ limit: 100 });
      expect(items.map(({ job: { name }, row }) => [name, row.id])).toEqual([
        ['job-a', 'a-3'],
        ['job-b', 'b-1'],
        ['job-a', 'a-2'],
        ['job-b', 'b-3'],
        ['job-a', 'a-1'],
        ['job-b', 'b-2'],
      ]);
      expect(next).toBeNull();
    });

    test.each<[Partial<AllRunsFilter>, string[]]>([
      [{ job_id: 'a' }, ['a-3', 'a-2', 'a-1']],
      [{ job_id: 'nope' }, []],
      [{ job_id: 'c' }, []],
      [{ group: 'db' }, ['a-3', 'a-2', 'a-1']],
      [{ tag: 'nightly', outcome: 'success' }, ['b-1', 'a-1']],
      [{ tag: 'vault', host: 'web1' }, ['a-3', 'a-1']],
      [{ outcome: 'open' }, ['a-3']],
      [{ outcome: 'missed' }, ['b-2']],
      // A row that stands for many slots belongs to the whole time between the first and the last of them.
      [{ since_at: NOW_AT - HOUR_MS }, ['a-3', 'b-1', 'a-2', 'b-2']],
      [{ until_at: NOW_AT - HOUR_MS }, ['b-3', 'a-1', 'b-2']],
      [{ since_at: NOW_AT - 2 * HOUR_MS, until_at: NOW_AT - HOUR_MS }, ['b-3', 'b-2']],
      [{ since_at: NOW_AT + 1 }, []],
      [{ until_at: NOW_AT - 9 * HOUR_MS }, []],
    ])('are selected by %j', async (filter, expected) => {
      expect(await listed(filter)).toEqual(expected);
      expect(await listed({ ...filter, limit: 1 })).toEqual(expected);
    });

    test('are each listed once, whatever begins, ends, goes on or is dropped between two pages', async () => {
      const found = await listed({ limit: 2 }, async (pages) => {
        await write((tx) => {
          tx.putRun(run('a', 10 + pages, { started_at: NOW_AT + pages }));
          if (pages === 1) {
            tx.putRun(run('a', 3, { started_at: NOW_AT - MINUTE_MS, ended_after_number: 11 }));
            const first = NOW_AT - 9 * HOUR_MS;
            tx.putRun(slotsRow('b', 2, { first_slot_at: first, slot_at: NOW_AT + HOUR_MS, count: 11 }));
          }
          if (pages === 2) {
            // The page before ended with this row.
            tx.deleteRun('b-3');
            tx.putJob(job('a', { declaration: { group: 'db', keep_runs: 50 } }));
          }
        });
      });
      expect(found).toEqual(['a-3', 'b-1', 'a-2', 'b-3', 'a-1', 'b-2']);
    });

    test('that were dated anew are listed where they belong now', async () => {
      await write((tx) => tx.putRun(run('a', 1, { started_at: NOW_AT - 30 * MINUTE_MS })));
      expect(await listed({ job_id: 'a' })).toEqual(['a-3', 'a-1', 'a-2']);
      expect(await listed({ since_at: NOW_AT - HOUR_MS, limit: 1 })).toEqual([
        'a-3',
        'a-1',
        'b-1',
        'a-2',
        'b-2',
      ]);
      await write((tx) => tx.deleteRun('a-1'));
      expect(await listed({ job_id: 'a', limit: 1 })).toEqual(['a-3', 'a-2']);
    });

    test('are found past any number that a filter leaves out', async () => {
      const count = 30_000;
      await write((tx) => {
        for (let each = 0; each < count / 1_000; each += 1) {
          tx.putJob(job(`j${each}`, { declaration: { keep_runs: 1_000 } }));
          for (let number = 1; number <= 1_000; number += 1)
            tx.putRun(run(`j${each}`, number, { started_at: NOW_AT - number * MINUTE_MS }));
        }
        tx.putRun(run('a', 1, { started_at: NOW_AT - 99 * HOUR_MS, outcome: 'failure' }));
      });
      expect(await listed({ outcome: 'failure' })).toEqual(['a-2', 'a-1']);
    });
  });

  test('finds the rows that stand for a slot in a stretch of time', async () => {
    const between = { from_at: NOW_AT, to_at: NOW_AT + HOUR_MS };
    await write((tx) => {
      for (const id of ['a', 'b', 'c']) tx.putJob(job(id));
      tx.putRun(run('a', 1, { slot_at: NOW_AT - 1 }));
      tx.putRun(run('a', 2, { slot_at: NOW_AT, started_at: NOW_AT + 9 * HOUR_MS }));
      tx.putRun(openRun('a', 3, { slot_at: NOW_AT + HOUR_MS - 1 }));
      tx.putRun(run('a', 4, { slot_at: NOW_AT + HOUR_MS }));
      tx.putRun(run('a', 5));
      tx.putRun(slotsRow('b', 1, { first_slot_at: 1, slot_at: NOW_AT + 9 * HOUR_MS, count: 9 }));
      tx.putRun(slotsRow('b', 2, { first_slot_at: 1, slot_at: NOW_AT - 1, count: 9 }));
      tx.putRun(skipRow('b', 3, { slot_at: NOW_AT + 1 }));
      tx.putRun(run('c', 1, { slot_at: NOW_AT }));
    });
    const found = await store.slotRows({ job_ids: ['a', 'b', 'nope'], ...between });
    expect(ids(found).toSorted()).toEqual(['a-2', 'a-3', 'b-1', 'b-3']);
  });

  describe('a list goes on after the last item of a page, though others have come and gone', () => {
    test('of the runs of a job', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        for (let number = 1; number <= 5; number += 1)
          tx.putRun(run('a', number, { outcome: number === 3 ? 'failure' : 'success' }));
      });
      expect(ids((await store.runsOf('a', { skip: 0, limit: 2 })).items)).toEqual(['a-5', 'a-4']);
      await write((tx) => {
        tx.putRun(run('a', 6));
        tx.deleteRun('a-4');
      });
      const page = await store.runsOf('a', { ...PAGE, after: 4 });
      expect([ids(page.items), page.total]).toEqual([['a-3', 'a-2', 'a-1'], 5]);
      const { items } = await store.runsOf('a', { ...PAGE, after: 4, outcome: 'success' });
      expect(ids(items)).toEqual(['a-2', 'a-1']);
      expect((await store.runsOf('a', { ...PAGE, after: 1 })).items).toEqual([]);
    });

    test('of jobs', async () => {
      const list = async (after: string, tag?: string): Promise<string[]> =>
        ids(
          (await store.listJobs({ skip: 0, limit: 2, after, ...(tag === undefined ? {} : { tag }) })).items,
        );
      await write((tx) => {
        for (const id of ['a', 'b', 'c', 'd', 'e']) tx.putJob(job(id, { declaration: { tags: ['t'] } }));
      });
      await write((tx) => {
        tx.deleteJob('b');
        tx.putJob(job('aa'));
      });
      for (const tag of [undefined, 't']) {
        expect(await list('job-b', tag)).toEqual(['c', 'd']);
        expect(await list('job-d', tag)).toEqual(['e']);
        expect(await list('job-e', tag)).toEqual([]);
      }
      expect((await store.listJobs({ ...PAGE, after: 'job-d', tag: 't' })).total).toBe(4);
    });

    test('of incidents, ordered by when they opened and by their ids', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putIncident(incident('1', 'a', { opened_at: NOW_AT + 2, closed_at: NOW_AT + 3 }));
        tx.putIncident(systemIncident('2', { opened_at: NOW_AT + 2 }));
        tx.putIncident(incident('9', 'a', { opened_at: NOW_AT + 1, closed_at: NOW_AT + 3 }));
        tx.putIncident(incident('3', 'a', { opened_at: NOW_AT }));
      });
      expect(ids((await store.incidents({ skip: 0, limit: 2 })).items)).toEqual(['1', '2']);
      await write((tx) => {
        tx.deleteIncident('2');
        tx.putIncident(incident('4', 'a', { opened_at: NOW_AT + 4, closed_at: NOW_AT + 5 }));
      });
      const page = await store.incidents({ ...PAGE, after: { at: NOW_AT + 2, id: '2' } });
      expect([ids(page.items), page.total]).toEqual([['9', '3'], 4]);
      const open = await store.incidents({ ...PAGE, open: true, after: { at: NOW_AT + 2, id: '2' } });
      expect(ids(open.items)).toEqual(['3']);
    });

    test('of deliveries, ordered by when they became owed and by their ids', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putDelivery(delivery('x', 'a', { created_at: NOW_AT + 1 }));
        tx.putDelivery(delivery('y', 'a', { created_at: NOW_AT + 1 }));
        tx.putDelivery(delivery('z', 'a', { created_at: NOW_AT, status: 'dead' }));
      });
      expect(ids((await store.deliveries(PAGE)).items)).toEqual(['x', 'y', 'z']);
      await write((tx) => {
        tx.deleteDelivery('x');
        tx.putDelivery(delivery('w', 'a', { created_at: NOW_AT + 2 }));
      });
      const page = await store.deliveries({ ...PAGE, after: { at: NOW_AT + 1, id: 'x' } });
      expect([ids(page.items), page.total]).toEqual([['y', 'z'], 3]);
      const dead = await store.deliveries({ ...PAGE, status: 'dead', after: { at: NOW_AT + 1, id: 'y' } });
      expect(ids(dead.items)).toEqual(['z']);
    });
  });

  describe('a name with the character zero', () => {
    beforeEach(() =>
      write((tx) => {
        tx.putJob(job('a', { declaration: { description: 'nightly', group: 'db', tags: ['vault'] } }));
        tx.putRun(run('a', 1, { host: 'web1' }));
        tx.putOutput('a', 'a-1', { text: 'printed', dropped_bytes: 0 });
        tx.putIncident(incident('i', 'a'));
        tx.putDelivery(delivery('d', 'a'));
        tx.putMeta('key', 1);
      }),
    );

    test('is the name of nothing that is read', async () => {
      const one = [
        store.jobById('a\0'),
        store.jobByName('job-a\0'),
        store.run('a\0', 'a-1'),
        store.run('a', 'a-1\0'),
        store.output('a', 'a-1\0'),
        store.openIncidentOf('a\0'),
        store.incident('i\0'),
        store.meta('key\0'),
      ];
      expect(await Promise.all(one)).toEqual(one.map(() => undefined));
      const many = [
        store.listJobs({ ...PAGE, q: 'night\0ly' }),
        store.listJobs({ ...PAGE, group: 'db\0' }),
        store.listJobs({ ...PAGE, tag: 'vault\0' }),
        store.runsOf('a\0', PAGE),
        store.runsOf('a', { ...PAGE, host: 'web1\0' }),
        store.incidents({ ...PAGE, job_id: 'a\0' }),
        store.deliveries({ ...PAGE, incident_id: 'i\0' }),
      ];
      expect((await Promise.all(many)).map(({ total }) => total)).toEqual(many.map(() => 0));
    });

    test('is the name of nothing that a transaction finds', async () => {
      const scope = {
        names: ['job-a\0'],
        ids: ['a\0'],
        runs: { rids: ['\0'] },
        incident_ids: ['i\0'],
        delivery_ids: ['d\0'],
        meta: ['key\0'],
      };
      const found = await store.transact(scope, (tx) => [
        tx.jobByName('job-a\0'),
        tx.jobById('a\0'),
        tx.incident('i\0'),
        tx.delivery('d\0'),
        tx.meta('key\0'),
      ]);
      expect(found).toEqual(found.map(() => undefined));
    });
  });
});
