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
