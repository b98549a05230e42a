import { expect, test } from 'vitest';
import { DOWN, FakeNotifier, harness, openingOf, REVOKED } from '../support/harness.ts';
import { aClosing, aDelivery, anIncident } from '../support/records.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

test('messages are counted by what became of them, once that is stored', async () => {
  const h = harness();
  const { clock, store, notifiers, ops, worker, counts } = h;
  const pager = new FakeNotifier('pager', clock);
  notifiers.set('pager', pager);
  ops.answers = [DOWN, DOWN];
  pager.answers = [REVOKED];
  await h.owe(openingOf(clock, 1), openingOf(clock, 2, 'pager'));
  worker.start(['ops', 'pager']);
  await clock.advance(MINUTE_MS);
  expect(Object.fromEntries(counts.all)).toEqual({
    ops: { sent: 1, logged: 0, retry: 2, dead: 0 },
    pager: { sent: 0, logged: 0, retry: 0, dead: 1 },
  });
  ops.answers = ['held'];
  await h.owe(openingOf(clock, 3));
  worker.wake();
  await clock.advance(0);
  store.failsCommits = true;
  ops.release();
  await clock.advance(MINUTE_MS);
  expect(counts.all.get('ops')).toEqual({ sent: 1, logged: 0, retry: 2, dead: 0 });
  store.failsCommits = false;
  await clock.advance(MINUTE_MS);
  expect(counts.all.get('ops')).toEqual({ sent: 2, logged: 0, retry: 2, dead: 0 });
  const stopped = worker.stop();
  await clock.advance(MINUTE_MS);
  await stopped;
});

test('a delivery that needs no message is not counted, and a message that tells of two things counts once', async () => {
  const h = harness();
  const { clock, worker, counts } = h;
  await h.owe(aDelivery(), aClosing());
  await h.putIncident(anIncident({ closed_at: clock.now(), close_reason: 'recovered' }));
  await h.owe({ ...openingOf(clock, 9), kind: 'closed_silently' });
  worker.start(['ops']);
  await clock.advance(0);
  expect(Object.fromEntries(counts.all)).toEqual({ ops: { sent: 1, logged: 0, retry: 0, dead: 0 } });
  const stopped = worker.stop();
  await clock.advance(MINUTE_MS);
  await stopped;
});
