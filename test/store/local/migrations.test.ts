import { describe, expect, test } from 'vitest';
import { migrate, MIGRATIONS } from '../../../src/store/local/migrations.ts';

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
    expect(migrate(MIGRATIONS.slice(0, 2), 1, 'runs', run)).toEqual(run);
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

describe('schema version 5', () => {
  const old = {
    id: 'j1-12',
    job_id: 'j1',
    rid: null,
    slot_at: 60_000,
    late: false,
    started_at: null,
    start_received: false,
    replaces_run_id: null,
    ended_at: 90_000,
    duration_ms: null,
    limit_at: null,
    outcome: 'missed',
    reason: 'missed',
    detail: null,
    counted: true,
    exit_code: null,
    signal: null,
    host: null,
    output_bytes: 0,
    output_dropped_bytes: 0,
    count: 1,
    first_slot_at: 60_000,
  };
  const migrated = (changes: object): unknown => migrate(MIGRATIONS, 4, 'runs', { ...old, ...changes });

  test('says of a row that it stands for slots, and keeps nothing that only runs have', () => {
    const row = { kind: 'slots', id: 'j1-12', job_id: 'j1', number: 12, reason: 'missed', outcome: 'missed' };
    const slots = { first_slot_at: 60_000, slot_at: 60_000, ended_at: 90_000, count: 1 };
    expect(migrated({})).toStrictEqual({ ...row, ...slots });
    const more = { count: 2, slot_at: 80_000, latest_slots_at: [60_000, 80_000] };
    expect(migrated(more)).toStrictEqual({ ...row, ...slots, ...more });
  });

  test.each(['lock_held', 'stuck_lock'])('says of a row that it is a skip, %s', (reason) => {
    const outcome = reason === 'lock_held' ? 'skipped' : 'failure';
    const changes = { started_at: 90_000, start_received: true, duration_ms: 0, reason, outcome };
    expect(migrated(changes)).toStrictEqual({
      kind: 'skip',
      id: 'j1-12',
      job_id: 'j1',
      number: 12,
      rid: null,
      host: null,
      slot_at: 60_000,
      ended_at: 90_000,
      reason,
      outcome,
      counted: true,
      output_bytes: 0,
      output_dropped_bytes: 0,
    });
  });

  test.each([
    ['is open', { ended_at: null, outcome: null, reason: 'started', started_at: 1 }, null],
    ['ended as the newest', { outcome: 'success', reason: 'succeeded' }, 11],
    [
      'ended when there were newer ones',
      { outcome: 'success', reason: 'succeeded', run_count_at_end: 15 },
      15,
    ],
    ['ended unseen', { outcome: 'unknown', reason: 'outage', started_at: 1 }, 11],
    ['goes on, although it had ended', { ended_at: null, outcome: null, run_count_at_end: 15 }, null],
  ])('orders the end of a run that %s', (_what, changes, endedAfter) => {
    const { run_count_at_end: _count, ...others } = changes as Record<string, unknown>;
    const { count: _one, first_slot_at: _first, ...run } = old;
    expect(migrated(changes)).toStrictEqual({
      ...run,
      ...others,
      kind: 'run',
      number: 12,
      ended_after_number: endedAfter,
    });
  });
});
