import { beforeEach, describe, expect, test } from 'vitest';
import { type AuditFilter, type Scope, type Store } from '../../src/store/store.ts';
import { AUDIT_RECORDS_MAX, type AuditRecord } from '../../src/core/model/audit.ts';
import {
  day,
  ids,
  incident,
  increment,
  job,
  NOW_AT,
  openRun,
  run,
  systemIncident,
  tally,
} from '../support/records.ts';
import { ALL, PAGE, helpersOf, openBeforeEach, rows } from './stores.ts';

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

  const { write } = helpersOf(() => store);
  const dates = async (jobId: string): Promise<string[]> =>
    (await store.daysOf(jobId, PAGE)).items.map(({ date }) => date);
  const auditOf = async (filter: Partial<AuditFilter> = {}): Promise<[string[], number]> => {
    const { items, total } = await store.audit({ ...PAGE, ...filter });
    return [ids(items), total];
  };

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
});
