import { describe, expect, test } from 'vitest';
import { migrate, MIGRATIONS } from '../../../src/store/lowdb/migrations.ts';

describe('schema version 3', () => {
  test('calls a delivery that was owed again redelivered', () => {
    const delivery = { id: 'i1.ops.opened', status: 'pending' };
    expect(migrate(MIGRATIONS, 2, 'deliveries', { ...delivery, owed_again: true })).toEqual({
      ...delivery,
      redelivered: true,
    });
    expect(migrate(MIGRATIONS, 2, 'deliveries', delivery)).toEqual(delivery);
  });

  test('keeps the count of dead deliveries of a notifier by the word for them', () => {
    const value = { count: 3 };
    expect(migrate(MIGRATIONS, 1, 'meta', { key: 'undelivered.ops', value })).toEqual({
      key: 'dead.ops',
      value,
    });
    expect(migrate(MIGRATIONS, 1, 'meta', { key: 'liveness', value: 5 })).toEqual({
      key: 'liveness',
      value: 5,
    });
  });

  test('leaves every other record as it is', () => {
    const run = { id: 'j1-1' };
    expect(migrate(MIGRATIONS, 1, 'runs', run)).toEqual(run);
  });
});

describe('schema version 4', () => {
  test('keeps no figures of a job for trouble of Cronflow itself', () => {
    const incident = { id: 'store-1', kind: 'store', detail: 'full', next_reminder_at: null };
    const figures = { job_id: null, job_name: null, kinds: ['failure'], bad_count: 1, announce_at: null };
    expect(migrate(MIGRATIONS, 3, 'incidents', { ...incident, ...figures })).toEqual(incident);
    const facts = { job_name: null, reason: 'store_failing', at: 5, detail: null };
    const delivery = { id: 'store-1.ops.opened', job_id: null, status: 'pending' };
    const older = { ...delivery, facts: { ...facts, outcome: null, bad_count: 1, exit_code: null } };
    expect(migrate(MIGRATIONS, 3, 'deliveries', older)).toEqual({ ...delivery, facts });
  });

  test('leaves incidents and deliveries of jobs as they are', () => {
    const incident = { id: 'j1-i1', kind: 'job', job_id: 'j1', bad_count: 2, announce_at: null };
    expect(migrate(MIGRATIONS, 3, 'incidents', incident)).toEqual(incident);
    const delivery = { id: 'j1-i1.ops.opened', job_id: 'j1', facts: { job_name: 'a', exit_code: null } };
    expect(migrate(MIGRATIONS, 3, 'deliveries', delivery)).toEqual(delivery);
  });
});
