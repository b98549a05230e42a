import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyConfiguration } from '../../../src/apply/configuration.ts';
import { CONFIGURATION_KEY } from '../../../src/store/store.ts';
import type { Delivery, NotifierIncident } from '../../../src/core/model/records.ts';
import type { SendResult } from '../../../src/delivery/notifier.ts';
import { DOWN, FakeNotifier, harness, type Harness, OK, openingOf, REVOKED } from '../support/harness.ts';
import { aClosing, aDelivery, aJob, anIncident, aRun, someFacts } from '../support/records.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

const OPENED = 'j1-i1.ops.opened';
const CLOSED = 'j1-i1.ops.closed';
const TITLE = 'FAILED daily-database-backup on web1: exit 1 after 4m12s';
const CLOSING_TITLE = 'RESOLVED daily-database-backup: ran fine on web1, was in trouble for 2h10m (3 bad)';

let h: Harness;

beforeEach(() => {
  h = harness();
});

afterEach(async () => {
  h.store.failsCommits = false;
  h.store.failsReads = false;
  const stopped = h.worker.stop();
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

function start(): Promise<void> {
  h.worker.start([...h.notifiers.keys()]);
  return h.clock.advance(0);
}

function add(name: string, concurrency = 1): FakeNotifier {
  const notifier = new FakeNotifier(name, h.clock, concurrency);
  h.notifiers.set(name, notifier);
  return notifier;
}

/** The opening and the end of the trouble of a job of its own. */
function pair(number: number): [Delivery, Delivery] {
  const opening = openingOf(h.clock, number);
  return [opening, { ...opening, id: `j${number}-i1.ops.closed`, kind: 'closed' }];
}

/** The end of what was told, and all about another job, is given up. */
async function giveUpEnds(): Promise<void> {
  h.ops.keepsState = true;
  const [opening, end] = pair(1);
  await h.owe(opening);
  await start();
  h.ops.always = REVOKED;
  await h.putIncident(anIncident({ id: 'j1-i1', job_id: 'j1', closed_at: h.clock.now() }));
  // The beginning of the second is lost, too: nothing of it is open there.
  await h.owe(end, ...pair(2));
  h.worker.wake();
  await h.clock.advance(0);
  await h.putIncident(anIncident({ id: 'j2-i1', job_id: 'j2', closed_at: h.clock.now() }));
  expect(await h.delivery('j1-i1.ops.closed')).toMatchObject({ status: 'dead' });
  expect(await h.delivery('j2-i1.ops.closed')).toMatchObject({ status: 'dead' });
}

describe('the worker, when it sends,', () => {
  test('sends what is owed and writes down that it did', async () => {
    await h.owe(aDelivery());
    await start();
    expect(h.ops.titles).toEqual([TITLE]);
    expect(await h.delivery(OPENED)).toMatchObject({
      status: 'sent',
      attempts: 1,
      finished_at: h.clock.now(),
      last_error: null,
    });
  });

  test('sends at once what is committed later, when woken', async () => {
    await start();
    await h.owe(aDelivery());
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('finds within 10 s a delivery for which nobody woke it', async () => {
    await start();
    await h.owe(aDelivery());
    await h.clock.advance(10 * SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('waits for a delivery that is not due yet, and sends it when it is', async () => {
    await h.owe(aDelivery({ next_attempt_at: h.clock.now() + 25 * SECOND_MS }));
    await start();
    await h.clock.advance(25 * SECOND_MS - 1);
    expect(h.ops.attempts).toEqual([]);
    await h.clock.advance(1);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('finishes what a notifier without state need not be told', async () => {
    await h.owe(aDelivery({ kind: 'closed_silently' }));
    await start();
    expect(h.ops.attempts).toEqual([]);
    expect(await h.delivery(CLOSED)).toMatchObject({
      status: 'sent',
      attempts: 0,
      last_error: 'no message: closed without a message',
    });
  });

  test('writes a message from what the store knows of the run and its output', async () => {
    await h.owe(aDelivery());
    await h.store.transact({ ids: ['j1'] }, (tx) => {
      tx.putRun({ ...aRun(), id: 'j1-6', outcome: 'success', duration_ms: 12 * MINUTE_MS });
      tx.putRun(aRun());
      tx.putOutput('j1', 'j1-7', { text: 'pg_dump: error\n', dropped_bytes: 0 });
    });
    await start();
    expect(h.ops.sent[0]?.output).toBe('pg_dump: error');
    expect(h.ops.sent[0]?.fields).toContainEqual({ label: 'Duration', value: '4m12s, usually 12m' });
  });

  test('still says that something is wrong when the message cannot be written', async () => {
    await h.owe(aDelivery({ facts: someFacts({ at: Number.NaN, expected_at: Number.NaN }) }));
    await start();
    expect(h.ops.titles).toEqual(['IN TROUBLE daily-database-backup: exit_code']);
    expect(h.log.join('')).toContain('a message could not be written');
  });

  test('drops what was removed with its job meanwhile', async () => {
    h.ops.answers = ['held'];
    await h.owe(aDelivery());
    await start();
    await h.store.transact({ ids: ['j1'] }, (tx) => tx.deleteJob('j1'));
    h.ops.release();
    await h.clock.advance(0);
    expect((await h.store.deliveries({ skip: 0, limit: 10 })).items).toEqual([]);
  });
});

describe('a delivery that somebody else has settled', () => {
  test('stays settled', async () => {
    h.ops.answers = ['held'];
    await h.owe(aDelivery());
    await start();
    await h.owe(aDelivery({ status: 'dead', finished_at: 1 }));
    h.ops.release();
    await h.clock.advance(0);
    expect(await h.delivery(OPENED)).toMatchObject({ status: 'dead', finished_at: 1 });
  });
});

describe('the worker, to keep the order,', () => {
  test('sends a closing after its opening', async () => {
    h.ops.answers = [DOWN];
    await h.owe(aDelivery());
    await start();
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
    await h.owe(aClosing());
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.titles).toEqual([TITLE, CLOSING_TITLE]);
  });

  test('holds a closing back while its opening is on its way', async () => {
    h.ops.answers = ['held'];
    await h.owe(aDelivery());
    await start();
    await close();
    h.worker.wake();
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.attempts).toHaveLength(1);
    h.ops.release();
    await h.clock.advance(0);
    expect(h.ops.titles).toEqual([TITLE, CLOSING_TITLE]);
  });

  test('merges an opening that was not sent with its closing, and the reminders between', async () => {
    h.ops.answers = [DOWN];
    await h.owe(aDelivery());
    await start();
    await h.owe(aDelivery({ kind: 'reminder' }));
    await close({ reminder_count: 1 });
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.titles).toEqual([
      'FAILED AND RESOLVED daily-database-backup on web1: exit 1 after 4m12s; ran fine on web1, ' +
        'was in trouble for 2h10m (3 bad), from 02:04:12 to 04:14:12 (Europe/Berlin)',
    ]);
    expect(h.ops.sent[0]?.deliveryId).toBe(OPENED);
    const reminder = await h.delivery('j1-i1.ops.reminder.1');
    expect(reminder).toMatchObject({ status: 'sent', last_error: `told with ${OPENED}` });
    expect(await h.delivery(CLOSED)).toMatchObject({ status: 'sent', finished_at: h.clock.now() });
    expect(await h.store.earliestDeliveryAt('any')).toBeNull();
  });

  test('tries both again when the merged message fails', async () => {
    h.ops.answers = [DOWN];
    await h.owe(aDelivery());
    await close();
    await start();
    expect(await h.delivery(OPENED)).toMatchObject({ status: 'pending', attempts: 1 });
    expect(await h.delivery(CLOSED)).toMatchObject({ status: 'pending', attempts: 0 });
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.titles).toHaveLength(1);
    expect(h.ops.titles[0]).toContain('FAILED AND RESOLVED');
  });

  test('tells of trouble whose job was paused before anyone knew', async () => {
    await h.owe(aDelivery());
    await h.putIncident(anIncident({ closed_at: h.clock.now(), close_reason: 'paused' }));
    await h.owe(aDelivery({ kind: 'closed_silently' }));
    await start();
    expect(h.ops.titles).toEqual([TITLE]);
    expect(await h.delivery(CLOSED)).toMatchObject({ status: 'sent' });
  });

  test('leaves out reminders that something newer has overtaken', async () => {
    await h.owe(aDelivery({ kind: 'reminder' }));
    await h.owe(aDelivery({ kind: 'reminder', id: 'j1-i1.ops.reminder.2' }));
    await h.putIncident(anIncident({ reminder_count: 2 }));
    await start();
    expect(h.ops.sent.map(({ deliveryId }) => deliveryId)).toEqual(['j1-i1.ops.reminder.2']);
    await h.owe(aDelivery({ kind: 'reminder', id: 'j1-i1.ops.reminder.3' }));
    await close({ reminder_count: 3 });
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.sent.map(({ deliveryId }) => deliveryId)).toEqual(['j1-i1.ops.reminder.2', CLOSED]);
  });
});

describe('the worker, to try again,', () => {
  test('waits twice as long each time, up to five minutes, half of it by chance', async () => {
    h.ops.always = DOWN;
    await h.owe(aDelivery());
    await start();
    await h.clock.advance(30 * MINUTE_MS);
    const delays = h.ops.attempts.map(({ at }, index) => at - (h.ops.attempts[index - 1]?.at ?? at));
    expect(delays.slice(0, 10).map((ms) => ms / SECOND_MS)).toEqual([
      0, 5, 10, 20, 40, 80, 160, 300, 300, 300,
    ]);

    const lucky = harness(() => 0);
    lucky.ops.always = DOWN;
    await lucky.owe(aDelivery());
    lucky.worker.start(['ops']);
    await lucky.clock.advance(2_500);
    expect(lucky.ops.attempts).toHaveLength(2);
    await lucky.worker.stop();
  });

  test('leaves a notifier alone for as long as it asks', async () => {
    h.ops.answers = [{ result: 'retry', detail: 'rate limited', afterMs: 42 * SECOND_MS }];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    await h.clock.advance(42 * SECOND_MS - 1);
    expect(h.ops.attempts).toHaveLength(1);
    await h.clock.advance(1);
    expect(h.ops.sent).toHaveLength(2);
  });

  test('gives up after 24 hours, loudly, and goes on with what comes behind', async () => {
    h.ops.always = DOWN;
    const opening = openingOf(h.clock, 1);
    await h.owe(opening);
    await start();
    await h.clock.advance(24 * HOUR_MS - 1);
    expect(await h.delivery(opening.id)).toMatchObject({ status: 'pending', last_error: 'it is down' });
    await h.clock.advance(6 * MINUTE_MS);
    expect(await h.delivery(opening.id)).toMatchObject({ status: 'dead', last_error: 'it is down' });
    expect(h.log.join('')).toMatch(
      /error given up: a notification was not delivered job=\S+ delivery=j1-i1.ops.opened/,
    );
    const { length } = h.ops.attempts;
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(length);
  });

  test('gives a delivery that is old before its first attempt its share of attempts', async () => {
    h.ops.answers = Array.from({ length: 9 }, () => DOWN);
    await h.owe(aDelivery({ created_at: h.clock.now() - 48 * HOUR_MS }));
    await start();
    await h.clock.advance(HOUR_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('gives up at once where trying again is pointless', async () => {
    h.ops.answers = [REVOKED];
    await h.owe(aDelivery());
    await start();
    expect(await h.delivery(OPENED)).toMatchObject({
      status: 'dead',
      attempts: 1,
      last_error: 'it was revoked',
    });
  });

  test('gives up what is owed to nobody', async () => {
    await h.owe(aDelivery({ notifier: 'gone' }));
    await start();
    expect(await h.delivery('j1-i1.gone.opened')).toMatchObject({
      status: 'dead',
      last_error: 'no notifier of this name is configured',
    });
  });

  test('tries again after a notifier that throws, against its contract', async () => {
    h.ops.answers = [() => Promise.reject(new Error('a bug'))];
    await h.owe(aDelivery());
    await start();
    expect(await h.delivery(OPENED)).toMatchObject({ last_error: 'the notifier failed: a bug' });
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test.each(['hang', 'deaf'] as const)('gives an attempt 10 s and then tries again: %s', async (answer) => {
    h.ops.answers = [answer];
    await h.owe(aDelivery());
    await start();
    await h.clock.advance(10 * SECOND_MS);
    expect(await h.delivery(OPENED)).toMatchObject({ status: 'pending', attempts: 1 });
    await h.clock.advance(5 * SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });
});

describe('the worker, with many deliveries,', () => {
  test('lets no slow notifier hold up another', async () => {
    const slow = add('slow');
    slow.answers = ['deaf', 'deaf', 'deaf'];
    const numbers = [1, 2, 3, 4, 5];
    await h.owe(...numbers.flatMap((each) => [openingOf(h.clock, each, 'slow'), openingOf(h.clock, each)]));
    await start();
    expect(h.ops.titles).toHaveLength(5);
    expect(slow.attempts).toHaveLength(1);
  });

  test('sends to a notifier as many at a time as it takes', async () => {
    const pager = add('pager', 3);
    pager.answers = ['deaf', 'deaf', 'deaf', 'deaf'];
    await h.owe(...[1, 2, 3, 4].map((each) => openingOf(h.clock, each, 'pager')));
    await start();
    expect(pager.attempts).toHaveLength(3);
  });

  test('sends each of a great many deliveries once, however long their leases wait', async () => {
    const count = 150;
    h.ops.answers = Array.from({ length: count }, () => async () => {
      await new Promise<void>((resolve) => h.clock.after(SECOND_MS, resolve));
      return OK;
    });
    await h.owe(...Array.from({ length: count }, (_, index) => openingOf(h.clock, index)));
    await start();
    await h.clock.advance(count * 2 * SECOND_MS);
    expect(h.ops.attempts).toHaveLength(count);
    expect(new Set(h.ops.sent.map(({ deliveryId }) => deliveryId)).size).toBe(count);
  });

  test('sends each delivery once when two instances share an outbox', async () => {
    const other = h.another();
    await h.owe(...Array.from({ length: 60 }, (_, index) => openingOf(h.clock, index)));
    await start();
    other.start(['ops']);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(60);
    expect(new Set(h.ops.sent.map(({ deliveryId }) => deliveryId)).size).toBe(60);
    await other.stop();
  });
});

describe('the worker, with a store that fails,', () => {
  test('does not send again what it could not write down', async () => {
    h.ops.answers = [async () => ((h.store.failsCommits = true), OK)];
    await h.owe(aDelivery());
    await start();
    await h.clock.advance(5 * MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(1);
    expect(h.log.join('')).toContain('the outbox cannot be written');
    h.store.failsCommits = false;
    await h.clock.advance(10 * SECOND_MS);
    expect(await h.delivery(OPENED)).toMatchObject({ status: 'sent' });
    await h.clock.advance(5 * MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(1);
  });

  test('sends soon after it can be read again', async () => {
    h.store.failsReads = true;
    await h.owe(aDelivery());
    await start();
    await h.clock.advance(MINUTE_MS);
    expect(h.log.filter((line) => line.includes('the outbox cannot be read'))).toHaveLength(1);
    h.store.failsReads = false;
    await h.clock.advance(SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('goes on with a claimed delivery whose incident could not be read', async () => {
    await h.owe(aDelivery());
    h.store.failsNextIncident = true;
    await start();
    expect(h.ops.attempts).toEqual([]);
    await h.clock.advance(SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('tells twice rather than never when the process ends before a message is written down', async () => {
    h.ops.answers = [async () => ((h.store.failsCommits = true), OK)];
    await h.owe(aDelivery());
    await start();
    const stopped = h.worker.stop(SECOND_MS);
    await h.clock.advance(SECOND_MS);
    await stopped;
    h.store.failsCommits = false;
    const next = h.another();
    next.start(['ops']);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.sent.map(({ deliveryId }) => deliveryId)).toEqual([OPENED, OPENED]);
    await next.stop();
  });
});

/** Configured: `names`, all of them told of what belongs to no job. */
function configure(...names: string[]): Promise<unknown> {
  const globals = { notifiers: names, replayWindowMs: 0 };
  const config = { revision: 'r', files: [], defaults: {}, jobs: [], globals };
  return applyConfiguration(h.store, config, h.clock.now());
}

/** Says who is told of Cronflow itself, besides what `configure` said. */
async function defaultsTell(...notify: string[]): Promise<void> {
  await h.store.transact({ meta: [CONFIGURATION_KEY] }, (tx) => {
    tx.putMeta(CONFIGURATION_KEY, { ...(tx.meta(CONFIGURATION_KEY) as object), defaults: { notify } });
  });
}

async function notifierIncidents(): Promise<NotifierIncident[]> {
  const { items } = await h.store.incidents({ skip: 0, limit: 100 });
  return items.filter((incident) => incident.kind === 'notifier');
}

describe('a wall clock that steps back by hours', () => {
  test('holds nothing back that was to be tried again', async () => {
    h.ops.answers = [DOWN];
    await h.owe(aDelivery({ created_at: h.clock.now() }));
    await start();
    expect(h.ops.attempts).toHaveLength(1);
    h.clock.set(h.clock.now() - 5 * HOUR_MS);
    await h.clock.advance(10 * SECOND_MS);
    expect(h.ops.titles).toEqual([TITLE]);
    expect((await h.delivery(OPENED)).created_at).toBeLessThanOrEqual(h.clock.now());
  });

  test('holds nothing back that is owed but could not yet be claimed, nor what was leased', async () => {
    h.ops.answers = ['held'];
    await h.owe(...Array.from({ length: 60 }, (_, index) => openingOf(h.clock, index)));
    await start();
    h.clock.set(h.clock.now() - 5 * HOUR_MS);
    await h.clock.advance(9 * SECOND_MS);
    h.ops.release();
    await h.clock.advance(10 * SECOND_MS);
    expect(h.ops.sent).toHaveLength(60);
    expect(new Set(h.ops.attempts.map(({ deliveryId }) => deliveryId)).size).toBe(60);
    expect(h.ops.attempts).toHaveLength(60);
  });

  test('is noticed after a restart, while the pause that the receiver asked for is kept', async () => {
    const later = (number: number, ms: number): Delivery => ({
      ...openingOf(h.clock, number),
      next_attempt_at: h.clock.now() + ms,
    });
    await h.owe(later(1, HOUR_MS), later(2, HOUR_MS + 1), later(3, 30 * HOUR_MS));
    await start();
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-2', 'job-3']);
    await h.clock.advance(HOUR_MS);
    expect(h.ops.sent).toHaveLength(3);
  });

  test('is made up for once the store works again', async () => {
    h.ops.answers = [DOWN];
    await h.owe(aDelivery());
    await start();
    h.clock.set(h.clock.now() - 5 * HOUR_MS);
    h.store.failsCommits = true;
    await h.clock.advance(MINUTE_MS);
    h.store.failsCommits = false;
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles).toEqual([TITLE]);
  });
});

describe('a notifier that fails', () => {
  test('is told to the others, once, and so is that it works again', async () => {
    const pager = add('pager');
    await configure('ops', 'pager');
    h.ops.answers = [REVOKED, REVOKED];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    await h.clock.advance(MINUTE_MS);
    expect(pager.titles).toEqual(['NOTIFIER FAILING: messages to ops are not delivered: it was revoked']);
    expect(h.worker.failing).toEqual(['ops']);
    await h.owe(openingOf(h.clock, 3));
    await h.clock.advance(MINUTE_MS);
    expect(pager.titles.slice(1)).toEqual(['RESOLVED: messages to ops are delivered again, after 1m']);
    expect(h.ops.titles.filter((title) => !title.includes('job-'))).toEqual([]);
    expect(h.worker.failing).toEqual([]);
    expect(await notifierIncidents()).toMatchObject([
      { subject: 'ops', told: ['pager'], close_reason: 'recovered' },
    ]);
  });

  test('is told before its messages are given up, when ten attempts have failed', async () => {
    const pager = add('pager');
    await configure('ops', 'pager');
    h.ops.always = DOWN;
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(20 * MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(9);
    expect(pager.titles).toEqual([]);
    await h.clock.advance(30 * HOUR_MS);
    expect(pager.titles).toEqual(['NOTIFIER FAILING: messages to ops are not delivered: it is down']);
  });

  test.each([
    ['an hour', 60, 0],
    ['25 minutes', 25, 25],
    ['10 minutes', 10, 20],
  ])(
    'is told within half an hour where the receiver asks for %s each time',
    async (_what, minutes, after) => {
      const pager = add('pager');
      await configure('ops', 'pager');
      h.ops.always = { result: 'retry', detail: 'rate limited', afterMs: minutes * MINUTE_MS };
      await h.owe(openingOf(h.clock, 1));
      await start();
      await h.clock.advance(Math.max(0, after * MINUTE_MS - SECOND_MS));
      expect(pager.titles).toHaveLength(after === 0 ? 1 : 0);
      await h.clock.advance(2 * SECOND_MS);
      expect(pager.titles).toEqual(['NOTIFIER FAILING: messages to ops are not delivered: rate limited']);
      await h.clock.advance(23 * HOUR_MS);
      expect(pager.titles).toHaveLength(1);
      expect(await h.delivery('j1-i1.ops.opened')).toHaveProperty('failing_from_at');
      h.ops.always = OK;
      await h.clock.advance(2 * HOUR_MS);
      expect(pager.titles).toHaveLength(2);
      expect(await h.delivery('j1-i1.ops.opened')).not.toHaveProperty('failing_from_at');
    },
  );

  test('is not told of anew whenever a message gets through beside one that is never taken', async () => {
    const pager = add('pager');
    await configure('ops', 'pager');
    h.ops.concurrency = 10;
    h.ops.answerOf = (id) => (id.startsWith('j1-') ? DOWN : OK);
    await h.owe(openingOf(h.clock, 1));
    await start();
    for (let number = 2; number < 50; number += 1) {
      await h.owe(openingOf(h.clock, number));
      await h.clock.advance(10 * MINUTE_MS);
    }
    expect(pager.titles.filter((title) => title.startsWith('NOTIFIER'))).toHaveLength(1);
    expect(pager.titles.filter((title) => title.startsWith('RESOLVED'))).toHaveLength(1);
  });

  test('is told at most once an hour where one message is refused for good, and others get through', async () => {
    const pager = add('pager');
    await configure('ops', 'pager');
    h.ops.answerOf = (id) => (id.startsWith('j1-') ? REVOKED : OK);
    await h.owe(openingOf(h.clock, 1));
    await start();
    for (let number = 2; number < 14; number += 1) {
      await h.owe(openingOf(h.clock, number));
      await h.clock.advance(10 * MINUTE_MS);
    }
    const refused = h.ops.attempts.filter(({ deliveryId }) => deliveryId.startsWith('j1-'));
    expect(refused.length).toBe(3);
    expect(pager.titles.filter((title) => title.startsWith('NOTIFIER'))).toHaveLength(3);
    // Every message says so until then.
    const saying = h.ops.sent.filter(({ fields }) => fields.some(({ label }) => label === 'Not delivered'));
    expect(saying).toHaveLength(12);
    h.ops.answerOf = null;
    await h.clock.advance(HOUR_MS);
    await h.owe(openingOf(h.clock, 14));
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent' });
  });

  test('is told to every other one where it is the only one that hears of Cronflow itself', async () => {
    const [pager, mail] = [add('pager'), add('mail')];
    await configure('ops', 'pager', 'mail');
    await defaultsTell('ops');
    h.ops.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(MINUTE_MS);
    for (const { titles } of [pager, mail])
      expect(titles).toEqual(['NOTIFIER FAILING: messages to ops are not delivered: it was revoked']);
    await h.owe(openingOf(h.clock, 2));
    await h.clock.advance(MINUTE_MS);
    for (const { titles } of [pager, mail]) expect(titles).toHaveLength(2);
  });

  test('is told to nobody else where those who hear of Cronflow itself are left, or nobody is to', async () => {
    const [pager, mail] = [add('pager'), add('mail')];
    await configure('ops', 'pager', 'mail');
    await defaultsTell('ops', 'pager');
    h.ops.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(MINUTE_MS);
    expect([pager, mail].map(({ titles }) => titles.length)).toEqual([1, 0]);
    await defaultsTell();
    mail.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 2, 'mail'));
    await h.clock.advance(MINUTE_MS);
    expect([pager, mail].map(({ titles }) => titles.length)).toEqual([1, 0]);
  });

  test('is shown and logged where there is no other notifier to tell', async () => {
    await configure('ops');
    h.ops.always = REVOKED;
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(HOUR_MS);
    expect(h.worker.failing).toEqual(['ops']);
    expect(h.log.join('')).toContain('error a notifier fails and there is no other to tell notifier=ops');
    expect(await notifierIncidents()).toMatchObject([{ subject: 'ops', told: [], closed_at: null }]);
    const restarted = h.another();
    restarted.start(['ops']);
    await h.clock.advance(0);
    expect(restarted.failing).toEqual(['ops']);
    await restarted.stop();
  });

  test('has one incident of its own when all fail, and hears of the others when it works', async () => {
    const [pager, mail] = [add('pager'), add('mail')];
    await configure('ops', 'pager', 'mail');
    for (const notifier of [h.ops, pager, mail]) notifier.always = REVOKED;
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(48 * HOUR_MS);
    expect(new Set((await notifierIncidents()).map(({ subject }) => subject))).toEqual(
      new Set(['mail', 'ops', 'pager']),
    );
    expect((await h.store.deliveries({ skip: 0, limit: 100 })).total).toBe(7);
    mail.always = OK;
    h.worker.notifiersChanged(['mail']);
    await h.clock.advance(0);
    expect(mail.titles.join()).toMatch(/to (ops|pager) are .* to (ops|pager) are/);
  });

  test('is no trouble once it is no longer configured', async () => {
    const pager = add('pager');
    await configure('ops', 'pager');
    h.ops.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 1));
    await start();
    await configure('pager');
    h.worker.notifiersChanged([]);
    await h.owe({ ...openingOf(h.clock, 2, 'gone') });
    await h.clock.advance(HOUR_MS);
    expect(pager.titles).toHaveLength(1);
    expect(h.worker.failing).toEqual([]);
    expect(await notifierIncidents()).toMatchObject([{ subject: 'ops', close_reason: 'removed' }]);
  });
});

describe('notifiers that come back', () => {
  test('are told again of what is still open when their configuration changes', async () => {
    h.ops.answers = [REVOKED, REVOKED, REVOKED];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2), openingOf(h.clock, 3));
    await start();
    await h.putIncident(anIncident({ id: 'j2-i1', job_id: 'j2', closed_at: h.clock.now() }));
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(3);
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(0);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-1', 'job-3']);
    const deadCount = h.ops.sent.map(({ fields }) => fields.filter(({ label }) => label === 'Not delivered'));
    expect(deadCount).toEqual([
      [
        {
          label: 'Not delivered',
          value: '3 earlier messages could not be sent here; what is still open is told again',
        },
      ],
      [],
    ]);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent', attempts: 1 });
    expect(await h.delivery('j2-i1.ops.opened')).toMatchObject({ status: 'dead' });
  });

  test('are sent what is refused just as their configuration changes', async () => {
    h.ops.answers = [
      async () => {
        add('ops');
        h.worker.notifiersChanged(['ops']);
        await new Promise((resolve) => setImmediate(resolve));
        return REVOKED;
      },
    ];
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent', attempts: 2 });
  });

  test('are told of what is still open and only the log had, when they have an address', async () => {
    const logged: SendResult = { result: 'logged', notSentBecause: 'webhook_url is empty' };
    h.ops.always = logged;
    h.ops.onlyLogs = true;
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    await h.putIncident(anIncident({ id: 'j2-i1', job_id: 'j2', closed_at: h.clock.now() }));
    // Another change leaves it without an address, and nobody is told twice by the log.
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(2);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'logged' });
    h.ops.always = OK;
    delete h.ops.onlyLogs;
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(0);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-1']);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent' });
    expect(await h.delivery('j2-i1.ops.opened')).toMatchObject({ status: 'logged' });
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(HOUR_MS);
    expect(h.ops.titles).toHaveLength(1);
  });

  test('do not take up what was lost on the way to others, and are given 24 hours anew', async () => {
    add('pager').answers = [REVOKED];
    h.ops.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 1, 'pager'));
    await start();
    await h.clock.advance(HOUR_MS);
    h.ops.answers = [DOWN];
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(0);
    const createdAt = h.clock.now();
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'pending', created_at: createdAt });
    expect(await h.delivery('j1-i1.pager.opened')).toMatchObject({ status: 'dead' });
  });

  test('are told again of what is still open when something else gets through', async () => {
    h.ops.answers = [REVOKED];
    await h.owe(openingOf(h.clock, 1));
    await start();
    await h.owe(openingOf(h.clock, 2));
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-2', 'job-1']);
  });

  test('are tried every hour with one given-up message, and told of all once that is taken', async () => {
    await configure('ops');
    h.ops.always = REVOKED;
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2), openingOf(h.clock, 3));
    await start();
    expect(h.ops.attempts).toHaveLength(3);
    await h.clock.advance(2 * HOUR_MS);
    // Each time another: one that is never taken does not stand for all.
    expect(h.ops.attempts.slice(3).map(({ deliveryId }) => deliveryId)).toEqual([
      'j3-i1.ops.opened',
      'j2-i1.ops.opened',
    ]);
    expect(h.ops.sent).toEqual([]);
    h.ops.always = OK;
    await h.clock.advance(HOUR_MS);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-1', 'job-2', 'job-3']);
    expect(h.worker.failing).toEqual([]);
    await h.clock.advance(3 * HOUR_MS);
    expect(h.ops.attempts).toHaveLength(8);
  });

  test('are not tried with what was given up while something is still owed to them', async () => {
    await configure('ops');
    h.ops.answers = [REVOKED];
    h.ops.always = DOWN;
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    await h.clock.advance(5 * HOUR_MS);
    expect(h.ops.attempts.filter(({ deliveryId }) => deliveryId === 'j1-i1.ops.opened')).toHaveLength(1);
  });

  test('are told again after a restart, once', async () => {
    h.ops.answers = [REVOKED];
    await h.owe(aDelivery());
    await start();
    await h.worker.stop();
    for (const worker of [h.another(), h.another()]) {
      worker.start(['ops']);
      await h.clock.advance(SECOND_MS);
      await worker.stop();
    }
    expect(h.ops.titles).toEqual([TITLE]);
  });

  test('are told of the end of trouble of which they never heard', async () => {
    h.ops.answers = [REVOKED];
    await h.owe(aDelivery());
    await start();
    await close();
    h.worker.wake();
    await h.clock.advance(0);
    expect(h.ops.titles).toEqual([CLOSING_TITLE]);
    expect(h.ops.sent[0]?.fields.at(-1)?.label).toBe('Not delivered');
  });

  describe('after they kept trouble as open', () => {
    test('are told again of its end when their configuration changes', async () => {
      await giveUpEnds();
      h.ops.always = { result: 'ok' };
      h.worker.notifiersChanged(['ops']);
      await h.clock.advance(0);
      expect(h.ops.sent.map(({ deliveryId }) => deliveryId)).toEqual([
        'j1-i1.ops.opened',
        'j1-i1.ops.closed',
      ]);
      expect(await h.delivery('j2-i1.ops.closed')).toMatchObject({ status: 'dead' });
    });

    test('are told again of its end, once, when something else gets through', async () => {
      await giveUpEnds();
      h.ops.answerOf = (id) => (id === 'j1-i1.ops.closed' ? REVOKED : { result: 'ok' });
      for (const number of [3, 4, 5]) {
        await h.owe(openingOf(h.clock, number));
        h.worker.wake();
        await h.clock.advance(MINUTE_MS);
      }
      const tried = h.ops.attempts.filter(({ deliveryId }) => deliveryId === 'j1-i1.ops.closed');
      expect(tried).toHaveLength(2);
      h.worker.notifiersChanged(['ops']);
      await h.clock.advance(0);
      expect(await h.delivery('j1-i1.ops.closed')).toMatchObject({ redelivered: true });
    });

    test('are told of no end where they keep no state', async () => {
      await giveUpEnds();
      h.ops.keepsState = false;
      h.ops.always = { result: 'ok' };
      h.worker.notifiersChanged(['ops']);
      await h.clock.advance(0);
      expect(h.ops.sent).toHaveLength(1);
    });
  });

  test('need not wait for as long as they had asked when their configuration changes', async () => {
    h.ops.answers = [{ result: 'retry', detail: 'rate limited', afterMs: HOUR_MS }];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    await h.owe({ ...openingOf(h.clock, 3, 'pager'), next_attempt_at: h.clock.now() + HOUR_MS });
    h.worker.notifiersChanged(['ops']);
    await h.clock.advance(0);
    expect(h.ops.titles.map((title) => title.split(' ')[1])).toEqual(['job-2', 'job-1']);
    // Nothing changed for the other.
    expect((await h.delivery('j3-i1.pager.opened')).next_attempt_at).toBe(h.clock.now() + HOUR_MS);
  });
});

describe('a worker that is told to stop', () => {
  test('waits for what is on its way and begins nothing new', async () => {
    h.ops.answers = ['held'];
    await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2));
    await start();
    let isStopped = false;
    const stopped = h.worker.stop().then(() => (isStopped = true));
    await h.clock.advance(SECOND_MS);
    expect(isStopped).toBe(false);
    h.ops.release();
    await stopped;
    expect(h.ops.titles).toHaveLength(1);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent' });
  });

  test('ends an attempt that takes too long, which is made again later', async () => {
    h.ops.answers = ['deaf'];
    await h.owe(aDelivery());
    await start();
    const stopped = h.worker.stop(3 * SECOND_MS);
    await h.clock.advance(3 * SECOND_MS);
    await stopped;
    expect(await h.delivery(OPENED)).toMatchObject({ status: 'pending', attempts: 1 });
  });

  test('ends at once when nothing is on its way', async () => {
    await start();
    await h.worker.stop();
    expect(h.clock.timerCount).toBe(0);
  });
});

/** Closes the incident and owes the closing, as one commit of the core does. */
async function close(changes: Parameters<typeof anIncident>[0] = {}): Promise<void> {
  const incident = anIncident({ closed_at: aClosing().facts.at, close_reason: 'recovered', ...changes });
  await h.store.transact({ all: true }, (tx) => {
    if (tx.jobById('j1') === undefined) tx.putJob(aJob());
    tx.putIncident(incident);
    tx.putDelivery(aClosing());
  });
}
