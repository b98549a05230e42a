import { afterEach, beforeEach, expect, test } from 'vitest';
import { LIVENESS_KEY, type TimeEvent, type TimeEvents } from '../../src/apply/alive.ts';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { Liveness } from '../../src/checker/liveness.ts';
import { OUTAGES_KEY } from '../../src/checker/outages.ts';
import { expectByZoneRules } from '../../src/checker/zone-rules.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import type { LoggedEvent } from '../../src/core/model/event.ts';
import type { Job } from '../../src/core/model/records.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { type Scope, type Store, TIME_EVENTS_KEY, type Tx } from '../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { configurationOf } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';
import { until } from '../support/until.ts';

const START = Date.UTC(2025, 0, 1);
const HOURLY: Declaration = { schedule: '0 * * * *', grace: '5m' };
/** As many as one commit tells. */
const AT_ONCE = 500;
/** Several times that, so that all are told in several commits. */
const MANY = 1_100;
/** Nobody waits for whoever tells the jobs for longer than this. */
const LEFT_AFTER_MS = 20_001;

let clock: FakeClock;
let store: MemoryStore;
let running: Liveness[];
beforeEach(async () => {
  clock = createFakeClock(START);
  store = new MemoryStore({ twice: true, shared: true });
  running = [];
  await apply('1', () => HOURLY);
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, START));
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
});

async function apply(revision: string, declarationOf: (at: number) => Declaration): Promise<void> {
  const all = Object.fromEntries(Array.from({ length: MANY }, (_, at) => [`job-${at}`, declarationOf(at)]));
  const config = configurationOf(revision, all, { defaults: {} }, ['ops']);
  await applyConfiguration(store, config, START, { now: () => clock.now() });
}

/** Returns the store as an instance has it that is told of each transaction before that begins. */
function watched(before: (scope: Scope) => unknown): Store {
  return new Proxy<Store>(store, {
    get(target, key) {
      if (key === 'transact')
        return async (scope: Scope, fn: (tx: Tx) => unknown) => {
          await before(scope);
          return target.transact(scope, fn);
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Starts an instance. */
async function start(own: Store, name = 'a'): Promise<Liveness> {
  const liveness = new Liveness({ store: own, clock, logger: silentLogger, instance: name });
  running.push(liveness);
  await liveness.start();
  return liveness;
}

/** Ends an instance as `kill -9` does, from this commit on that tells jobs. */
function dyingAt(commit: number): Store {
  let count = 0;
  let isDead = false;
  return watched(async (scope) => {
    if ((scope.ids?.length ?? 0) > 0) isDead ||= ++count >= commit;
    if (isDead) throw new CronflowError('store_unavailable', 'The instance is dead.');
  });
}

const isTold = async (): Promise<boolean> => (await store.meta(TIME_EVENTS_KEY)) === undefined;

async function jobs(): Promise<Job[]> {
  return (await store.listJobs({ skip: 0, limit: 2 * MANY })).items;
}

test('a gap is told to all jobs in several commits, and the outage is noted by the first', async () => {
  clock.set(START + 10 * MINUTE_MS);
  const scopes: Scope[] = [];
  await start(watched((scope) => scopes.push(scope)));
  expect(await store.meta(OUTAGES_KEY)).toHaveLength(1);
  await until('all jobs to be told', isTold);
  expect(scopes.some(({ all }) => all === true)).toBe(false);
  expect(Math.max(...scopes.map(({ ids }) => ids?.length ?? 0))).toBe(AT_ONCE);
  const gap = { from_at: START, to_at: START + 10 * MINUTE_MS };
  for (const { state } of await jobs()) expect(state.gaps).toEqual([gap]);
});

test('a ping that comes to a job before its turn is judged with the gap, which is noted once', async () => {
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: MANY });
  const all = (await jobs()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const last = all.at(-1)!;
  await ingest.ping(last.name, pingOf('start', START));
  clock.set(START + 10 * MINUTE_MS);
  let pinged = 0;
  // A start that finds an open run says that this one died, unless it may have ended in the gap.
  const own = watched(async (scope) => {
    if (scope.ids?.length !== AT_ONCE || pinged++ > 0) return;
    await ingest.ping(last.name, pingOf('start', clock.now()));
  });
  await start(own);
  await until('all jobs to be told', isTold);
  expect(pinged).toBeGreaterThan(1);
  const rows = (await store.runsOf(last.id, { skip: 0, limit: 9 })).items;
  expect(rows.map(({ outcome }) => outcome)).toEqual([null, 'unknown']);
  const { events } = await past(last.id);
  expect(events.filter(({ type }) => type === 'gap')).toHaveLength(1);
});

/** Lists all events of a job. */
async function past(jobId: string): Promise<{ events: LoggedEvent[] }> {
  const events: LoggedEvent[] = [];
  const log = await store.past(jobId, 0, { bytes_max: 1e9, ms_max: 1e9 });
  for await (const { event } of log.events()) events.push(event);
  return { events };
}

test.each([1, 2, 3])(
  'an instance that dies before its commit %d leaves the others to the next one, and none is told twice',
  async (commit) => {
    const gap = { from_at: START, to_at: START + 10 * MINUTE_MS };
    clock.set(gap.to_at);
    await start(dyingAt(commit));
    await clock.advance(SECOND_MS);
    expect(await isTold()).toBe(false);
    const next = await start(store, 'b');
    await clock.advance(LEFT_AFTER_MS);
    await until('all jobs to be told', isTold);
    await next.stop();
    for (const { id, state } of await jobs()) {
      const { events } = await past(id);
      const told = events.filter((each) => each.type === 'gap');
      // The second gap begins where the first one ends, so they are one to those who were not told of the first.
      expect(told[0]).toMatchObject({ from_at: gap.from_at });
      expect(new Set(told.map(({ to_at: toAt }) => toAt)).size).toBe(told.length);
      expect(state.gaps).toEqual([{ from_at: gap.from_at, to_at: told.at(-1)!.to_at }]);
    }
  },
);

test('a second gap in the middle is told to all jobs as well as the first', async () => {
  clock.set(START + 10 * MINUTE_MS);
  await start(dyingAt(2));
  clock.set(START + 20 * MINUTE_MS);
  await start(store, 'b');
  await until('all jobs to be told', isTold);
  const gaps = [
    { from_at: START, to_at: START + 10 * MINUTE_MS },
    { from_at: START + 10 * MINUTE_MS, to_at: START + 20 * MINUTE_MS },
  ];
  // Gaps that touch are one.
  const joined = [{ from_at: START, to_at: START + 20 * MINUTE_MS }];
  for (const { state } of await jobs()) expect([gaps, joined]).toContainEqual(state.gaps);
});

/** Returns the store as an instance has it that dies, or has no room, whenever it tells jobs. */
function tellingNobody(): Store {
  return watched((scope) => {
    if (scope.ids?.length === AT_ONCE)
      throw new CronflowError('store_unavailable', 'It has no room for that.');
  });
}

async function notedEvents(): Promise<readonly TimeEvent[]> {
  return ((await store.meta(TIME_EVENTS_KEY)) as TimeEvents | undefined)?.events ?? [];
}

test('a Cronflow that dies again and again before all are told notes no more than a job remembers', async () => {
  let noted = 0;
  for (let count = 0; count < 40; count += 1) {
    clock.set(clock.now() + 2 * MINUTE_MS);
    const each = await start(tellingNobody(), `a${count}`);
    await clock.advance(4 * SECOND_MS);
    await each.stop();
    noted = Math.max(noted, (await notedEvents()).length);
  }
  expect(noted).toBe(32);
  clock.set(clock.now() + MINUTE_MS);
  await start(store, 'z');
  await until('all jobs to be told', isTold);
  for (const { state } of await jobs()) {
    // One of the gaps hid the slot at 01:00, which ends 15 minutes after the last one at the earliest.
    const slotAt = START + HOUR_MS;
    expect(state.expected_at).toBe(slotAt);
    expect(state.gaps.some((gap) => gap.from_at <= slotAt && slotAt <= gap.to_at)).toBe(true);
    expect(state.gaps.at(-1)!.to_at).toBe(clock.now());
  }
  expect((await store.incidents({ skip: 0, limit: 9 })).items).toEqual([]);
});

test('times in which commits are refused again and again are one gap', async () => {
  const first = await start(tellingNobody());
  for (let count = 0; count < 20; count += 1) {
    clock.set(clock.now() + SECOND_MS);
    first.noteRefusal();
    await first.check();
  }
  expect(await notedEvents()).toEqual([{ type: 'gap', from_at: START, to_at: START + 20 * SECOND_MS }]);
});

test('a clock that was set back is told to all jobs in several commits', async () => {
  const ahead = START + 5 * HOUR_MS;
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: MANY });
  clock.set(ahead);
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, ahead));
  const ids = (await jobs()).map(({ id }) => id).sort();
  const [first, last] = [(await store.jobById(ids[0]!))!, (await store.jobById(ids.at(-1)!))!];
  for (const { name } of [first, last]) await ingest.ping(name, pingOf('success', ahead));
  clock.set(START + HOUR_MS);
  const scopes: Scope[] = [];
  let turns = 0;
  // A ping that comes to the last one before its turn tells that one, which then is not told once more.
  const own = watched(async (scope) => {
    scopes.push(scope);
    if (scope.ids?.length === AT_ONCE && turns++ === 0)
      await ingest.ping(last.name, pingOf('success', clock.now()));
  });
  await start(own);
  await until('all jobs to be told', isTold);
  expect(scopes.some(({ all }) => all === true)).toBe(false);
  for (const { id } of [first, last]) {
    const { events } = await past(id);
    expect(events.filter(({ type }) => type === 'clock_set_back')).toHaveLength(1);
    expect((await store.jobById(id))!.state).toMatchObject({ expected_at: START + 2 * HOUR_MS });
  }
});

test('a slot that comes between a clock that was set back and the turn of its job is expected', async () => {
  const setBackAt = START + HOUR_MS - SECOND_MS;
  await setClockBack(setBackAt);
  const next = await start(store, 'b');
  await clock.advance(LEFT_AFTER_MS);
  await until('all jobs to be told', isTold);
  await next.stop();
  expect(clock.now()).toBeGreaterThan(START + HOUR_MS);
  for (const { state } of await jobs()) expect(state.expected_at).toBe(START + HOUR_MS);
});

test('a slot in a gap that follows a clock that was set back before all are told waits for that gap', async () => {
  const setBackAt = START + 55 * MINUTE_MS;
  await setClockBack(setBackAt);
  clock.set(START + 70 * MINUTE_MS);
  await start(store, 'b');
  await until('all jobs to be told', isTold);
  for (const { state } of await jobs())
    expect(state).toMatchObject({
      expected_at: START + HOUR_MS,
      gaps: [{ from_at: setBackAt, to_at: START + 70 * MINUTE_MS }],
    });
});

/** Sets the clock back by hours. Every job has had a ping by the old clock, and the instance dies that notes it. */
async function setClockBack(at: number): Promise<void> {
  const ahead = START + 5 * HOUR_MS;
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: MANY });
  clock.set(ahead);
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, ahead));
  for (const { name } of await jobs()) await ingest.ping(name, pingOf('success', ahead));
  clock.set(at);
  await start(dyingAt(1));
  expect(await isTold()).toBe(false);
}

test('a job is told of earlier gaps before one of which only a ping knows yet', async () => {
  await liveAt(START + 55 * MINUTE_MS);
  clock.set(START + 70 * MINUTE_MS);
  await start(dyingAt(1));
  expect(await isTold()).toBe(false);
  // The next instance does not know whether the first one lived until it started.
  const doubt = { from_at: clock.now(), to_at: clock.now() + 5 * SECOND_MS };
  clock.set(doubt.to_at);
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: MANY, doubt: () => doubt });
  await ingest.ping('job-0', pingOf('success', clock.now()));
  const { id } = (await store.jobByName('job-0'))!;
  const rows = (await store.runsOf(id, { skip: 0, limit: 9 })).items;
  expect(rows.map(({ outcome }) => outcome)).not.toContain('missed');
  expect((await store.incidents({ skip: 0, limit: 9 })).items).toEqual([]);
});

test('a store of one process that was carried over in the middle tells of the earlier gap first', async () => {
  store = new MemoryStore({ twice: true });
  await apply('1', () => HOURLY);
  const events = [{ type: 'gap' as const, from_at: START + 55 * MINUTE_MS, to_at: START + 70 * MINUTE_MS }];
  await store.transact({ meta: [TIME_EVENTS_KEY] }, (tx) =>
    tx.putMeta(TIME_EVENTS_KEY, { by: 'other', signed_at: events[0]!.to_at, after: null, events }),
  );
  await liveAt(events[0]!.to_at);
  clock.set(START + 71 * MINUTE_MS);
  running.push(new Liveness({ store, clock, logger: silentLogger }));
  await running[0]!.start();
  await clock.advance(LEFT_AFTER_MS);
  await until('all jobs to be told', isTold);
  expect((await store.incidents({ skip: 0, limit: 9 })).items).toEqual([]);
  for (const { state } of await jobs()) expect(state.expected_at).toBe(START + HOUR_MS);
});

function liveAt(at: number): Promise<void> {
  return store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, at));
}

test('people are told of an outage only when all jobs know of it', async () => {
  await apply('2', (at) => (at === 0 ? HOURLY : {}));
  clock.set(START + 70 * MINUTE_MS);
  let isHeld = true;
  const own = watched((scope) => {
    if (isHeld && scope.ids?.length === AT_ONCE)
      throw new CronflowError('store_unavailable', 'It has no room for that.');
  });
  await start(own);
  await clock.advance(17 * MINUTE_MS);
  expect(await isTold()).toBe(false);
  expect(await outageDetail()).toBeUndefined();
  isHeld = false;
  await clock.advance(MINUTE_MS);
  await until('all jobs to be told', isTold);
  await clock.advance(MINUTE_MS);
  expect(await outageDetail()).toContain('job-0: 1 slot unknown');
});

async function outageDetail(): Promise<string | null | undefined> {
  const { items } = await store.incidents({ skip: 0, limit: 9 });
  const outage = items.find((each) => each.kind === 'outage');
  return outage?.kind === 'outage' ? outage.detail : undefined;
}

test('other rules of time zones are told to all jobs in several commits, and again after one that was cut short', async () => {
  const scopes: Scope[] = [];
  const options = { clock, logger: silentLogger };
  await expect(expectByZoneRules({ ...options, store: dyingAt(3) }, '2025b')).rejects.toThrow(
    'The instance is dead.',
  );
  expect(await store.meta('zone_rules')).toBeUndefined();
  await expectByZoneRules({ ...options, store: watched((scope) => scopes.push(scope)) }, '2025b');
  expect(await store.meta('zone_rules')).toBe('2025b');
  expect(scopes.some(({ all }) => all === true)).toBe(false);
  expect(scopes.flatMap(({ ids = [] }) => ids)).toHaveLength(MANY);
});
