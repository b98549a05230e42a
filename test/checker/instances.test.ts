import { afterEach, beforeEach, expect, test } from 'vitest';
import { Checker } from '../../src/checker/checker.ts';
import { Liveness } from '../../src/checker/liveness.ts';
import { expectByZoneRules } from '../../src/checker/zone-rules.ts';
import type { Gap } from '../../src/core/system/outage.ts';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import type { Scope, Store } from '../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { configurationOf } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';

const START = Date.UTC(2025, 0, 1);
const MARGIN_MS = SECOND_MS;

interface Instance {
  liveness: Liveness;
  checker: Checker;
  ping: (name: string) => Promise<void>;
  /** Ends as `kill -9` does: nothing is stored any more, and the store knows by the connection. */
  kill: () => void;
  /** Stops as `SIGSTOP` does: nothing is stored any more, and the connection stays. */
  freeze: () => void;
  /** Loses the store, and with it the connection by which it is known. */
  lose: () => void;
  /** Has the store again, but no connection by which it is known yet. */
  regain: () => void;
  stop: () => Promise<void>;
}

let clock: FakeClock;
let store: MemoryStore;
let running: Instance[];
/** The instances that are connected to the store. */
let connected: Set<string>;
/** Says whether the store can tell who is connected, as a database without a pooler can. */
let knowsPresence: boolean;
/** The instances whose lanes were given up. */
let left: string[];
/** Says that somebody has locked a table that pings need. Transactions that need less than a ping go on. */
let isTableLocked: boolean;

beforeEach(async () => {
  connected = new Set();
  knowsPresence = true;
  isTableLocked = false;
  clock = createFakeClock(START);
  store = new MemoryStore({ twice: true, shared: true });
  left = [];
  store.leaveLanes = async (owner) => void left.push(owner);
  running = [];
  const jobs = { backup: { schedule: '0 * * * *', grace: '5s' } };
  await applyConfiguration(store, configurationOf('1', jobs, { defaults: {} }, ['ops']), START);
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
});

function needsTables({ all, due, ids, names, like_ping: isLikePing }: Scope): boolean {
  return all === true || isLikePing === true || [due, ids, names].some((part) => part !== undefined);
}

/** A store as a process has it that can be killed or suspended: then no call comes back. */
function mortal(name: string): { store: Store; die: () => void; lose: () => void; regain: () => void } {
  let isDead = false;
  let isLost = false;
  connected.add(name);
  const absent = async (words: readonly string[]): Promise<Set<string>> =>
    new Set(words.filter((word) => !connected.has(word)));
  const held = new Proxy<Store>(store, {
    get(target, key) {
      if (key === 'presence') return knowsPresence && connected.has(name) ? name : null;
      if (key === 'absent' && !isDead && !isLost) return absent;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (key === 'watch') return call(...args);
        const isLocked = isTableLocked && key === 'transact' && needsTables(args[0] as Scope);
        if (isLost || isLocked)
          return Promise.reject(new CronflowError('store_unavailable', 'the database is away'));
        return isDead ? new Promise(() => {}) : call(...args);
      };
    },
  });
  const lose = (): void => {
    isLost = true;
    connected.delete(name);
  };
  return { store: held, die: () => void (isDead = true), lose, regain: () => void (isLost = false) };
}

async function instance(name: string): Promise<Instance> {
  const { store: own, die, lose, regain } = mortal(name);
  const options = { store: own, clock, logger: silentLogger };
  const liveness = new Liveness({ ...options, instance: name });
  const checker = new Checker({
    ...options,
    onLateWake: () => liveness.check(),
    isGapUnnoted: () => liveness.isGapUnnoted,
    marginMs: MARGIN_MS,
  });
  const ingest = new JobIngest({
    store: own,
    clock,
    onRefusal: () => liveness.noteRefusal(),
    doubt: () => liveness.doubt,
  });
  const forget = (): void => void (running = running.filter((each) => each !== started));
  const started: Instance = {
    liveness,
    checker,
    ping: async (job) => void (await ingest.ping(job, pingOf('success', clock.now()))),
    kill: () => {
      forget();
      die();
      connected.delete(name);
    },
    freeze: () => {
      forget();
      die();
    },
    lose,
    regain,
    stop: async () => {
      forget();
      await Promise.all([checker.stop(), liveness.stop()]);
    },
  };
  running.push(started);
  await liveness.start();
  checker.start();
  return started;
}

async function gaps(): Promise<readonly Gap[]> {
  return (await store.jobByName('backup'))!.state.gaps;
}

async function outcomes(): Promise<unknown[]> {
  const job = (await store.jobByName('backup'))!;
  return (await store.runsOf(job.id, { skip: 0, limit: 10 })).items.map(({ outcome }) => outcome);
}

test('an instance that starts beside others notes no gap, and judges once it has heard of them', async () => {
  await instance('a');
  await clock.advance(5 * SECOND_MS);
  const b = await instance('b');
  expect([b.liveness.startedBesideOthers, b.liveness.isGapUnnoted]).toEqual([true, true]);
  await clock.advance(4 * SECOND_MS);
  expect(b.liveness.isGapUnnoted).toBe(false);
  expect(await gaps()).toEqual([]);
});

test('one that starts after all others were killed takes the time without them for a gap, and no more', async () => {
  const a = await instance('a');
  await clock.advance(4 * SECOND_MS);
  a.kill();
  await clock.advance(7 * SECOND_MS);
  const b = await instance('b');
  await clock.advance(MINUTE_MS);
  expect(b.liveness.isGapUnnoted).toBe(false);
  const gap = { from_at: START + 4 * SECOND_MS, to_at: START + 11 * SECOND_MS };
  expect(await store.meta('outages')).toEqual([expect.objectContaining(gap)]);
});

test('one that starts after the only other one was killed judges within 2 s', async () => {
  const a = await instance('a');
  await clock.advance(HOUR_MS + 3 * SECOND_MS);
  a.kill();
  await clock.advance(SECOND_MS);
  const b = await instance('b');
  // To notifiers it is a restart of Cronflow.
  expect([b.liveness.startedBesideOthers, b.liveness.isGapUnnoted]).toEqual([false, true]);
  await clock.advance(2 * SECOND_MS);
  expect(b.liveness.isGapUnnoted).toBe(false);
  expect(b.checker.lastPassedMs).toBeGreaterThan(0);
  expect(await gaps()).toEqual([
    { from_at: START + HOUR_MS + 2 * SECOND_MS, to_at: START + HOUR_MS + 4 * SECOND_MS },
  ]);
  await clock.advance(8 * SECOND_MS);
  expect(left).toEqual(['a']);
});

test('instances that start while those before them are killed do not wait for each other', async () => {
  const olds = await Promise.all(['a', 'b', 'c'].map(instance));
  await clock.advance(MINUTE_MS);
  const news: Instance[] = [];
  for (const [index, old] of olds.entries()) {
    // Each new one has just missed the last sign of those that are left.
    await clock.advance(600);
    old.kill();
    news.push(await instance(`new ${index}`));
  }
  await clock.advance(2 * SECOND_MS);
  expect(news.map(({ liveness }) => liveness.isGapUnnoted)).toEqual([false, false, false]);
});

test('one that starts beside a frozen one judges after 10 s, and one whose store knows no presence does', async () => {
  for (const knows of [true, false]) {
    knowsPresence = knows;
    const a = await instance(`a ${knows}`);
    await clock.advance(MINUTE_MS);
    if (knows) a.freeze();
    else a.kill();
    await clock.advance(SECOND_MS);
    const b = await instance(`b ${knows}`);
    await clock.advance(8 * SECOND_MS);
    expect(b.liveness.isGapUnnoted).toBe(true);
    await clock.advance(2 * SECOND_MS);
    expect(b.liveness.isGapUnnoted).toBe(false);
    await b.stop();
  }
});

test('the lanes of one that was killed are given up within 14 s, once by each, and those of a frozen one are not', async () => {
  const [a, b] = [await instance('a'), await instance('b'), await instance('c'), await instance('d')];
  await clock.advance(MINUTE_MS);
  a.kill();
  b.freeze();
  await clock.advance(9 * SECOND_MS);
  expect(left).toEqual([]);
  await clock.advance(5 * SECOND_MS);
  expect(left).toEqual(['a', 'a']);
  await clock.advance(MINUTE_MS);
  expect(left).toEqual(['a', 'a']);
});

test('the lanes of one that was killed long ago are given up by whoever starts, and not those of a frozen one', async () => {
  const [a, b] = [await instance('a'), await instance('b')];
  await clock.advance(MINUTE_MS);
  a.kill();
  b.freeze();
  await clock.advance(45 * SECOND_MS);
  await instance('c');
  await clock.advance(10 * SECOND_MS);
  expect(left).toEqual(['a']);
  await clock.advance(MINUTE_MS);
  expect(left).toEqual(['a']);
});

test('whoever stops in order beside one that starts is not taken for dead', async () => {
  const a = await instance('a');
  await clock.advance(MINUTE_MS);
  await instance('b');
  await a.stop();
  connected.delete('a');
  await clock.advance(MINUTE_MS);
  expect(left).toEqual([]);
});

test('one is known to others once it has signed with its connection, or where nobody has one', async () => {
  const a = await instance('a');
  expect(a.liveness.isKnown).toBe(true);
  await clock.advance(5 * SECOND_MS);
  const b = await instance('b');
  expect(b.liveness.isKnown).toBe(false);
  await clock.advance(2 * SECOND_MS);
  expect(b.liveness.isKnown).toBe(true);
  knowsPresence = false;
  const c = await instance('c');
  expect(c.liveness.isKnown).toBe(true);
  await clock.advance(5 * SECOND_MS);
  // What it had signed until then does not name its connection.
  knowsPresence = true;
  expect(c.liveness.isKnown).toBe(false);
  await clock.advance(2 * SECOND_MS);
  expect(c.liveness.isKnown).toBe(true);
});

test('a time in which a database refuses pings alone is a gap, though it takes all else', async () => {
  const one = await instance('one');
  // It hears of no ping meanwhile.
  await instance('other');
  await clock.advance(HOUR_MS - SECOND_MS);
  isTableLocked = true;
  await clock.advance(2 * SECOND_MS);
  await expect(one.ping('backup')).rejects.toThrow('is away');
  await clock.advance(20 * SECOND_MS);
  isTableLocked = false;
  await clock.advance(5 * SECOND_MS);
  expect(await gaps()).toHaveLength(1);
  await one.ping('backup');
  await clock.advance(MINUTE_MS);
  expect(await outcomes()).toEqual(['success']);
});

test('nobody is taken for dead after an outage of the store in which all connections broke', async () => {
  for (const name of ['a', 'b']) await instance(name);
  await clock.advance(MINUTE_MS);
  connected.clear();
  const transact = store.transact.bind(store);
  store.transact = () => Promise.reject(new CronflowError('store_unavailable', 'the database is away'));
  await clock.advance(20 * SECOND_MS);
  store.transact = transact;
  // They connect again a moment after commits go through.
  await clock.advance(2 * SECOND_MS);
  for (const name of ['a', 'b']) connected.add(name);
  await clock.advance(MINUTE_MS);
  expect(left).toEqual([]);
});

test('one that has the store again 5 s later than others is not taken for dead, nor by one that starts then', async () => {
  const [a, b] = [await instance('a'), await instance('b')];
  await clock.advance(MINUTE_MS);
  for (const each of [a, b]) each.lose();
  await clock.advance(20 * SECOND_MS);
  a.regain();
  connected.add('a');
  await instance('c');
  // What it asked as the store came back was never answered.
  await clock.advance(5 * SECOND_MS);
  b.regain();
  await clock.advance(SECOND_MS);
  connected.add('b');
  await clock.advance(MINUTE_MS);
  expect(left).toEqual([]);
});

test('a time in which nobody could look is none in which anybody was seen to be gone', async () => {
  const [a, b] = [await instance('a'), await instance('b')];
  await clock.advance(MINUTE_MS);
  b.lose();
  // The other one sees that it is gone, and then loses the store as well.
  await clock.advance(5 * SECOND_MS);
  a.lose();
  await clock.advance(20 * SECOND_MS);
  a.regain();
  connected.add('a');
  await clock.advance(5 * SECOND_MS);
  b.regain();
  connected.add('b');
  await clock.advance(MINUTE_MS);
  expect(left).toEqual([]);
});

test('one whose connection breaks for a moment is not taken for dead', async () => {
  await instance('a');
  await clock.advance(5 * SECOND_MS);
  const b = await instance('b');
  connected.delete('a');
  await clock.advance(900);
  expect(b.liveness.isGapUnnoted).toBe(true);
  connected.add('a');
  await clock.advance(2 * SECOND_MS);
  expect(b.liveness.isGapUnnoted).toBe(false);
  expect(await gaps()).toEqual([]);
});

test('one that starts after an outage of the store hears others before it calls them dead', async () => {
  const a = await instance('a');
  await clock.advance(MINUTE_MS);
  // Nobody could store anything for 20 s, and both are there as soon as the store is.
  a.freeze();
  await clock.advance(20 * SECOND_MS);
  const b = await instance('b');
  await clock.advance(2 * SECOND_MS);
  expect(b.liveness.isGapUnnoted).toBe(true);
  await store.transact({ meta: ['liveness'] }, (tx) => tx.putMeta('liveness', clock.now()));
  await clock.advance(SECOND_MS);
  expect(b.liveness.isGapUnnoted).toBe(false);
  expect(await gaps()).toEqual([]);
});

test('one that starts after all others stopped in order knows the gap at once', async () => {
  const a = await instance('a');
  await clock.advance(4 * SECOND_MS);
  await a.stop();
  await clock.advance(7 * SECOND_MS);
  const b = await instance('b');
  expect([b.liveness.startedBesideOthers, b.liveness.isGapUnnoted]).toEqual([false, false]);
  expect(await gaps()).toEqual([{ from_at: START + 4 * SECOND_MS, to_at: START + 11 * SECOND_MS }]);
});

test('a ping that comes before the others are known to be dead is not judged as if they had lived', async () => {
  const a = await instance('a');
  await clock.advance(HOUR_MS - 5 * SECOND_MS);
  a.kill();
  await clock.advance(15 * SECOND_MS);
  const b = await instance('b');
  await clock.advance(SECOND_MS);
  await b.ping('backup');
  await clock.advance(HOUR_MS / 2);
  expect(await outcomes()).not.toContain('missed');
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
});

test('a ping at one that starts beside others is judged as ever', async () => {
  await instance('a');
  await clock.advance(HOUR_MS + 30 * SECOND_MS);
  const b = await instance('b');
  await b.ping('backup');
  await clock.advance(MINUTE_MS);
  expect(await gaps()).toEqual([]);
});

test('an instance that was suspended alone makes no gap and misses nothing', async () => {
  await instance('a');
  const b = await instance('b');
  await clock.advance(MINUTE_MS);
  b.kill();
  await clock.advance(10 * MINUTE_MS);
  await instance('b again');
  await clock.advance(MINUTE_MS);
  expect(await gaps()).toEqual([]);
});

test('a slot is judged within 2 s of its deadline, once, whichever instance dies', async () => {
  const a = await instance('a');
  await instance('b');
  await instance('c');
  await clock.advance(HOUR_MS + 4 * SECOND_MS);
  a.kill();
  await clock.advance(3 * SECOND_MS);
  const job = (await store.jobByName('backup'))!;
  const { items } = await store.runsOf(job.id, { skip: 0, limit: 10 });
  expect(items).toMatchObject([{ outcome: 'missed', count: 1 }]);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(1);
});

test('a job that another instance holds is looked at again, and not at every moment', async () => {
  const transact = store.transact.bind(store);
  let looks = 0;
  let isHeld = true;
  // As a database does that skips rows which another transaction has locked.
  store.transact = (scope, fn) => {
    const { due, ...others } = scope;
    if (due !== undefined) looks += 1;
    if (due === undefined || !isHeld) return transact(scope, fn);
    return transact({ ...others, due: { ...due, limit: 0 } }, fn);
  };
  await instance('a');
  await clock.advance(HOUR_MS + 6 * SECOND_MS + 10);
  looks = 0;
  await clock.advance(SECOND_MS);
  expect(looks).toBeGreaterThan(5);
  expect(looks).toBeLessThan(15);
  isHeld = false;
  await clock.advance(SECOND_MS);
  expect(await outcomes()).toEqual(['missed']);
});

test('a ping that came in time and is stored a moment late is not taken for missing', async () => {
  await instance('a');
  const b = await instance('b');
  await clock.advance(HOUR_MS + 5 * SECOND_MS - 100);
  const at = clock.now();
  await clock.advance(MARGIN_MS - 100);
  const received = pingOf('success', at);
  await new JobIngest({ store, clock, onRefusal: () => {} }).ping('backup', received);
  await clock.advance(MINUTE_MS);
  expect(await outcomes()).toEqual(['success']);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await b.stop();
});

test('the instance that has run for longest does what one does for all', async () => {
  const a = await instance('z');
  await clock.advance(SECOND_MS);
  const b = await instance('b');
  await clock.advance(10 * SECOND_MS);
  expect([a.liveness.isFirst, b.liveness.isFirst]).toEqual([true, false]);
  expect([a.liveness.place, b.liveness.place]).toEqual([0, 1]);
  a.kill();
  await clock.advance(MINUTE_MS);
  expect(b.liveness.isFirst).toBe(true);
});

test('an instance with older rules of time zones does not take newer ones back', async () => {
  await expectByZoneRules({ store, clock, logger: silentLogger }, '2025b');
  await expectByZoneRules({ store, clock, logger: silentLogger }, '2025a');
  expect(await store.meta('zone_rules')).toBe('2025b');
  await expectByZoneRules({ store, clock, logger: silentLogger }, '2025c');
  expect(await store.meta('zone_rules')).toBe('2025c');
});
