import { expect, test } from 'vitest';
import { Housekeeping } from '../../src/checker/housekeeping.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { delivery, incident, job, tally } from '../support/records.ts';
import { DAY_MS, HOUR_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2026, 0, 15, 12);

async function startHousekeeping() {
  const { store, clock } = await startMemoryService(START);
  const housekeeping = new Housekeeping({ store, clock, logger: silentLogger });
  housekeeping.start();
  return { store, clock };
}

test('daily figures are kept for 90 days, however many jobs there are', async () => {
  const { store, clock } = await startHousekeeping();
  await store.transact({ all: true }, (tx) => {
    for (let i = 0; i < 600; i += 1) {
      tx.putJob(job(`j${i}`));
      tx.tally(`j${i}`, [tally('2025-10-16'), tally('2025-10-17')]);
    }
  });
  await clock.advance(HOUR_MS);
  expect(await store.daysBefore('2025-10-17', 1)).toEqual([]);
  expect(await store.daysBefore('2025-10-18', 1_000)).toHaveLength(600);
  await clock.advance(DAY_MS);
  expect(await store.daysBefore('2025-10-18', 1_000)).toEqual([]);
});

test('closed incidents are kept for 90 days, open ones as long as they are open', async () => {
  const { store, clock } = await startHousekeeping();
  await store.transact({ all: true }, (tx) => {
    tx.putJob(job('a'));
    const opened = { opened_at: START - 90 * DAY_MS };
    tx.putIncident(incident('old', 'a', { ...opened, closed_at: START - 90 * DAY_MS }));
    tx.putIncident(incident('open', 'a', { opened_at: START - 100 * DAY_MS }));
    tx.putIncident(incident('recent', 'a', { closed_at: START - 89 * DAY_MS }));
  });
  await clock.advance(HOUR_MS);
  const { items } = await store.incidents({ skip: 0, limit: 10 });
  expect(items.map(({ id }) => id)).toEqual(['recent', 'open']);
});

test('what ended long ago goes though more began before it that ended since, or have not', async () => {
  const { store, clock } = await startHousekeeping();
  const opened = { opened_at: START - 100 * DAY_MS };
  await store.transact({ all: true }, (tx) => {
    tx.putJob(job('a'));
    for (let at = 0; at < 600; at += 1) {
      tx.putIncident(incident(`long-${at}`, 'a', { ...opened, closed_at: START - DAY_MS }));
      tx.putIncident(
        incident(`old-${at}`, 'a', { opened_at: START - 200 * DAY_MS, closed_at: START - 90 * DAY_MS - 1 }),
      );
    }
  });
  await clock.advance(HOUR_MS);
  const { items } = await store.incidents({ skip: 0, limit: 2_000 });
  expect(items.filter(({ id }) => id.startsWith('old'))).toEqual([]);
  expect(items).toHaveLength(600);
});

test('a removed job is kept for 30 days with its history', async () => {
  const { store, clock } = await startHousekeeping();
  await store.transact({ all: true }, (tx) => {
    tx.putJob(job('old', { removed_at: START - 30 * DAY_MS }));
    tx.tally('old', [tally('2026-01-14')]);
    tx.putJob(job('recent', { removed_at: START - 29 * DAY_MS }));
  });
  await clock.advance(HOUR_MS);
  expect(await store.jobById('old')).toBeUndefined();
  expect((await store.daysOf('old', { skip: 0, limit: 10 })).total).toBe(0);
  expect(await store.jobById('recent')).toBeDefined();
});

test('finished deliveries are kept for 90 days, whatever became of them, owed ones until they are sent', async () => {
  const { store, clock } = await startHousekeeping();
  const statuses = ['pending', 'sent', 'logged', 'dead'] as const;
  await store.transact({ all: true }, (tx) => {
    tx.putJob(job('a'));
    for (const status of statuses) {
      const finished = (days: number) => (status === 'pending' ? null : START - days * DAY_MS);
      const owed = { status, created_at: START - 90 * DAY_MS };
      tx.putDelivery(delivery(`old-${status}`, 'a', { ...owed, finished_at: finished(90) }));
      tx.putDelivery(delivery(`recent-${status}`, 'a', { ...owed, finished_at: finished(89) }));
    }
  });
  await clock.advance(HOUR_MS);
  const { items } = await store.deliveries({ skip: 0, limit: 10 });
  expect(items.map(({ id }) => id).sort()).toEqual([
    'old-pending',
    ...statuses.map((status) => `recent-${status}`).sort(),
  ]);
});

test('entries of the audit log are kept for 90 days', async () => {
  const { store, clock } = await startHousekeeping();
  const entry = { via: 'token', who: 'ci', from: null, action: 'job_paused', jobs: ['a'] } as const;
  await store.transact({}, (tx) => {
    for (const days of [91, 90, 89]) {
      const at = START - days * DAY_MS;
      tx.putAudit({ id: String(days), at, ...entry, incident_id: null, changes: [], left_out: 0 });
    }
  });
  await clock.advance(HOUR_MS);
  expect((await store.audit({ skip: 0, limit: 10 })).items.map(({ id }) => id)).toEqual(['89']);
});
