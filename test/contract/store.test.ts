import { beforeEach, describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../src/schedule/units.ts';
import {
  type AuditFilter,
  type Change,
  type ClaimedLane,
  type ClaimOptions,
  CONFIGURATION_KEY,
  type DeliveryFilter,
  type JobFilter,
  type RunFilter,
  type LaneLease,
  type Scope,
  type Store,
  type Tx,
} from '../../src/store/store.ts';
import { claimed, dueIds } from '../support/store.ts';
import { AUDIT_RECORDS_MAX, type AuditRecord } from '../../src/core/model/audit.ts';
import type { Delivery } from '../../src/core/model/records.ts';
import {
  day,
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
import { openBeforeEach, rows } from './stores.ts';

const ALL = { all: true };
const PAGE = { skip: 0, limit: 100 };
const CLAIM = { owner: 'one', now_at: NOW_AT, lease_ms: 60_000, limit: 10 };

const entry = (id: string, changes: Partial<AuditRecord> = {}): AuditRecord => ({
  id,
  at: NOW_AT,
  via: 'token',
  who: 'ci',
  from: '192.0.2.1',
  action: 'job_changed',
  jobs: ['job-a'],
  incident_id: null,
  changes: [{ job: 'job-a', key: 'grace', from: '5m', to: { text: 'any', list: [1, null] } }],
  left_out: 0,
  ...changes,
});

describe.each(rows)('the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const write = (fn: (tx: Tx) => void): Promise<void> => store.transact(ALL, fn);
  const list = async (filter: Partial<JobFilter>): Promise<string[]> =>
    ids((await store.listJobs({ ...PAGE, ...filter })).items);
  const selected = async (filter: Partial<RunFilter>): Promise<[string[], number]> => {
    const { items, total } = await store.runsOf('a', { ...PAGE, ...filter });
    return [ids(items), total];
  };
  const claim = async (changes: Partial<ClaimOptions> = {}): Promise<string[]> =>
    ids(await claimed(store, { ...CLAIM, ...changes }));
  const updatedAt = (): Promise<number | undefined> =>
    store.view({ ids: ['a'] }, (view) => view.jobById('a')?.updated_at);
  const firstLane = async (options: ClaimOptions): Promise<ClaimedLane> => {
    const [lane] = await store.claimDeliveries(options);
    return lane!;
  };
  const due = (nowAt: number, limit = 10): Promise<readonly string[]> => dueIds(store, nowAt, limit);
  const dates = async (jobId: string): Promise<string[]> =>
    (await store.daysOf(jobId, PAGE)).items.map(({ date }) => date);
  const put = (...deliveries: Delivery[]): Promise<void> =>
    write((tx) => {
      for (const id of ['a', 'b']) if (!tx.jobById(id)) tx.putJob(job(id));
      for (const each of deliveries) tx.putDelivery(each);
    });

  const auditOf = async (filter: Partial<AuditFilter> = {}): Promise<[string[], number]> => {
    const { items, total } = await store.audit({ ...PAGE, ...filter });
    return [ids(items), total];
  };

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

  describe('runs', () => {
    test('beyond keep_runs are dropped with their outputs, the oldest first, never an open one', async () => {
      await write((tx) => {
        tx.putJob(job('a', { declaration: { keep_runs: 3 } }));
        tx.putRun(openRun('a', 1));
        for (let number = 2; number <= 7; number += 1) {
          tx.putRun(run('a', number));
          tx.putOutput('a', `a-${number}`, { text: `output ${number}`, dropped_bytes: number });
        }
        expect(ids(tx.runsOf('a').all())).toEqual(['a-1', 'a-5', 'a-6', 'a-7']);
      });
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-7', 'a-6', 'a-5', 'a-1']);
      expect(await store.run('a', 'a-4')).toBeUndefined();
      expect(await store.output('a', 'a-4')).toBeUndefined();
      expect(await store.output('a', 'a-5')).toEqual({ text: 'output 5', dropped_bytes: 5 });
      await write((tx) => tx.putJob(job('a', { declaration: { keep_runs: 1 } })));
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-7', 'a-1']);
    });

    test('stay equally long after they ended, however early they began', async () => {
      await write((tx) => {
        tx.putJob(job('a', { declaration: { keep_runs: 3 } }));
        tx.putRun(openRun('a', 1));
        for (let number = 2; number <= 6; number += 1) tx.putRun(run('a', number));
      });
      await write((tx) => tx.putRun(run('a', 1, { ended_after_number: 6 })));
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-6', 'a-5', 'a-1']);
      await write((tx) => {
        tx.putRun(run('a', 7));
        tx.putRun(run('a', 8));
        expect(ids(tx.runsOf('a').all())).toEqual(['a-1', 'a-7', 'a-8']);
      });
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-8', 'a-7', 'a-1']);
      await write((tx) => tx.putRun(run('a', 9)));
      expect(ids((await store.runsOf('a', PAGE)).items)).toEqual(['a-9', 'a-8', 'a-7']);
    });

    test('are kept to 100 by default', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        for (let number = 1; number <= 105; number += 1) tx.putRun(run('a', number));
      });
      const page = await store.runsOf('a', { skip: 98, limit: 10 });
      expect(page.total).toBe(100);
      expect(ids(page.items)).toEqual(['a-7', 'a-6']);
    });

    test('are shown to transactions up to the latest 100 settled ones, however many are kept', async () => {
      await write((tx) => {
        tx.putJob(job('a', { declaration: { keep_runs: 200 } }));
        tx.putRun(openRun('a', 1));
        for (let number = 2; number <= 150; number += 1) tx.putRun(run('a', number));
      });
      const seen = await store.transact({ ids: ['a'] }, (tx) => ids(tx.runsOf('a').all()));
      expect(seen).toHaveLength(101);
      expect(seen.slice(0, 2)).toEqual(['a-1', 'a-51']);
      expect((await store.runsOf('a', PAGE)).total).toBe(150);
    });

    test('are at hand, whatever of them the scope asked for', async () => {
      await write((tx) => {
        tx.putJob(job('a', {}, { run_count: 6 }));
        for (let number = 1; number <= 5; number += 1) tx.putRun(run('a', number, { rid: `r${number}` }));
        tx.putRun(openRun('a', 6));
      });
      for (const runs of [undefined, { rids: ['r2'] }, { recent: true }]) {
        const scope: Scope = { ids: ['a'], ...(runs === undefined ? {} : { runs }) };
        const seen = await store.view(scope, (view) => {
          const found = view.runsOf('a');
          return [found.ofRid('r2')?.id, found.get('a-3')?.id, ids(found.open()), ids(found.ended()).length];
        });
        expect(seen).toEqual(['a-2', 'a-3', ['a-6'], 5]);
      }
    });

    test('are at hand in a transaction that has caught an error and written already', async () => {
      await write((tx) => {
        tx.putJob(job('a', {}, { run_count: 2 }));
        for (let number = 1; number <= 2; number += 1) tx.putRun(run('a', number));
      });
      const seen = await store.transact({ ids: ['a'], meta: ['count'] }, (tx) => {
        increment(tx, 'count');
        try {
          return tx.attempt(() => ids(tx.runsOf('a').all()));
        } catch {
          return [];
        }
      });
      expect(seen).toEqual(['a-1', 'a-2']);
      expect(await store.meta('count')).toBe(1);
    });

    test('are found only under their own job, and need such a job', async () => {
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', 1));
        tx.putOutput('a', 'a-1', { text: 'x', dropped_bytes: 0 });
      });
      expect((await store.run('a', 'a-1'))?.id).toBe('a-1');
      expect(await store.run('b', 'a-1')).toBeUndefined();
      expect(await store.output('b', 'a-1')).toBeUndefined();
      await expect(write((tx) => tx.putRun(run('b', 1)))).rejects.toThrow('No job "b"');
    });

    test('keep outputs of any text, and drop them with the run', async () => {
      const text = 'line\r\n\u0000\u001b[31m ünïcode 🦊 \u2028 "quoted"\\';
      await write((tx) => {
        tx.putJob(job('a'));
        tx.putRun(run('a', 1));
        tx.putOutput('a', 'a-1', { text: 'first', dropped_bytes: 0 });
        tx.putOutput('a', 'a-1', { text, dropped_bytes: 3 });
        tx.putRun(run('a', 2));
        tx.putOutput('a', 'a-2', { text: '', dropped_bytes: 0 });
      });
      expect(await store.output('a', 'a-1')).toEqual({ text, dropped_bytes: 3 });
      expect(await store.output('a', 'a-2')).toEqual({ text: '', dropped_bytes: 0 });
      await write((tx) => tx.putOutput('a', 'a-1', { text: 'second', dropped_bytes: 0 }));
      expect(await store.output('a', 'a-1')).toEqual({ text: 'second', dropped_bytes: 0 });
      await write((tx) => tx.deleteRun('a-1'));
      expect(await store.output('a', 'a-1')).toBeUndefined();
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

  describe('daily figures', () => {
    beforeEach(() =>
      write((tx) => {
        for (const id of ['a', 'b']) tx.putJob(job(id));
      }),
    );

    test('are listed by job, the latest day first, in pages', async () => {
      await write((tx) => {
        tx.tally('a', [tally('2026-01-14'), tally('2026-01-16')]);
        tx.tally('b', [tally('2026-01-15')]);
      });
      await write((tx) => tx.tally('a', [tally('2026-01-15'), tally('2025-12-31')]));
      expect(await dates('a')).toEqual(['2026-01-16', '2026-01-15', '2026-01-14', '2025-12-31']);
      const page = await store.daysOf('a', { skip: 1, limit: 2 });
      expect(page).toEqual({ items: [day('a', '2026-01-15'), day('a', '2026-01-14')], total: 4 });
      expect(await store.daysOf('none', PAGE)).toEqual({ items: [], total: 0 });
    });

    test('add up, within a transaction and from one to the next', async () => {
      const missed = tally('2026-01-15', { outcome: 'missed', duration_ms: null });
      await write((tx) => {
        tx.tally('a', [tally('2026-01-15'), missed]);
        tx.tally('a', [tally('2026-01-15')]);
      });
      await write((tx) => tx.tally('a', [{ ...missed, delta: -1 }, tally('2026-01-15')]));
      expect((await store.daysOf('a', PAGE)).items).toEqual([
        day('a', '2026-01-15', { outcomes: { success: 3 }, durations: [347, 3] }),
      ]);
    });

    test('of which nothing is left are gone', async () => {
      await write((tx) => tx.tally('a', [tally('2026-01-15'), tally('2026-01-16')]));
      await write((tx) => {
        tx.tally('a', [tally('2026-01-15', { delta: -1 })]);
        tx.tally('a', [tally('2026-01-17'), tally('2026-01-17', { delta: -1 })]);
      });
      expect(await dates('a')).toEqual(['2026-01-16']);
    });

    test('are found by age and deleted', async () => {
      await write((tx) => {
        tx.tally('a', [tally('2026-01-13'), tally('2026-01-14'), tally('2026-01-15')]);
        tx.tally('b', [tally('2026-01-14')]);
      });
      const old = [day('a', '2026-01-13'), day('a', '2026-01-14'), day('b', '2026-01-14')];
      expect(await store.daysBefore('2026-01-15', 10)).toEqual(old);
      expect(await store.daysBefore('2026-01-15', 2)).toHaveLength(2);
      expect(await store.daysBefore('2026-01-13', 10)).toEqual([]);
      await store.transact({ ids: ['a', 'b'] }, (tx) => {
        for (const { job_id, date } of old) tx.deleteDay(job_id, date);
        tx.deleteDay('b', '2020-01-01');
      });
      expect(await dates('a')).toEqual(['2026-01-15']);
      expect(await store.daysBefore('2026-01-15', 10)).toEqual([]);
    });

    test('need a job', async () => {
      await expect(write((tx) => tx.tally('none', [tally('2026-01-15')]))).rejects.toThrow('No job "none"');
    });
  });

  describe('the audit log', () => {
    test('keeps entries as they were put, whatever the scope is', async () => {
      await store.transact({ names: ['job-a'] }, (tx) => tx.putAudit(entry('1')));
      expect((await store.audit(PAGE)).items).toEqual([entry('1')]);
    });

    test('keeps no entry of a change that failed', async () => {
      const failing = store.transact(ALL, (tx) => {
        tx.putAudit(entry('1'));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await write((tx) => {
        tx.putAudit(entry('2'));
        expect(() =>
          tx.attempt(() => {
            tx.putAudit(entry('3'));
            throw new Error('no');
          }),
        ).toThrow('no');
      });
      expect(await auditOf()).toEqual([['2'], 1]);
    });

    test('is listed by instant, the latest first, and filtered', async () => {
      await write((tx) => {
        tx.putAudit(entry('1', { at: NOW_AT + 30, who: null, via: 'anybody' }));
        tx.putAudit(entry('2', { at: NOW_AT + 10, jobs: ['job-b', 'job-a'] }));
        tx.putAudit(entry('3', { at: NOW_AT + 20, jobs: [] }));
      });
      expect(await auditOf()).toEqual([['1', '3', '2'], 3]);
      expect(await auditOf({ since_at: NOW_AT + 20 })).toEqual([['1', '3'], 2]);
      expect(await auditOf({ until_at: NOW_AT + 20 })).toEqual([['2'], 1]);
      expect(await auditOf({ who: 'ci' })).toEqual([['3', '2'], 2]);
      expect(await auditOf({ job: 'job-a' })).toEqual([['1', '2'], 2]);
      expect(await auditOf({ skip: 1, limit: 1 })).toEqual([['3'], 3]);
      expect(await auditOf({ after: { at: NOW_AT + 20, id: '3' } })).toEqual([['2'], 3]);
      // The entry of the cursor may be gone by now.
      expect(await auditOf({ after: { at: NOW_AT + 25, id: '4' } })).toEqual([['3', '2'], 3]);
    });

    test('loses entries by age where it is told to', async () => {
      await write((tx) => {
        for (let i = 0; i < 4; i += 1) tx.putAudit(entry(String(i), { at: NOW_AT + i }));
      });
      expect(await store.auditIdsBefore(NOW_AT + 3, 10)).toEqual(['0', '1', '2']);
      expect(await store.auditIdsBefore(NOW_AT + 3, 2)).toEqual(['0', '1']);
      await expect(store.transact({}, (tx) => tx.deleteAudit('0'))).rejects.toThrow('does not cover');
      await store.transact({ audit_ids: ['0', '1', 'none'] }, (tx) => {
        for (const id of ['0', '1', 'none']) tx.deleteAudit(id);
      });
      expect(await auditOf()).toEqual([['3', '2'], 2]);
    });

    test('keeps the newest entries and no more than a number of them', async () => {
      for (let from = 0; from < AUDIT_RECORDS_MAX; from += 1_000)
        await write((tx) => {
          for (let i = from; i < from + 1_000; i += 1) tx.putAudit(entry(String(i), { at: NOW_AT + i }));
        });
      await write((tx) => tx.putAudit(entry('last', { at: NOW_AT + AUDIT_RECORDS_MAX })));
      expect((await auditOf({ limit: 1 })).flat()).toEqual(['last', AUDIT_RECORDS_MAX]);
      expect(await auditOf({ until_at: NOW_AT + 2 })).toEqual([['1'], 1]);
    });

    test('outlives the job that it tells of', async () => {
      await write((tx) => tx.putJob(job('a')));
      await write((tx) => tx.putAudit(entry('1')));
      await write((tx) => tx.deleteJob('a'));
      expect(await auditOf({ job: 'job-a' })).toEqual([['1'], 1]);
    });
  });

  describe('incidents', () => {
    test('are listed newest first, and filtered by job and by whether they are open', async () => {
      await write((tx) => {
        for (const id of ['a', 'b']) tx.putJob(job(id));
        tx.putIncident(incident('1', 'a', { opened_at: NOW_AT, closed_at: NOW_AT }));
        tx.putIncident(incident('2', 'b', { opened_at: NOW_AT + 1 }));
        tx.putIncident(incident('3', 'a', { opened_at: NOW_AT + 2 }));
        tx.putIncident(systemIncident('4', { opened_at: NOW_AT + 3 }));
      });
      await write((tx) => tx.putIncident(incident('2', 'b', { opened_at: NOW_AT + 1, bad_count: 2 })));
      const find = async (filter: { job_id?: string; open?: boolean }): Promise<string[]> =>
        ids((await store.incidents({ ...PAGE, ...filter })).items);
      expect(await find({})).toEqual(['4', '3', '2', '1']);
      expect(await find({ open: true })).toEqual(['4', '3', '2']);
      expect(await find({ open: false })).toEqual(['1']);
      expect(await find({ job_id: 'a' })).toEqual(['3', '1']);
      expect(await find({ job_id: 'a', open: true })).toEqual(['3']);
      expect(await find({ job_id: 'a', open: false })).toEqual(['1']);
      expect(await store.incidents({ skip: 1, limit: 2 })).toMatchObject({
        total: 4,
        items: [{ id: '3' }, { id: '2' }],
      });
      expect((await store.openIncidentOf('a'))?.id).toBe('3');
      expect(await store.incident('2')).toMatchObject({ bad_count: 2 });
    });
  });

  describe('deliveries', () => {
    test('are claimed one at a time of each job and notifier, the oldest first', async () => {
      await put(
        delivery('a1', 'a'),
        delivery('a2', 'a'),
        delivery('b1', 'b'),
        delivery('a1p', 'a', { notifier: 'pager' }),
      );
      expect((await claim()).sort()).toEqual(['a1', 'a1p', 'b1']);
      expect(await claim()).toEqual([]);
      await put(delivery('a1', 'a', { status: 'sent' }));
      expect(await claim()).toEqual(['a2']);
    });

    test('of system incidents form one line for each incident', async () => {
      await put(
        systemDelivery('s1', { incident_id: 'one' }),
        systemDelivery('s2', { incident_id: 'one' }),
        systemDelivery('s3', { incident_id: 'two' }),
      );
      expect((await claim()).sort()).toEqual(['s1', 's3']);
    });

    test('are ordered by when they were first put, whichever were put again since', async () => {
      await put(delivery('a1', 'a'), delivery('a2', 'a'));
      await put(delivery('a1', 'a', { status: 'dead' }));
      expect(await claim()).toEqual(['a2']);
      await put(delivery('a1', 'a'), delivery('a2', 'a'));
      expect(await claim()).toEqual(['a1']);
    });

    test('hold back those behind them while they wait or are leased', async () => {
      await put(delivery('a1', 'a', { next_attempt_at: NOW_AT + 5 }), delivery('a2', 'a'));
      expect(await claim()).toEqual([]);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 5);
      expect(await claim({ now_at: NOW_AT + 5 })).toEqual(['a1']);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 5 + CLAIM.lease_ms);
    });

    test('can be claimed again when the lease is up, not before', async () => {
      await put(delivery('a1', 'a'));
      await claim();
      expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms - 1 })).toEqual([]);
      expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
    });

    test('lose their lease when they are put again', async () => {
      await put(delivery('a1', 'a'));
      await claim();
      await put(delivery('a1', 'a', { attempts: 1, next_attempt_at: NOW_AT + 3 }));
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 3);
      expect(await claim({ now_at: NOW_AT + 3 })).toEqual(['a1']);
    });

    test('are limited per notifier, the longest due first', async () => {
      await write((tx) => {
        for (let i = 0; i < 5; i += 1) {
          tx.putJob(job(`j${i}`));
          tx.putDelivery(delivery(`o${i}`, `j${i}`, { next_attempt_at: NOW_AT - i }));
          tx.putDelivery(delivery(`p${i}`, `j${i}`, { notifier: 'pager', next_attempt_at: NOW_AT + i }));
        }
      });
      expect((await claim({ limit: 2 })).sort()).toEqual(['o3', 'o4', 'p0']);
      expect((await claim({ limit: 2 })).sort()).toEqual(['o1', 'o2']);
    });

    test('that are finished or deleted are owed no more', async () => {
      expect(await store.earliestDeliveryAt('one')).toBeNull();
      await put(delivery('a1', 'a'), delivery('a2', 'a'), delivery('b1', 'b'));
      await write((tx) => tx.deleteDelivery('a1'));
      expect((await claim()).sort()).toEqual(['a2', 'b1']);
      await put(delivery('a2', 'a', { status: 'sent' }), delivery('b1', 'b', { status: 'dead' }));
      expect(await store.earliestDeliveryAt('one')).toBeNull();
      expect(await claim({ now_at: NOW_AT * 2 })).toEqual([]);
      expect(ids((await store.deliveries(PAGE)).items)).toEqual(['a2', 'b1']);
      expect(ids((await store.deliveries({ ...PAGE, status: 'dead' })).items)).toEqual(['b1']);
      expect((await store.deliveries({ ...PAGE, status: 'pending' })).total).toBe(0);
    });

    test('are listed and counted for each notifier', async () => {
      expect(await store.deliveryCounts()).toEqual([]);
      await put(
        delivery('a1', 'a', { status: 'sent', created_at: NOW_AT - 9 }),
        delivery('a2', 'a', { incident_id: 'a.2', created_at: NOW_AT - 3 }),
        delivery('b1', 'b', { created_at: NOW_AT - 5 }),
        delivery('b2', 'b', { notifier: 'pager', status: 'dead', created_at: NOW_AT - 7 }),
        delivery('b3', 'b', { notifier: 'Pager', status: 'dead' }),
      );
      expect(await store.deliveryCounts()).toEqual([
        { notifier: 'Pager', pending: 0, sent: 0, logged: 0, dead: 1, oldest_pending_at: null },
        { notifier: 'ops', pending: 2, sent: 1, logged: 0, dead: 0, oldest_pending_at: NOW_AT - 5 },
        { notifier: 'pager', pending: 0, sent: 0, logged: 0, dead: 1, oldest_pending_at: null },
      ]);
      const filtered = async (filter: Omit<DeliveryFilter, 'skip' | 'limit'>): Promise<string[]> =>
        ids((await store.deliveries({ ...PAGE, ...filter })).items);
      expect(await filtered({ notifier: 'ops' })).toEqual(['a2', 'b1', 'a1']);
      expect(await filtered({ notifier: 'ops', status: 'pending' })).toEqual(['a2', 'b1']);
      expect(await filtered({ notifier: 'pager' })).toEqual(['b2']);
      expect(await filtered({ notifier: 'nobody' })).toEqual([]);
      expect(await filtered({ incident_id: 'b.1' })).toEqual(['b3', 'b1', 'b2']);
      expect(await filtered({ incident_id: 'a.1', status: 'sent' })).toEqual(['a1']);
      expect(await filtered({ incident_id: 'a.2', notifier: 'pager' })).toEqual([]);
    });

    test('are limited for some notifiers by limits of their own', async () => {
      await write((tx) => {
        for (let i = 0; i < 3; i += 1) {
          tx.putJob(job(`j${i}`));
          for (const notifier of ['ops', 'pager', 'mail']) {
            tx.putDelivery(delivery(`${notifier}${i}`, `j${i}`, { notifier }));
          }
        }
      });
      const limits = new Map([
        ['pager', 3],
        ['mail', 0],
      ]);
      expect((await claim({ limit: 1, limits })).sort()).toEqual(['ops0', 'pager0', 'pager1', 'pager2']);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT);
      expect(await store.earliestDeliveryAt('one', new Set(['mail', 'ops']))).toBe(NOW_AT + CLAIM.lease_ms);
      expect(await store.earliestDeliveryAt('one', new Set(['mail', 'ops', 'pager']))).toBeNull();
    });

    describe('of a lane', () => {
      const OTHER = { ...CLAIM, owner: 'two' };
      const UP_AT = NOW_AT + CLAIM.lease_ms;
      const sent = { status: 'sent', finished_at: NOW_AT } as const;
      /** Returns whether the delivery was still to be finished. */
      const finish = (lease: LaneLease, id = 'a1'): Promise<boolean> =>
        store.transact({ delivery_ids: [id], lane: lease }, (tx) => {
          const stored = tx.delivery(id)!;
          tx.putDelivery({ ...stored, ...sent });
          return stored.status === 'pending';
        });

      test('belong to one owner, who also gets what comes later', async () => {
        await put(delivery('a1', 'a'));
        const { lease } = await firstLane(CLAIM);
        expect(lease).toMatchObject({ notifier: 'ops', owner: 'one' });
        await put(delivery('b1', 'b'), delivery('b2', 'b', { notifier: 'pager' }));
        expect(ids(await claimed(store, OTHER))).toEqual(['b2']);
        expect(await claim()).toEqual(['b1']);
        await finish(lease);
        expect((await store.deliveries({ ...PAGE, status: 'sent' })).total).toBe(1);
      });

      test('pass to another owner when the lease is up, and the first can finish nothing', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b', { next_attempt_at: UP_AT + 1 }));
        const first = await firstLane(CLAIM);
        expect(await claimed(store, { ...OTHER, now_at: UP_AT - 1 })).toEqual([]);
        expect(await store.earliestDeliveryAt('two')).toBe(UP_AT);
        const second = await firstLane({ ...OTHER, now_at: UP_AT });
        expect(ids(second.deliveries)).toEqual(['a1']);
        expect(second.lease.token).toBeGreaterThan(first.lease.token);
        await expect(finish(first.lease)).rejects.toMatchObject({ code: 'lease_lost' });
        expect((await store.deliveries({ ...PAGE, status: 'pending' })).total).toBe(2);
        expect(await claim({ now_at: UP_AT + 1 })).toEqual([]);
        await finish(second.lease);
      });

      test('stay with an owner who goes on claiming, for as long as something is owed', async () => {
        await put(
          delivery('a1', 'a', { next_attempt_at: NOW_AT }),
          delivery('b1', 'b', { next_attempt_at: UP_AT * 2 }),
        );
        const { lease } = await firstLane(CLAIM);
        await finish(lease);
        for (let at = NOW_AT; at < NOW_AT + 5 * CLAIM.lease_ms; at += CLAIM.lease_ms / 2)
          expect(await claim({ now_at: at })).toEqual([]);
        await put(delivery('a2', 'a'));
        expect(await claimed(store, { ...OTHER, now_at: NOW_AT + 5 * CLAIM.lease_ms })).toEqual([]);
      });

      test('can be finished by an owner whose lease is up, while nobody else has claimed', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        const { lease } = await firstLane({ ...CLAIM, limit: 1 });
        const again = await firstLane({ ...CLAIM, now_at: UP_AT * 2, limit: 1 });
        expect(again.lease).toEqual(lease);
        await finish(lease);
      });

      test('are not held by a lease that a clock made which was set back since', async () => {
        await put(delivery('a1', 'a'));
        await claim({ now_at: NOW_AT + 100 * CLAIM.lease_ms });
        // Whoever notices such a clock puts again what waits by it.
        await put(delivery('a1', 'a'));
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('are free at once when the owner gives the lane up', async () => {
        await put(delivery('a1', 'a'));
        const { lease } = await firstLane(CLAIM);
        await store.leaveLanes('two', new Map());
        expect(await claimed(store, OTHER)).toEqual([]);
        await store.leaveLanes('one', new Map());
        await expect(finish(lease)).rejects.toMatchObject({ code: 'lease_lost' });
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('come with the note that the last owner left, and with none from oneself', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b', { next_attempt_at: UP_AT }));
        expect((await firstLane(CLAIM)).note).toBeUndefined();
        await claim({ notes: new Map([['ops', { pace: 1 }]]) });
        await claimed(store, { ...OTHER, notes: new Map([['ops', { pace: 'of nobody' }]]) });
        await put(delivery('a1', 'a', { attempts: 1 }));
        expect((await firstLane(CLAIM)).note).toBeUndefined();
        expect((await firstLane({ ...OTHER, now_at: UP_AT })).note).toEqual({ pace: 1 });
        await store.leaveLanes('two', new Map([['ops', { pace: 2 }]]));
        expect((await firstLane({ ...CLAIM, now_at: UP_AT })).note).toEqual({ pace: 2 });
      });

      test('are not taken by an owner who has no room for any', async () => {
        await put(delivery('a1', 'a'));
        const none = new Map([['ops', 0]]);
        expect(await claim({ limits: none })).toEqual([]);
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('are each claimed once and finished once, whoever of three comes when', async () => {
        const random = generator(5);
        const jobs = Array.from({ length: 12 }, (_, at) => `j${at}`);
        await write((tx) => {
          for (const id of jobs) {
            tx.putJob(job(id));
            for (const notifier of ['ops', 'pager'])
              tx.putDelivery(delivery(`${id}-${notifier}`, id, { notifier }));
          }
        });
        const finished: string[] = [];
        const held: { lease: LaneLease; id: string }[] = [];
        let nowAt = NOW_AT;
        for (let round = 0; round < 400 && finished.length < 2 * jobs.length; round += 1) {
          nowAt += random(4);
          const owner = `owner-${random(3)}`;
          for (const { lease, deliveries } of await store.claimDeliveries({
            owner,
            now_at: nowAt,
            lease_ms: 6,
            limit: 2,
          }))
            held.push(...deliveries.map(({ id }) => ({ lease, id })));
          if (random(9) === 0) await store.leaveLanes(owner, new Map());
          const [attempt] = held.splice(random(held.length), 1);
          if (attempt === undefined) continue;
          await finish(attempt.lease, attempt.id).then(
            (isNew) => void (isNew && finished.push(attempt.id)),
            (error: unknown) => expect(error).toMatchObject({ code: 'lease_lost' }),
          );
        }
        expect(finished.toSorted()).toEqual(jobs.flatMap((id) => [`${id}-ops`, `${id}-pager`]).toSorted());
      });
    });

    describe('that are merged', () => {
      const merged = delivery('a1', 'a', { merged_ids: ['b1'] });
      const member = delivery('b1', 'b', { merged_into: 'a1' });

      test('are claimed as one, whichever was put first, and hold back those behind them', async () => {
        await put(member, merged, delivery('b2', 'b'), delivery('a2', 'a'));
        expect(await claim()).toEqual(['a1']);
        expect(await claim()).toEqual([]);
        await put({ ...merged, status: 'sent' }, { ...member, status: 'sent' });
        expect((await claim()).sort()).toEqual(['a2', 'b2']);
      });

      test('keep the lease of the delivery that they are merged into', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        expect((await claim()).sort()).toEqual(['a1', 'b1']);
        await put(merged, member);
        expect(await claim()).toEqual([]);
        expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
        await put({ ...merged, attempts: 1 });
        expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
      });

      test('keep the lease when they are taken out of the merged delivery again', async () => {
        await put(merged, member);
        expect(await claim()).toEqual(['a1']);
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        expect(await claim()).toEqual(['b1']);
        expect((await claim({ now_at: NOW_AT + CLAIM.lease_ms })).sort()).toEqual(['a1', 'b1']);
      });

      test.each([
        ['finished without them', (tx: Tx): void => tx.putDelivery({ ...merged, status: 'dead' })],
        ['deleted', (tx: Tx): void => tx.deleteDelivery('a1')],
        ['removed with its job', (tx: Tx): void => tx.deleteJob('a')],
      ])('go their own way when the delivery that they are merged into is %s', async (_, end) => {
        await put(merged, member);
        expect(await claim()).toEqual(['a1']);
        await write(end);
        expect(await claim()).toEqual(['b1']);
      });
    });

    test('never overtake each other, whatever is claimed and finished', async () => {
      const random = generator(11);
      let made = 0;
      const done = new Map<string, number>();
      let nowAt = NOW_AT;
      for (let round = 0; round < 60; round += 1) {
        await put(
          ...Array.from({ length: random(4) }, () => {
            made += 1;
            return delivery(`d${made}`, 'ab'[random(2)]!, {
              notifier: `n${random(2)}`,
              next_attempt_at: nowAt + random(9),
            });
          }),
        );
        nowAt += random(5);
        for (const item of await claimed(store, { now_at: nowAt, lease_ms: 3, limit: 2 })) {
          const line = `${item.job_id} ${item.notifier}`;
          const number = Number(item.id.slice(1));
          expect(number).toBeGreaterThan(done.get(line) ?? 0);
          if (random(3) === 0) continue;
          const sent = random(2) === 0;
          if (sent) done.set(line, number);
          await put({ ...item, status: sent ? 'sent' : 'pending', next_attempt_at: nowAt + 2 });
        }
      }
      expect(done.size).toBe(4);
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

/** Numbers below `max`, the same in every run. */
function generator(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % max;
  };
}
