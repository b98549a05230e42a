import { SYSTEM_SCOPE } from '../../../src/apply/system.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeGlobals } from '../../../src/apply/events.ts';
import { noteNotifierFails } from '../../../src/apply/failing-notifiers.ts';
import { DEFAULT_GLOBALS } from '../../../src/core/model/spec.ts';
import type { Notifier } from '../../../src/delivery/notifier.ts';
import { KINDS } from '../../../src/delivery/registry.ts';
import type { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { Pacer } from '../../../src/delivery/transport/pacer.ts';
import { harness, type Harness, openingOf } from '../support/harness.ts';
import { aClosing, aDelivery, anIncident } from '../support/records.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

const EMPTY = { type: 'slack', settings: { webhook_url: '' }, because: 'not sent: webhook_url is empty' };
const ON_PURPOSE = { type: 'log', settings: {}, because: null };

let h: Harness;
let worker: DeliveryWorker;

beforeEach(() => void (h = harness()));
afterEach(async () => {
  const stopped = worker.stop();
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

async function start({ type, settings }: typeof EMPTY | typeof ON_PURPOSE): Promise<void> {
  const { clock, logger } = h;
  const pacerOf = (_: string, intervalMs: number): Pacer => new Pacer(clock, intervalMs);
  const ops = KINDS[type]!('ops', settings, { clock, logger, pacerOf });
  const others: [string, Notifier][] = [...h.notifiers].filter(([name]) => name !== 'ops');
  worker = h.another(new Map<string, Notifier>([['ops', ops], ...others]));
  worker.start(['ops']);
  await clock.advance(0);
}

/** What Cronflow logs about a delivery, unless it is asked for every detail. */
const linesOf = (id: string): string[] =>
  h.log.filter((line) => line.includes(`delivery=${id}`) && !line.includes(' debug '));

describe.each([EMPTY, ON_PURPOSE])('a message that is only logged, by $type,', (notifier) => {
  test('counts as logged, not as sent, in the store, the log and the counts, as its end does', async () => {
    await h.owe(aDelivery());
    await start(notifier);
    const logged = { status: 'logged', attempts: 1, last_error: notifier.because };
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ ...logged, finished_at: h.clock.now() });
    expect(linesOf('j1-i1.ops.opened')).toEqual([
      expect.stringMatching(/ warn  FAILED daily-database-backup .* job=daily-database-backup /),
    ]);
    await h.putIncident(anIncident({ closed_at: h.clock.now(), close_reason: 'recovered' }));
    await h.owe(aClosing());
    worker.wake();
    await h.clock.advance(0);
    expect(await h.delivery('j1-i1.ops.closed')).toMatchObject(logged);
    expect(h.log.filter((line) => line.includes(' RESOLVED '))).toHaveLength(1);
    expect(h.log.join('')).not.toContain('delivered');
    expect(Object.fromEntries(h.counts.all)).toEqual({ ops: { sent: 0, logged: 2, retry: 0, dead: 0 } });
  });

  test('is logged together with what was merged into it', async () => {
    await h.owe(aDelivery(), aClosing());
    await h.putIncident(anIncident({ closed_at: h.clock.now(), close_reason: 'recovered' }));
    await start(notifier);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'logged' });
    expect(await h.delivery('j1-i1.ops.closed')).toMatchObject({
      status: 'logged',
      last_error: 'logged with j1-i1.ops.opened',
    });
  });
});

test('a message that is sent is one line of the log, which names its job and its notifier', async () => {
  await h.owe(aDelivery());
  worker = h.worker;
  worker.start([]);
  await h.clock.advance(0);
  expect(linesOf('j1-i1.ops.opened')).toEqual([
    expect.stringMatching(
      / info {2}delivered job=daily-database-backup delivery=\S+ notifier=ops attempt=1\n$/,
    ),
  ]);
});

const fail = (): Promise<unknown> =>
  h.store.transact(SYSTEM_SCOPE, (tx) => {
    writeGlobals(tx, { ...DEFAULT_GLOBALS, notifiers: ['ops'] });
    return noteNotifierFails(tx, 'ops', 'it was revoked', h.clock.now());
  });
const isOpen = async (): Promise<boolean> =>
  (await h.store.incidents({ skip: 0, limit: 9, open: true })).items.some(({ kind }) => kind === 'notifier');

describe('a notifier that failed', () => {
  test('does not work again because its address was emptied: nothing got through', async () => {
    await fail();
    await h.owe(openingOf(h.clock, 1));
    await start(EMPTY);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'logged' });
    expect(await isOpen()).toBe(true);
  });

  test('works again when it is made a notifier of the log on purpose', async () => {
    await fail();
    await h.owe(openingOf(h.clock, 1));
    await start(ON_PURPOSE);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'logged' });
    expect(await isOpen()).toBe(false);
  });
});
