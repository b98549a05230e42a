import { beforeEach, describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../src/schedule/units.ts';
import {
  type Change,
  CONFIGURATION_KEY,
  type RunFilter,
  type Scope,
  type Store,
  type Tx,
} from '../../src/store/store.ts';
import {
  delivery,
  ids,
  incident,
  increment,
  job,
  NOW_AT,
  openRun,
  ping,
  run,
  systemDelivery,
  systemIncident,
  tally,
} from '../support/records.ts';
import { ALL, PAGE, helpersOf, openBeforeEach, rows } from './stores.ts';

describe.each(rows)('the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const { write, list, due } = helpersOf(() => store);
  const selected = async (filter: Partial<RunFilter>): Promise<[string[], number]> => {
    const { items, total } = await store.runsOf('a', { ...PAGE, ...filter });
    return [ids(items), total];
  };
  const updatedAt = (): Promise<number | undefined> =>
    store.view({ ids: ['a'] }, (view) => view.jobById('a')?.updated_at);

  describe('transact', () => {
    test('returns what the function returns, once its changes can be read', async () => {
      const answer = await store.transact({ ids: ['a'] }, (tx) => {
        tx.putJob(job('a'));
        return 42;
      });
      expect(answer).toBe(42);
      expect(await store.jobById('a')).toEqual(job('a'));
      expect(await store.jobByName('job-a')).toEqual(job('a'));
    });

    test('changes nothing if the function throws, and rejects with its error', async () => {
      await write((tx) => tx.putJob(job('a')));
      const failure = new Error('no');
      const outcome = store.transact(ALL, (tx) => {
        tx.putJob(job('a', { updated_at: 1 }));
        tx.putJob(job('b'));
        tx.putRun(run('a', 1));
        tx.tally('a', [tally('2026-01-15')]);
        tx.putOutput('a', 'a-1', { text: 'x', dropped_bytes: 0 });
        tx.deleteJob('a');
        tx.putMeta('key', 1);
        throw failure;
      });
      await expect(outcome).rejects.toBe(failure);
      expect(await list({})).toEqual(['a']);
      expect((await store.jobById('a'))?.updated_at).toBe(NOW_AT);
      expect((await store.runsOf('a', PAGE)).total).toBe(0);
      expect(await store.meta('key')).toBeUndefined();
    });

    test('runs transactions one after another, in the order of the calls', async () => {
      const counts = Array.from({ length: 50 }, () =>
        store.transact({ meta: ['count'] }, (tx) => increment(tx, 'count')),
      );
      expect(await Promise.all(counts)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      expect(await store.meta('count')).toBe(50);
    });

    test('lets a failing transaction among many leave no trace and harm no other', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, i) =>
          store.transact({ meta: ['count'] }, (tx) => {
            increment(tx, 'count');
            if (i % 2 === 1) throw new Error('odd');
          }),
        ),
      );
      expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).toEqual(
        Array.from({ length: 10 }, (_, i) => i % 2 === 0),
      );
      expect(await store.meta('count')).toBe(5);
    });

    test('does not run the function before it returns', async () => {
      let ran = false;
      const done = store.transact({}, () => {
        ran = true;
      });
      expect(ran).toBe(false);
      await done;
      expect(ran).toBe(true);
    });

    test('refuses a function that returns a promise', async () => {
      const outcome = store.transact({ meta: ['key'] }, async (tx) => {
        tx.putMeta('key', 1);
        await Promise.resolve();
      });
      await expect(outcome).rejects.toThrow('must be synchronous');
      expect(await store.meta('key')).toBeUndefined();
    });

    test('refuses the use of a view whose transaction has ended', async () => {
      const kept = await store.transact(ALL, (tx) => tx);
      expect(() => kept.jobs()).toThrow('has ended');
      expect(() => kept.putMeta('key', 1)).toThrow('has ended');
    });

    test('refuses everything once the store is closed', async () => {
      await store.close();
      await expect(store.transact({}, () => 1)).rejects.toMatchObject({ code: 'stopping' });
    });
  });

  describe('view', () => {
    beforeEach(() => write((tx) => tx.putJob(job('a'))));

    test('returns what the function returns', async () => {
      expect(await store.view({ ids: ['a'] }, (view) => view.jobById('a'))).toEqual(job('a'));
    });

    test('sees what is durable, and waits for no commit', async () => {
      expect(await updatedAt()).toBe(NOW_AT);
      const done = write((tx) => tx.putJob(job('a', { updated_at: 1 })));
      const during = updatedAt();
      expect([NOW_AT, 1]).toContain(await during);
      await done;
      expect(await updatedAt()).toBe(1);
    });

    test('shows removed jobs', async () => {
      await write((tx) => tx.putJob(job('a', { removed_at: NOW_AT })));
      expect(await store.view(ALL, (view) => ids(view.jobs()))).toEqual(['a']);
    });

    test('has nothing that writes', async () => {
      const methods = await store.view(ALL, (view) =>
        ['putJob', 'putMeta', 'attempt'].filter((each) => each in view),
      );
      expect(methods).toEqual([]);
    });

    test('covers no more than its scope', async () => {
      const read = store.view({ names: ['job-b'] }, (view) => view.jobById('a'));
      await expect(read).rejects.toThrow('scope does not cover');
    });

    test('does not run the function before it returns, and passes on its error', async () => {
      let ran = false;
      const failure = new Error('no');
      const done = store.view({}, () => {
        ran = true;
        throw failure;
      });
      expect(ran).toBe(false);
      await expect(done).rejects.toBe(failure);
    });

    test('refuses a promise, and its use after the end', async () => {
      await expect(store.view({}, async () => 1)).rejects.toThrow('must be synchronous');
      const kept = await store.view(ALL, (view) => view);
      expect(() => kept.jobs()).toThrow('has ended');
    });
  });

  describe('watch', () => {
    let told: Change[];
    let end: () => void;
    beforeEach(() => {
      told = [];
      end = store.watch((changes) => void told.push(...changes));
    });

    test('tells what was committed, in small changes', async () => {
      await write((tx) => {
        tx.putJob(job('a', {}, { due_at: 7 }));
        tx.putJob(job('b', { removed_at: NOW_AT }, { due_at: 8 }));
        tx.putRun(run('a', 1));
        tx.putIncident(incident('i', 'a'));
        tx.putIncident(systemIncident('s', { closed_at: NOW_AT }));
        tx.putDelivery(delivery('d', 'a'));
        tx.putMeta(CONFIGURATION_KEY, 1);
        tx.putMeta('other', 1);
      });
      await write((tx) => tx.deleteJob('a'));
      await turn();
      expect(told.slice(0, 7)).toEqual([
        { type: 'job', id: 'a', name: 'job-a', due_at: 7 },
        { type: 'job', id: 'b', name: 'job-b', due_at: null },
        { type: 'run', id: 'a-1', job_id: 'a' },
        { type: 'incident', id: 'i', job_id: 'a', is_open: true },
        { type: 'incident', id: 's', job_id: null, is_open: false },
        { type: 'delivery', id: 'd', notifier: 'ops', status: 'pending' },
        { type: 'configuration' },
      ]);
      const deleted = told
        .slice(7)
        .map((change) => (change.type === 'deleted' ? `${change.of} ${change.id}` : ''));
      expect(deleted.toSorted()).toEqual(['delivery d', 'incident i', 'job a', 'run a-1']);
    });

    test('tells only what is durable', async () => {
      end();
      const seen: Promise<unknown>[] = [];
      end = store.watch(() => void seen.push(store.jobById('a')));
      await write((tx) => tx.putJob(job('a')));
      await turn();
      expect(await Promise.all(seen)).toEqual([job('a')]);
    });

    test('tells nothing of what failed or changed nothing', async () => {
      await expect(
        write((tx) => {
          tx.putJob(job('a'));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await write(() => {});
      await store.view(ALL, (view) => view.jobs());
      await turn();
      expect(told).toEqual([]);
    });

    test('tells nobody who has ended it, and the others all the same', async () => {
      const others: Change[] = [];
      const endOther = store.watch((changes) => void others.push(...changes));
      end();
      await write((tx) => tx.putJob(job('a')));
      await turn();
      expect([told.length, others.length]).toEqual([0, 1]);
      endOther();
      await write((tx) => tx.putJob(job('b')));
      await turn();
      expect(others).toHaveLength(1);
    });

    test('lets no listener that fails or never ends harm a commit or another listener', async () => {
      end();
      const ends = [
        store.watch(() => {
          throw new Error('broken');
        }),
        store.watch(() => Promise.reject(new Error('broken later'))),
        store.watch(() => new Promise<void>(() => {})),
        store.watch((changes) => void told.push(...changes)),
      ];
      await write((tx) => tx.putJob(job('a')));
      await write((tx) => tx.putJob(job('b')));
      await turn();
      expect(told.map((change) => change.type)).toEqual(['job', 'job']);
      for (const each of ends) each();
    });
  });

  describe('a transaction that has written', () => {
    test('reads the jobs, under their old and new names', async () => {
      await write((tx) => tx.putJob(job('a')));
      await write((tx) => {
        tx.putJob(job('b'));
        tx.putJob(job('a', { name: 'renamed' }));
        expect(tx.jobByName('job-a')).toBeUndefined();
        expect(tx.jobByName('renamed')?.id).toBe('a');
        expect(ids(tx.jobs())).toEqual(['a', 'b']);
        tx.deleteJob('a');
        expect(tx.jobById('a')).toBeUndefined();
        expect(tx.jobByName('renamed')).toBeUndefined();
        expect(ids(tx.jobs())).toEqual(['b']);
      });
      expect(await list({})).toEqual(['b']);
    });

    test('selects runs by outcome, host and instant', async () => {
      const [first, second, third, fourth] = [1, 2, 3, 4].map((hours) => NOW_AT + hours * HOUR_MS);
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', 1, { started_at: first!, host: 'web1' }));
        tx.putRun(run('a', 2, { started_at: second!, host: 'web2', outcome: 'failure' }));
        // What never began counts by its slot, or else by its end.
        tx.putRun(run('a', 3, { started_at: null, slot_at: third!, outcome: 'failure', host: 'web1' }));
        tx.putRun(openRun('a', 4, { started_at: fourth!, host: 'web1' }));
      });
      expect(await selected({})).toEqual([['a-4', 'a-3', 'a-2', 'a-1'], 4]);
      expect(await selected({ outcome: 'failure' })).toEqual([['a-3', 'a-2'], 2]);
      expect(await selected({ outcome: 'open' })).toEqual([['a-4'], 1]);
      expect(await selected({ host: 'web1' })).toEqual([['a-4', 'a-3', 'a-1'], 3]);
      expect(await selected({ since_at: second! })).toEqual([['a-4', 'a-3', 'a-2'], 3]);
      expect(await selected({ until_at: second! })).toEqual([['a-1'], 1]);
      expect(await selected({ host: 'web1', since_at: second!, skip: 1, limit: 1 })).toEqual([['a-3'], 2]);
    });

    test('reads the runs, in the order of their numbers', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        for (const number of [9, 10, 2]) tx.putRun(run('a', number));
      });
      await write((tx) => {
        tx.putRun(run('a', 11));
        tx.putRun(run('a', 10, { outcome: 'failure' }));
        tx.putRun(openRun('a', 1));
        tx.deleteRun('a-2');
        expect(ids(tx.runsOf('a').all())).toEqual(['a-1', 'a-9', 'a-10', 'a-11']);
        expect(tx.runsOf('a').all()[2]?.outcome).toBe('failure');
      });
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-11', 'a-10', 'a-9', 'a-1']);
    });

    test('reads the incidents', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putIncident(incident('i1', 'a'));
        expect(tx.openIncidentOf('a')?.id).toBe('i1');
      });
      await write((tx) => {
        tx.putIncident(incident('i1', 'a', { closed_at: NOW_AT }));
        expect(tx.openIncidentOf('a')).toBeUndefined();
        tx.putIncident(incident('i2', 'a'));
        expect(tx.openIncidentOf('a')?.id).toBe('i2');
        tx.putIncident(systemIncident('s1'));
        tx.putIncident(systemIncident('s2', { closed_at: NOW_AT }));
        expect(ids(tx.openSystemIncidents())).toEqual(['s1']);
        tx.deleteIncident('i1');
        expect(tx.incident('i1')).toBeUndefined();
      });
      expect(ids((await store.incidents(PAGE)).items)).toEqual(['i2', 's1', 's2']);
    });

    test('reads the deliveries and meta values', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putDelivery(delivery('d1', 'a'));
        tx.putMeta('key', { n: 1 });
        expect(tx.delivery('d1')?.status).toBe('pending');
        expect(tx.meta('key')).toEqual({ n: 1 });
        tx.deleteDelivery('d1');
        tx.putMeta('key', undefined);
        expect(tx.delivery('d1')).toBeUndefined();
        expect(tx.meta('key')).toBeUndefined();
      });
      expect((await store.deliveries(PAGE)).total).toBe(0);
      expect(await store.meta('key')).toBeUndefined();
    });

    test('keeps its writes from all others before the commit', async () => {
      const done = write((tx) => tx.putJob(job('a')));
      const seen = await store.jobById('a');
      // Over a network the read may arrive after the commit, and then it sees all of it.
      expect([undefined, ...(store.isShared === true ? ['a'] : [])]).toContain(seen?.id);
      await done;
      expect((await store.jobById('a'))?.id).toBe('a');
    });
  });

  describe('attempt', () => {
    test('undoes what its function wrote if the function throws, and nothing else', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', 1));
        tx.putMeta('key', 'before');
      });
      await write((tx) => {
        tx.putMeta('kept', 1);
        tx.putRun(run('a', 2));
        const attempt = (): void =>
          tx.attempt(() => {
            tx.putJob(job('b'));
            tx.putJob(job('a', { name: 'renamed' }));
            tx.putRun(run('a', 2, { outcome: 'failure' }));
            tx.deleteRun('a-1');
            tx.tally('a', [tally('2026-01-15')]);
            tx.putIncident(incident('i', 'a'));
            tx.putDelivery(delivery('d', 'a'));
            tx.putOutput('a', 'a-2', { text: 'x', dropped_bytes: 0 });
            tx.putMeta('key', 'after');
            tx.logEvent('a', { type: 'ping', ping: ping() });
            throw new Error('no');
          });
        expect(attempt).toThrow('no');
        expect(ids(tx.jobs())).toEqual(['a']);
        expect(tx.jobByName('renamed')).toBeUndefined();
        expect(tx.meta('key')).toBe('before');
        expect(ids(tx.runsOf('a').all())).toEqual(['a-1', 'a-2']);
        expect(tx.openIncidentOf('a')).toBeUndefined();
      });
      expect(await store.meta('kept')).toBe(1);
      expect(await store.meta('key')).toBe('before');
      expect((await store.run('a', 'a-2'))?.outcome).toBe('success');
      expect((await store.jobById('a'))?.name).toBe('job-a');
      expect(await store.incident('i')).toBeUndefined();
      expect((await store.daysOf('a', PAGE)).total).toBe(0);
      expect((await store.deliveries(PAGE)).total).toBe(0);
      expect(await store.output('a', 'a-2')).toBeUndefined();
    });

    test('can be nested, and keeps the writes of an inner one until an outer one throws', async () => {
      await store.transact({ meta: ['inner', 'stays'] }, (tx) => {
        const outer = (): void =>
          tx.attempt(() => {
            tx.attempt(() => tx.putMeta('inner', 1));
            expect(tx.meta('inner')).toBe(1);
            throw new Error('outer');
          });
        expect(outer).toThrow('outer');
        expect(tx.attempt(() => 'value')).toBe('value');
        tx.attempt(() => tx.putMeta('stays', 1));
      });
      expect(await store.meta('inner')).toBeUndefined();
      expect(await store.meta('stays')).toBe(1);
    });
  });

  describe('scope', () => {
    beforeEach(() =>
      write((tx) => {
        for (const id of ['a', 'b']) {
          tx.putJob(job(id));
          tx.putRun(run(id, 1));
          tx.putIncident(incident(`i-${id}`, id));
          tx.putDelivery(delivery(`d-${id}`, id));
        }
        tx.putIncident(systemIncident('s'));
        tx.putMeta('key', 'value');
      }),
    );

    test.each<[string, (tx: Tx) => unknown]>([
      ['a job by name', (tx) => tx.jobByName('job-b')],
      ['a job by id', (tx) => tx.jobById('b')],
      ['all jobs', (tx) => tx.jobs()],
      ['runs', (tx) => tx.runsOf('b')],
      ['an open incident', (tx) => tx.openIncidentOf('b')],
      ['an incident', (tx) => tx.incident('i-b')],
      ['a delivery', (tx) => tx.delivery('d-b')],
      ['a changed job', (tx) => tx.putJob(job('b'))],
      ['a changed state', (tx) => tx.putState('b', job('b').state)],
      ['a deleted job', (tx) => tx.deleteJob('b')],
      ['a new run', (tx) => tx.putRun(run('b', 2))],
      ['a deleted run', (tx) => tx.deleteRun('b-1')],
      ['daily figures', (tx) => tx.tally('b', [tally('2026-01-15')])],
      ['a deleted day', (tx) => tx.deleteDay('b', '2026-01-15')],
      ['a changed incident', (tx) => tx.putIncident(incident('i2', 'b'))],
      ['a new system incident', (tx) => tx.putIncident(systemIncident('s2'))],
      ['a system incident', (tx) => tx.incident('s')],
      ['a deleted system incident', (tx) => tx.deleteIncident('s')],
      ['the open system incidents', (tx) => tx.openSystemIncidents()],
      ['what is due', (tx) => tx.due()],
      ['a meta value', (tx) => tx.meta('key')],
      ['a changed meta value', (tx) => tx.putMeta('key', 1)],
      ['an event', (tx) => tx.logEvent('b', { type: 'resumed', at: NOW_AT })],
      ['a delivery of a system incident', (tx) => tx.putDelivery(systemDelivery('ds'))],
      ['a deleted delivery', (tx) => tx.deleteDelivery('d-b')],
      ['an output', (tx) => tx.putOutput('b', 'b-1', { text: 'x', dropped_bytes: 0 })],
      ['a new delivery', (tx) => tx.putDelivery(delivery('d2', 'b'))],
    ])('refuses what it does not cover: %s', async (_what, use) => {
      await expect(store.transact({ names: ['job-a'] }, use)).rejects.toThrow('scope does not cover');
    });

    test('covers a job by name or id, with its runs, incidents and deliveries', async () => {
      for (const scope of [{ names: ['job-a'] }, { ids: ['a'] }])
        await store.transact(scope, (tx) => {
          expect(tx.jobById('a')?.id).toBe('a');
          expect(tx.jobByName('job-a')?.id).toBe('a');
          expect(ids(tx.runsOf('a').all())).toEqual(['a-1']);
          expect(tx.incident('i-a')?.id).toBe('i-a');
          expect(tx.delivery('d-a')?.id).toBe('d-a');
        });
    });

    test('covers deliveries and incidents by id, without their jobs', async () => {
      await store.transact({ delivery_ids: ['d-a'], incident_ids: ['i-a'] }, (tx) => {
        tx.putDelivery({ ...tx.delivery('d-a')!, status: 'sent' });
        tx.putIncident({ ...tx.incident('i-a')!, reminder_count: 1 });
      });
      expect((await store.deliveries({ ...PAGE, status: 'sent' })).total).toBe(1);
      expect((await store.incident('i-a'))?.reminder_count).toBe(1);
    });

    test('covers what is open of system incidents, and those that have closed by id', async () => {
      await store.transact({ system_incidents: true }, (tx) => {
        expect(ids(tx.openSystemIncidents())).toEqual(['s']);
        tx.putIncident(systemIncident('s', { closed_at: NOW_AT }));
        expect(tx.incident('s')?.closed_at).toBe(NOW_AT);
        tx.putDelivery(systemDelivery('ds'));
      });
      const read = (scope: Scope): Promise<unknown> => store.view(scope, (view) => view.incident('s')?.id);
      await expect(read({ system_incidents: true })).rejects.toThrow('scope does not cover');
      expect(await read({ incident_ids: ['s'] })).toBe('s');
    });

    test('covers the meta keys that it names', async () => {
      const seen = await store.transact({ meta: ['key', 'none'] }, (tx) => {
        tx.putMeta('none', tx.meta('none') ?? 'nothing');
        return [tx.meta('key'), tx.meta('none')];
      });
      expect(seen).toEqual(['value', 'nothing']);
    });

    test('covers the jobs that are due, the earliest first, and no other', async () => {
      await write((tx) => {
        for (const [id, due_at] of [
          ['c', 5],
          ['d', 1],
          ['e', 3],
          ['f', 9],
        ] as const)
          tx.putJob(job(id, {}, { due_at }));
      });
      const except = new Set(['e']);
      const seen = await store.transact({ due: { now_at: 8, limit: 2, except } }, (tx) => {
        for (const id of tx.due()) tx.putJob(job(id, {}, { due_at: 20 }));
        expect(() => tx.jobById('e')).toThrow('scope does not cover');
        return tx.due();
      });
      expect(seen).toEqual(['d', 'c']);
      expect(await due(20)).toEqual(['e', 'f', 'c', 'd']);
    });

    test('gives the jobs that are due to one of two transactions only', async () => {
      await write((tx) => {
        for (let at = 1; at <= 5; at += 1) tx.putJob(job(`j${at}`, {}, { due_at: at }));
      });
      const settled = Array.from({ length: 3 }, () =>
        store.transact({ due: { now_at: 9, limit: 3 } }, (tx) => {
          for (const id of tx.due()) tx.putJob(job(id, {}, { due_at: null }));
          return tx.due();
        }),
      );
      expect(await Promise.all(settled)).toEqual([['j1', 'j2', 'j3'], ['j4', 'j5'], []]);
    });

    test('finds what a transaction made due that is not durable yet', async () => {
      const made = store.transact({ ids: ['late', 'early'] }, (tx) => {
        tx.putJob(job('late', {}, { due_at: 7 }));
        tx.putJob(job('early', {}, { due_at: 2 }));
      });
      const seen = store.transact({ due: { now_at: 9, limit: 1 } }, (tx) => tx.due());
      await made;
      expect(await seen).toEqual(['early']);
    });

    test('covers names and ids that nobody has, and what the transaction has made', async () => {
      const scope = { names: ['new'], ids: ['none'], delivery_ids: ['none'], system_incidents: true };
      await store.transact(scope, (tx) => {
        expect(tx.jobByName('new')).toBeUndefined();
        expect(tx.jobById('none')).toBeUndefined();
        expect(tx.delivery('none')).toBeUndefined();
        tx.putJob(job('new', { name: 'new' }));
        tx.putRun(run('new', 1));
        expect(tx.jobByName('new')?.id).toBe('new');
        tx.putIncident(systemIncident('s2'));
        expect(tx.incident('s2')?.id).toBe('s2');
      });
      expect((await store.run('new', 'new-1'))?.id).toBe('new-1');
    });
  });

  test('holds meta values of any JSON', async () => {
    expect(await store.meta('none')).toBeUndefined();
    await write((tx) => {
      tx.putMeta('null', null);
      tx.putMeta('object', { a: [1, 'x', { b: false }] });
    });
    expect(await store.meta('null')).toBeNull();
    expect(await store.meta('object')).toEqual({ a: [1, 'x', { b: false }] });
  });

  test('is healthy', () => {
    expect(store.health()).toEqual({ ok: true });
  });

  test('hands out records that nobody can change', async () => {
    await write((tx) => tx.putJob(job('a', { declaration: { tags: ['x'] } })));
    const stored = (await store.jobById('a'))!;
    const mutate = (): void => {
      stored.declaration.tags!.push('y');
    };
    expect(mutate).toThrow('not extensible');
    expect((await store.jobById('a'))?.declaration.tags).toEqual(['x']);
  });
});

/** Waits until listeners are told, which is in a turn of their own. */
function turn(): Promise<void> {
  return new Promise(setImmediate);
}
