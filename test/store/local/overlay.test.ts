import { describe, expect, test } from 'vitest';
import { Overlay } from '../../../src/store/local/overlay.ts';
import { Tables } from '../../../src/store/local/tables.ts';
import { day, delivery, ids, incident, job, run, systemIncident } from '../../support/records.ts';

/** Tables with a job, and an overlay that renames it, makes another and writes a record of each kind. */
function assumed(): { tables: Tables; first: Overlay } {
  const tables = new Tables();
  tables.apply({ put: { jobs: [job('a')], runs: [run('a', 1)] }, del: {}, events: [] });
  const first = new Overlay(tables);
  first.putJob(job('a', { name: 'renamed' }));
  first.putJob(job('b', { name: 'new' }));
  first.putRun(run('b', 1));
  first.putDay(day('b', '2026-01-15'));
  first.putIncident(incident('i', 'b'));
  first.putIncident(systemIncident('s'));
  first.putDelivery(delivery('d', 'b'));
  first.deleteRun(run('a', 1));
  return { tables, first };
}

describe('an overlay on changes that are on their way to the disk', () => {
  test('reads them as if they were stored, and has no changes by itself', () => {
    const { tables, first } = assumed();
    const next = new Overlay(tables, first);
    expect([next.jobByName('renamed')?.id, next.jobByName('new')?.id, next.jobByName('job-a')]).toEqual([
      'a',
      'b',
      undefined,
    ]);
    expect([ids(next.openIncidentsOf('b')), ids(next.openSystemIncidents())]).toEqual([['i'], ['s']]);
    expect([ids([...next.runsOf('b').all()]), ids([...next.runsOf('a').all()])]).toEqual([['b-1'], []]);
    expect([next.day('b', '2026-01-15')?.job_id, next.delivery('d')?.id]).toEqual(['b', 'd']);
    expect(next.jobs().map(({ name }) => name)).toEqual(['renamed', 'new']);
    expect(() => next.putJob(job('c', { name: 'new' }))).toThrow('exists already');
    expect([next.isEmpty(), first.isEmpty()]).toEqual([true, false]);
  });

  test('deletes with a job all that they added to it', () => {
    const { tables, first } = assumed();
    const next = new Overlay(tables, first);
    next.deleteJob('b');
    tables.apply(first.changes());
    expect(next.changes()).toMatchObject({
      put: {},
      del: {
        jobs: ['b'],
        runs: ['b-1'],
        days: ['b.2026-01-15'],
        incidents: ['i'],
        deliveries: ['d'],
      },
    });
  });

  test('hands on its own changes alone', () => {
    const { tables, first } = assumed();
    const next = new Overlay(tables, first);
    next.putState('b', job('b', {}, { run_count: 7 }).state);
    tables.apply(first.changes());
    expect(Object.keys(next.changes().put)).toEqual(['states']);
    tables.apply(next.changes());
    const last = new Overlay(tables, next);
    expect([last.isEmpty(), last.job('b')?.state.run_count, last.hasWrittenRun('b-1')]).toEqual([
      true,
      7,
      false,
    ]);
  });

  test('finds a job that takes its old name back while its renaming is on its way', () => {
    const { tables, first } = assumed();
    const next = new Overlay(tables, first);
    next.putJob(job('a'));
    expect([next.jobByName('job-a')?.id, next.jobByName('renamed')]).toEqual(['a', undefined]);
    tables.apply(first.changes());
    expect([next.jobByName('job-a')?.id, next.jobByName('renamed')]).toEqual(['a', undefined]);
    expect(new Overlay(tables, next).jobByName('job-a')?.id).toBe('a');
    expect(() => next.putJob(job('c', { name: 'job-a' }))).toThrow('exists already');
  });
});
