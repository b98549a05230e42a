import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CronflowError } from '../../../src/core/model/errors.ts';
import type { Delivery } from '../../../src/core/model/records.ts';
import type { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import type { Store } from '../../../src/store/store.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { DOWN, FakeNotifier, harness, type Harness, OK, openingOf } from '../support/harness.ts';

/** A lease lasts this long from the last claim. */
const LEASE_MS = MINUTE_MS;
const GROUP_WAIT_MS = 10 * SECOND_MS;

let h: Harness;
let running: DeliveryWorker[];

beforeEach(() => {
  h = harness();
  running = [];
});

afterEach(async () => {
  const stopped = Promise.all(running.map((worker) => worker.stop()));
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

/** Starts another instance. */
async function instance(store: Store = h.store): Promise<DeliveryWorker> {
  const worker = h.another(h.notifiers, store);
  running.push(worker);
  worker.start([...h.notifiers.keys()]);
  await h.clock.advance(0);
  return worker;
}

/** Stops an instance in order. */
async function stop(worker: DeliveryWorker): Promise<void> {
  running = running.filter((each) => each !== worker);
  await worker.stop();
}

/** A store as a process has it whose machine can be suspended: then no call goes out, until it wakes. */
function suspendable(store: Store): { store: Store; suspend(): void; wake(): void } {
  let awake = Promise.resolve();
  let wake: (() => void) | null = null;
  const held = new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (key === 'watch') return call;
      return async (...args: unknown[]) => {
        await awake;
        return call(...args);
      };
    },
  });
  return {
    store: held,
    suspend: () => {
      awake = new Promise((resolve) => (wake = resolve));
    },
    wake: () => wake?.(),
  };
}

/** Fails as every call to a store that is away. */
function away(): Promise<never> {
  return Promise.reject(new CronflowError('store_unavailable', 'it is away'));
}

function openings(count: number, from = 1): Delivery[] {
  return Array.from({ length: count }, (_, at) => openingOf(h.clock, from + at));
}

function toldIds(): string[] {
  return h.ops.sent.map(({ deliveryId }) => deliveryId);
}

describe('three instances on one store', () => {
  test('tell each person once, in the storm of one', async () => {
    h.ops.mergedLengthMax = 12_000;
    for (let count = 1; count <= 3; count += 1) await instance();
    await h.owe(...openings(7));
    await h.clock.advance(0);
    await h.owe(...openings(5, 8));
    await h.clock.advance(GROUP_WAIT_MS - 1);
    expect(h.ops.sent.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'opened'));
    await h.clock.advance(1);
    expect(h.ops.sent.at(-1)).toMatchObject({ kind: 'merged' });
    expect(h.ops.sent).toHaveLength(6);
    await h.clock.advance(HOUR_MS);
    expect(h.ops.sent).toHaveLength(6);
  });

  test('send no more at a time than one', async () => {
    let now = 0;
    let most = 0;
    h.ops.answers = Array.from({ length: 30 }, () => async () => {
      most = Math.max(most, (now += 1));
      await new Promise<void>((resolve) => h.clock.after(SECOND_MS, resolve));
      now -= 1;
      return { result: 'ok' };
    });
    for (let count = 1; count <= 3; count += 1) await instance();
    await h.owe(...openings(30));
    await h.clock.advance(40 * SECOND_MS);
    expect(new Set(toldIds()).size).toBe(30);
    expect([h.ops.attempts.length, most]).toEqual([30, 1]);
  });
});

describe('an instance that cannot reach a receiver', () => {
  let broken: FakeNotifier;
  let isAlone: boolean;
  /** Starts one that cannot, or one that can. */
  const beside = async (notifier: FakeNotifier): Promise<void> => {
    const more = { others: () => (isAlone ? [] : ['another']) };
    const worker = h.another(new Map([['ops', notifier]]), h.store, more);
    running.push(worker);
    worker.start(['ops']);
    await h.clock.advance(0);
  };
  beforeEach(() => {
    isAlone = false;
    broken = new FakeNotifier('ops', h.clock);
    broken.always = DOWN;
  });

  test('leaves what is owed to one that can', async () => {
    await beside(broken);
    await h.owe(...openings(3));
    await h.clock.advance(SECOND_MS);
    expect(broken.attempts).toHaveLength(1);
    await beside(h.ops);
    await h.clock.advance(20 * SECOND_MS);
    expect(toldIds().sort()).toEqual(openings(3).map(({ id }) => id));
    await h.owe(...openings(3, 4));
    await h.clock.advance(20 * SECOND_MS);
    expect(toldIds()).toHaveLength(6);
    expect(broken.attempts).toHaveLength(1);
  });

  test('goes on by itself where nobody takes it', async () => {
    await beside(broken);
    await h.owe(...openings(1));
    await h.clock.advance(MINUTE_MS);
    expect(broken.attempts.length).toBeGreaterThan(1);
    broken.always = OK;
    await h.clock.advance(2 * MINUTE_MS);
    expect(broken.sent).toHaveLength(1);
  });

  test('takes turns with another one that cannot, and neither tries more often for that', async () => {
    await beside(broken);
    const other = new FakeNotifier('ops', h.clock);
    other.always = DOWN;
    await beside(other);
    await h.owe(...openings(1));
    await h.clock.advance(10 * MINUTE_MS);
    const counts = [broken, other].map(({ attempts }) => attempts.length);
    expect(Math.min(...counts)).toBeGreaterThan(1);
    // One alone makes as many: 5 s, 10 s, 20 s and so on up to 5 minutes.
    expect(counts[0]! + counts[1]!).toBeLessThanOrEqual(8);
  });

  test('keeps the lane where there is no other', async () => {
    isAlone = true;
    await beside(broken);
    await h.owe(...openings(1));
    await h.clock.advance(SECOND_MS);
    await beside(h.ops);
    await h.clock.advance(4 * SECOND_MS);
    expect(broken.attempts).toHaveLength(2);
    expect(toldIds()).toEqual([]);
  });
});

test.each([100, 400, 700, 1_000])(
  'a message that went out as the store failed is told once, though its lease ended %s ms before it works',
  async (afterMs) => {
    let isAway = false;
    const mortal = (): Store =>
      overlaid(h.store, {
        isShared: true,
        transact: (scope, fn) => (isAway ? away() : h.store.transact(scope, fn)),
        claimDeliveries: (claim) => (isAway ? away() : h.store.claimDeliveries(claim)),
        earliestDeliveryAt: (owner, except) => (isAway ? away() : h.store.earliestDeliveryAt(owner, except)),
      });
    h.ops.answers = [
      async () => {
        isAway = true;
        return { result: 'ok' };
      },
    ];
    await instance(mortal());
    await h.owe(...openings(1));
    await h.clock.advance(0);
    expect(h.ops.attempts).toHaveLength(1);
    await instance(mortal());
    // They ask again at different moments.
    await h.clock.advance(300);
    await instance(mortal());
    await h.clock.advance(LEASE_MS - 300 + afterMs);
    isAway = false;
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(1);
    expect(await h.delivery('j1-i1.ops.opened')).toMatchObject({ status: 'sent' });
    // What comes later is sent at once.
    await h.owe(...openings(1, 2));
    await h.clock.advance(10 * SECOND_MS);
    expect(h.ops.attempts).toHaveLength(2);
  },
);

describe('an instance that is suspended while it sends', () => {
  test('can finish nothing once another has taken over, which tells of it', async () => {
    const first = suspendable(h.store);
    h.ops.answers = ['held'];
    await instance(first.store);
    await h.owe(...openings(1));
    await h.clock.advance(0);
    first.suspend();
    await instance();
    await h.clock.advance(LEASE_MS);
    expect(h.ops.attempts).toHaveLength(2);
    const sent = await h.delivery('j1-i1.ops.opened');
    expect(sent).toMatchObject({ status: 'sent', attempts: 1 });
    first.wake();
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery('j1-i1.ops.opened')).toEqual(sent);
    expect(h.log.filter((line) => line.includes('another instance sends to the notifier now'))).toHaveLength(
      1,
    );
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(2);
  });

  test.each([
    ['after its claim', 'claimDeliveries'],
    ['by the last read before it sends', 'incident'],
  ] as const)('sends nothing where it was suspended %s', async (_when, method) => {
    const first = suspendable(h.store);
    const call = first.store[method].bind(first.store) as (...args: unknown[]) => Promise<unknown>;
    let isFirst = true;
    const suspends = async (...args: unknown[]): Promise<unknown> => {
      const result = await call(...args);
      // Nothing is claimed before there is anything.
      if (isFirst && JSON.stringify(result) !== '[]') first.suspend();
      else return result;
      isFirst = false;
      // Whoever called goes on only as the machine does.
      await first.store.earliestDueAt();
      return result;
    };
    await instance(overlaid(first.store, { [method]: suspends }));
    await h.owe(...openings(1));
    await h.clock.advance(0);
    expect(h.ops.attempts).toHaveLength(0);
    await instance();
    await h.clock.advance(LEASE_MS);
    expect(h.ops.attempts).toHaveLength(1);
    const sent = await h.delivery('j1-i1.ops.opened');
    expect(sent).toMatchObject({ status: 'sent', attempts: 1 });
    first.wake();
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(1);
    expect(await h.delivery('j1-i1.ops.opened')).toEqual(sent);
  });

  test('claims nothing while nobody would find out that it died, and takes part as soon as they would', async () => {
    let isKnown = false;
    const first = h.another(h.notifiers, h.store, { isKnown: () => isKnown });
    running.push(first);
    first.start([...h.notifiers.keys()]);
    await h.owe(...openings(1));
    first.wake();
    await h.clock.advance(2 * SECOND_MS);
    const other = { owner: 'other', now_at: h.clock.now(), lease_ms: SECOND_MS, limit: 1 };
    expect(await h.store.claimDeliveries(other)).toHaveLength(1);
    await h.store.leaveLanes('other', new Map());
    isKnown = true;
    await h.clock.advance(SECOND_MS);
    expect(toldIds()).toEqual(['j1-i1.ops.opened']);
  });

  test('sends nothing where its own clock stood still while another took over', async () => {
    const first = suspendable(h.store);
    await instance(
      overlaid(first.store, {
        claimDeliveries: async (claim) => {
          const claimed = await first.store.claimDeliveries(claim);
          if (claimed.length > 0) first.suspend();
          return claimed;
        },
      }),
    );
    await h.owe(...openings(1));
    await h.clock.advance(0);
    // Time goes on for the other one alone, as where a machine is suspended with its clocks.
    const lateAt = h.clock.now() + LEASE_MS + 1;
    const other = { owner: 'other', now_at: lateAt, lease_ms: LEASE_MS, limit: 1 };
    expect(await h.store.claimDeliveries(other)).toHaveLength(1);
    first.wake();
    await h.clock.advance(SECOND_MS);
    expect(h.ops.attempts).toHaveLength(0);
  });

  test('sends nothing of what it had claimed and not begun', async () => {
    const first = suspendable(h.store);
    h.ops.answers = ['held'];
    await instance(first.store);
    await h.owe(...openings(4));
    await h.clock.advance(0);
    first.suspend();
    await instance();
    await h.clock.advance(LEASE_MS + SECOND_MS);
    expect(new Set(toldIds()).size).toBe(4);
    const { length } = h.ops.attempts;
    first.wake();
    await h.clock.advance(HOUR_MS);
    expect(h.ops.attempts).toHaveLength(length);
  });
});

describe('an instance that takes over from one that stopped', () => {
  test('goes on at once, and no faster than one a second', async () => {
    const first = await instance();
    await h.owe(...openings(1));
    await h.clock.advance(0);
    const second = await instance();
    await stop(first);
    await h.owe(...openings(1, 2));
    await h.clock.advance(SECOND_MS - 1);
    expect(h.ops.attempts).toHaveLength(1);
    await h.clock.advance(1);
    const [before, after] = h.ops.attempts;
    expect(after!.at - before!.at).toBe(SECOND_MS);
    await stop(second);
  });

  test('goes on with its storm', async () => {
    h.ops.mergedLengthMax = 12_000;
    const first = await instance();
    await h.owe(...openings(5));
    await h.clock.advance(3 * SECOND_MS);
    expect(h.ops.sent).toHaveLength(5);
    await stop(first);
    await instance();
    await h.owe(...openings(4, 6));
    await h.clock.advance(GROUP_WAIT_MS - 3 * SECOND_MS - 1);
    expect(h.ops.sent).toHaveLength(5);
    await h.clock.advance(1);
    expect(h.ops.sent.at(-1)).toMatchObject({ kind: 'merged' });
    expect(h.ops.sent).toHaveLength(6);
  });

  test('waits as long as the receiver asked for', async () => {
    h.ops.answers = [{ result: 'retry', detail: 'too many', afterMs: 5 * MINUTE_MS }];
    const first = await instance();
    await h.owe(...openings(1));
    await h.clock.advance(0);
    await stop(first);
    await instance();
    await h.owe(...openings(1, 2));
    await h.clock.advance(5 * MINUTE_MS - 1);
    expect(h.ops.attempts).toHaveLength(1);
    await h.clock.advance(SECOND_MS);
    expect(new Set(toldIds()).size).toBe(2);
  });
});
