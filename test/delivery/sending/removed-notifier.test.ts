import { afterEach, beforeEach, expect, test } from 'vitest';
import { GLOBALS_KEY } from '../../../src/apply/events.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { aDelivery, aJob, anIncident, aSystemDelivery, aSystemIncident } from '../support/records.ts';
import { harness, type Harness } from '../support/harness.ts';

const OVER = { closed_at: 9, close_reason: 'recovered' } as const;

let h: Harness;

/** The configuration has `ops` alone, and what is owed is owed to a notifier that it had before. */
beforeEach(async () => {
  h = harness();
  const declaration = { notify: ['ops'] };
  await h.store.transact({ all: true }, (tx) => {
    tx.putMeta(GLOBALS_KEY, { notifiers: ['ops'], replayWindowMs: 900_000 });
    tx.putJob(aJob({ declared: declaration, declaration }));
  });
});

afterEach(async () => {
  const stopped = h.worker.stop();
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

async function told(): Promise<string[]> {
  h.worker.start([]);
  await h.clock.advance(MINUTE_MS);
  return h.ops.titles;
}

test('what it was owed about trouble that is over is told to those whom the job names now, in one message', async () => {
  await h.putIncident(anIncident({ ...OVER, told: ['gone'] }));
  await h.owe(aDelivery({ notifier: 'gone' }), aDelivery({ notifier: 'gone', kind: 'closed' }));
  expect(await told()).toEqual([expect.stringMatching(/^FAILED AND RESOLVED daily-database-backup/)]);
  for (const kind of ['opened', 'closed'] as const)
    expect(await h.delivery(`j1-i1.gone.${kind}`)).toMatchObject({
      status: 'dead',
      last_error: 'no notifier of this name is configured',
    });
});

test('what it was owed about an outage is told to those who hear of Cronflow now', async () => {
  const outage = { kind: 'outage', reason: 'cronflow_away', detail: 'away for an hour' } as const;
  await h.putIncident({ ...aSystemIncident({ id: 'outage-1', ...OVER, told: ['gone'] }), ...outage });
  await h.owe(aSystemDelivery({ id: 'outage-1.gone.opened', incident_id: 'outage-1', notifier: 'gone' }));
  expect(await told()).toHaveLength(1);
});

test.each([
  ['is told to nobody twice, where another one was told', { ...OVER, told: ['gone', 'ops'] }, true],
  // A change of the configuration tells these as it tells those who join.
  ['is left to others, where the trouble lasts', { told: ['gone'] }, false],
  ['is told to nobody, where a pause ended the trouble', { ...OVER, told: ['gone'] }, false],
])('what it was owed %s', async (_what, changes, isEnded) => {
  await h.putIncident(anIncident(changes));
  await h.owe(aDelivery({ notifier: 'gone' }));
  if (isEnded) await h.owe(aDelivery({ notifier: 'gone', kind: 'closed' }));
  expect(await told()).toEqual([]);
});

test('is told where the process dies before it has given the old message up', async () => {
  await h.putIncident(anIncident({ ...OVER, told: ['gone'] }));
  await h.owe(aDelivery({ notifier: 'gone' }), aDelivery({ notifier: 'gone', kind: 'closed' }));
  h.store.failsCommits = true;
  h.worker.start([]);
  await h.clock.advance(MINUTE_MS);
  expect(h.ops.titles).toEqual([]);
  h.store.failsCommits = false;
  await h.clock.advance(MINUTE_MS);
  expect(h.ops.titles).toHaveLength(1);
});
