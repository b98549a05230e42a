import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep } from '../../../src/clock.ts';
import type { SendResult } from '../../../src/delivery/notifier.ts';
import { redeliver } from '../../../src/delivery/sending/dead.ts';
import { forgetRefusals } from '../../../src/delivery/sending/refusals.ts';
import type { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { DOWN, FakeNotifier, harness, type Harness, OK, openingOf, REVOKED } from '../support/harness.ts';

const NO_ADDRESS: SendResult = { result: 'logged', notSentBecause: 'it has no webhook_url' };
const ID = 'j1-i1.ops.opened';

interface Instance {
  ops: FakeNotifier;
  worker: DeliveryWorker;
  isRunning: boolean;
}

let h: Harness;
let instances: Map<string, Instance>;

beforeEach(() => {
  h = harness();
  instances = new Map();
});

afterEach(async () => {
  const stopped = Promise.all(Array.from(instances.values(), ({ worker }) => worker.stop()));
  await h.clock.advance(MINUTE_MS);
  await stopped;
});

/** Starts an instance whose receiver always answers so. */
async function instance(name: string, always: SendResult, isBesideOthers = false): Promise<Instance> {
  const ops = new FakeNotifier('ops', h.clock);
  ops.always = always;
  const others = (): string[] =>
    [...instances].flatMap(([other, { isRunning }]) => (isRunning && other !== name ? [other] : []));
  const worker = h.another(new Map([['ops', ops]]), h.store, { owner: name, others });
  // One that starts is known to the others once it has signed.
  const made = { ops, worker, isRunning: !isBesideOthers };
  instances.set(name, made);
  worker.start(['ops'], isBesideOthers);
  await h.clock.advance(0);
  return made;
}

async function kill(name: string): Promise<void> {
  const dying = instances.get(name)!;
  dying.isRunning = false;
  await dying.worker.stop();
}

function attemptsOf(...made: Instance[]): number[] {
  return made.map(({ ops }) => ops.attempts.length);
}

describe('an instance whose secret is outdated', () => {
  test.each([
    ['is refused', REVOKED],
    ['has no address', NO_ADDRESS],
  ])('leaves a message to one that can send it, where it %s', async (_what, answer) => {
    const old = await instance('old', answer);
    const fresh = await instance('fresh', OK);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    expect(await h.delivery(ID)).toMatchObject({ status: 'sent', attempts: 2 });
    expect(await h.delivery(ID)).not.toHaveProperty('refused');
    expect(attemptsOf(old, fresh)).toEqual([1, 1]);
    await h.clock.advance(HOUR_MS);
    expect(attemptsOf(old, fresh)).toEqual([1, 1]);
  });

  test('says so, until a message gets through or its settings change', async () => {
    const old = await instance('old', REVOKED);
    await instance('fresh', OK);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    expect([...old.worker.refusing]).toEqual([['ops', 'it was revoked']]);
    expect([...instances.get('fresh')!.worker.refusing]).toEqual([]);
    expect(h.log.filter((line) => line.includes('this instance cannot send'))).toHaveLength(1);
    old.worker.notifiersChanged(['ops']);
    expect([...old.worker.refusing]).toEqual([]);
  });

  test('delays what comes next by no attempt of its own', async () => {
    const old = await instance('old', REVOKED);
    const fresh = await instance('fresh', OK);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    await h.owe(openingOf(h.clock, 2), openingOf(h.clock, 3));
    await h.clock.advance(3 * MINUTE_MS);
    expect(fresh.ops.sent).toHaveLength(3);
    expect(attemptsOf(old)).toEqual([1]);
  });

  test('tries again as soon as its settings change', async () => {
    const old = await instance('old', REVOKED);
    await instance('down', DOWN);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    old.ops.always = OK;
    old.worker.notifiersChanged(['ops']);
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery(ID)).toMatchObject({ status: 'sent' });
  });
});

describe('a message that every instance is refused', () => {
  test.each([2, 3, 5])('is tried once by each of %s, given up once, and its end is told once', async (n) => {
    const made: Instance[] = [];
    for (let at = 1; at <= n; at += 1) made.push(await instance(`i${at}`, REVOKED));
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(n * 30 * SECOND_MS);
    expect(await h.delivery(ID)).toMatchObject({ status: 'dead', attempts: n, last_error: 'it was revoked' });
    expect(attemptsOf(...made)).toEqual(Array.from({ length: n }, () => 1));
    const failing = h.log.filter((line) => line.includes('given up: a notification was not delivered'));
    expect(failing).toHaveLength(1);
  });

  test('is dead where one is refused and the last one has no address', async () => {
    await instance('refused', REVOKED);
    await h.owe(openingOf(h.clock, 1));
    await instance('mute', NO_ADDRESS);
    await h.clock.advance(MINUTE_MS);
    expect((await h.delivery(ID)).status).toBe('dead');
  });

  test('is logged where no instance has an address', async () => {
    await instance('one', NO_ADDRESS);
    await instance('two', NO_ADDRESS);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery(ID)).toMatchObject({
      status: 'logged',
      last_error: 'not sent: it has no webhook_url',
    });
  });

  test('is tried by all once more, after it was dead and is owed again', async () => {
    const made = [await instance('one', REVOKED), await instance('two', REVOKED)];
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(MINUTE_MS);
    expect((await h.delivery(ID)).status).toBe('dead');
    made[1]!.ops.always = OK;
    made[1]!.worker.notifiersChanged(['ops']);
    await h.clock.advance(MINUTE_MS);
    expect(await h.delivery(ID)).toMatchObject({ status: 'sent', redelivered: true });
  });
});

describe('a refused message that nobody else takes', () => {
  test('is given up at once where there is no other instance', async () => {
    const only = await instance('only', REVOKED);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(SECOND_MS);
    expect(await h.delivery(ID)).toMatchObject({ status: 'dead', attempts: 1 });
    expect([...only.worker.refusing]).toEqual([]);
  });

  test('is given up as the others die', async () => {
    await instance('old', REVOKED);
    const away = await instance('away', OK);
    away.worker.standAside(true);
    await h.clock.advance(10 * SECOND_MS);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(MINUTE_MS);
    expect((await h.delivery(ID)).status).toBe('pending');
    await kill('away');
    await h.clock.advance(30 * SECOND_MS);
    expect((await h.delivery(ID)).status).toBe('dead');
  });

  test('is given up where the others live and send nothing', async () => {
    const old = await instance('old', REVOKED);
    const away = await instance('away', OK);
    away.worker.standAside(true);
    await h.clock.advance(10 * SECOND_MS);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(7 * MINUTE_MS);
    expect((await h.delivery(ID)).status).toBe('dead');
    expect(attemptsOf(old)).toEqual([1]);
  });

  test('waits while another one tries and cannot reach the receiver', async () => {
    const old = await instance('old', REVOKED);
    const down = await instance('down', DOWN);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(2 * HOUR_MS);
    expect((await h.delivery(ID)).status).toBe('pending');
    expect(attemptsOf(old)).toEqual([1]);
    expect(attemptsOf(down)[0]).toBeGreaterThan(10);
    down.ops.always = OK;
    await h.clock.advance(10 * MINUTE_MS);
    expect((await h.delivery(ID)).status).toBe('sent');
  });
});

test('what only the log had goes out at an instance that is started with the address beside others', async () => {
  const mute = await instance('mute', NO_ADDRESS);
  mute.ops.onlyLogs = true;
  await h.owe(openingOf(h.clock, 1));
  await h.clock.advance(SECOND_MS);
  expect((await h.delivery(ID)).status).toBe('logged');
  const told = await instance('told', OK, true);
  await h.clock.advance(2 * SECOND_MS);
  told.isRunning = true;
  await h.clock.advance(MINUTE_MS);
  expect((await h.delivery(ID)).status).toBe('sent');
  expect(told.ops.sent).toHaveLength(1);
});

test('many messages at once go in one, through the instance that can', async () => {
  const old = await instance('old', REVOKED);
  old.ops.mergedLengthMax = 12_000;
  const owed = Array.from({ length: 200 }, (_, at) => openingOf(h.clock, at + 1));
  await h.owe(...owed);
  const fresh = await instance('fresh', OK);
  fresh.ops.mergedLengthMax = 12_000;
  await h.clock.advance(2 * MINUTE_MS);
  const { items } = await h.store.deliveries({ skip: 0, limit: 1_000 });
  expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['sent']));
  expect(attemptsOf(old)[0]).toBeLessThanOrEqual(1);
  expect(fresh.ops.sent.length).toBeLessThan(20);
});

describe('messages that every instance is refused', () => {
  const ODD: SendResult = { result: 'permanent', detail: 'it is too odd' };

  test('hold up none that the receiver takes', async () => {
    const made = [await instance('one', OK), await instance('two', OK)];
    for (const { ops } of made) ops.answerOf = (id) => (id.startsWith('j9') ? OK : ODD);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    expect((await h.delivery(ID)).status).toBe('dead');
    await h.owe(openingOf(h.clock, 2), openingOf(h.clock, 9));
    await h.clock.advance(30 * SECOND_MS);
    expect((await h.delivery('j2-i1.ops.opened')).status).toBe('dead');
    expect((await h.delivery('j9-i1.ops.opened')).status).toBe('sent');
    expect(made.flatMap(({ ops }) => ops.sent)).toHaveLength(1);
  });

  test.each([
    [2, 1],
    [3, 1],
    [2, 4],
  ])('are given up one after the other by %s instances that send %s at a time', async (n, concurrency) => {
    const made: Instance[] = [];
    for (let at = 1; at <= n; at += 1) {
      const each = await instance(`i${at}`, REVOKED);
      each.ops.concurrency = concurrency;
      made.push(each);
    }
    await h.owe(...Array.from({ length: 40 }, (_, at) => openingOf(h.clock, at + 1)));
    await h.clock.advance(3 * MINUTE_MS);
    const { items } = await h.store.deliveries({ skip: 0, limit: 100 });
    expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['dead']));
    expect(attemptsOf(...made)).toEqual(Array.from({ length: n }, () => 40));
  });

  test('hold up none where one instance is refused all', async () => {
    await instance('old', REVOKED);
    const fresh = await instance('fresh', OK);
    fresh.ops.answerOf = (id) => (id.startsWith('j2-') ? ODD : OK);
    await h.owe(openingOf(h.clock, 1));
    await h.clock.advance(30 * SECOND_MS);
    await h.owe(openingOf(h.clock, 2), openingOf(h.clock, 9));
    await h.clock.advance(30 * SECOND_MS);
    expect((await h.delivery('j2-i1.ops.opened')).status).toBe('dead');
    expect((await h.delivery('j9-i1.ops.opened')).status).toBe('sent');
  });
});

test('a message waits for an instance whose settings change while another one is refused it', async () => {
  const made = [await instance('one', REVOKED), await instance('two', REVOKED)];
  let asked = 0;
  for (const [at, { ops }] of made.entries()) {
    const other = made[1 - at]!;
    ops.answers = [
      async () => {
        asked += 1;
        if (asked === 1) return REVOKED;
        other.ops.always = OK;
        other.worker.notifiersChanged(['ops']);
        await new Promise((resolve) => setImmediate(resolve));
        return REVOKED;
      },
    ];
  }
  await h.owe(openingOf(h.clock, 1));
  await h.clock.advance(MINUTE_MS);
  expect(asked).toBe(2);
  expect(await h.delivery(ID)).toMatchObject({ status: 'sent', attempts: 3 });
});

test('a message that an earlier version gave up, and that is owed again, is tried as a new one', async () => {
  const refused = [{ by: 'new', at: h.clock.now(), why: 'it was revoked' }];
  const attempts = {
    status: 'dead',
    finished_at: h.clock.now(),
    failing_from_at: h.clock.now(),
    refused,
  } as const;
  await h.owe({ ...openingOf(h.clock, 1), ...attempts });
  const how = { of: 'dead', nowAt: h.clock.now(), keepsState: false, isMended: true } as const;
  expect(await redeliver(h.store, 'ops', how)).toEqual({ count: 1, leftCount: 0 });
  const owed = await h.delivery(ID);
  expect(owed).toMatchObject({ status: 'pending', attempts: 0 });
  expect(owed).not.toHaveProperty('refused');
  expect(owed).not.toHaveProperty('failing_from_at');
});

test('no refusal is kept where messages are settled while others are looked at', async () => {
  const refused = [{ by: 'one', at: h.clock.now(), why: 'it was revoked' }];
  await h.owe(...Array.from({ length: 1_050 }, (_, at) => ({ ...openingOf(h.clock, at + 1), refused })));
  const read = h.store.deliveries.bind(h.store);
  let readCount = 0;
  h.store.deliveries = async (query) => {
    const page = await read(query);
    readCount += 1;
    const settled = readCount === 1 ? page.items.slice(0, 20) : [];
    await h.store.transact({ delivery_ids: settled.map(({ id }) => id) }, (tx) => {
      for (const each of settled) tx.putDelivery({ ...each, status: 'sent', finished_at: h.clock.now() });
    });
    return page;
  };
  await forgetRefusals(h.store, 'ops');
  const { items } = await read({ status: 'pending', skip: 0, limit: 2_000 });
  expect(items).toHaveLength(1_030);
  expect(items.filter((each) => each.refused !== undefined)).toEqual([]);
});

test('a message that one instance is refused is tried by the next before what came later', async () => {
  const old = await instance('old', REVOKED);
  const fresh = await instance('fresh', OK);
  const answer = async (): Promise<SendResult> => {
    await sleep(h.clock, SECOND_MS);
    return REVOKED;
  };
  for (const { ops } of [old, fresh]) ops.answers = [answer];
  await h.owe(openingOf(h.clock, 1), openingOf(h.clock, 2), openingOf(h.clock, 3));
  await h.clock.advance(MINUTE_MS);
  const firsts = [old, fresh].map(({ ops }) => ops.attempts[0]?.deliveryId);
  expect(firsts).toEqual([ID, ID]);
});

test('an instance leaves no lane in which a message waits for it', async () => {
  const one = await instance('one', OK);
  const away = await instance('away', OK);
  away.worker.standAside(true);
  await h.clock.advance(10 * SECOND_MS);
  one.ops.answers = [REVOKED];
  const refused = [{ by: 'away', at: h.clock.now(), why: 'it was revoked' }];
  await h.owe(openingOf(h.clock, 1), { ...openingOf(h.clock, 2), refused });
  await h.clock.advance(30 * SECOND_MS);
  expect((await h.delivery(ID)).status).toBe('pending');
  expect((await h.delivery('j2-i1.ops.opened')).status).toBe('sent');
});
