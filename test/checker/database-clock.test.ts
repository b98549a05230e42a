import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { Checker } from '../../src/checker/checker.ts';
import { Liveness } from '../../src/checker/liveness.ts';
import { createFollowingClock, type FollowingClock } from '../../src/clock.ts';
import type { JobState } from '../../src/core/model/records.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { overlaid } from '../../src/store/overlaid.ts';
import type { Store } from '../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { configurationOf } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';

const START = Date.UTC(2025, 0, 1);
const MARGIN_MS = SECOND_MS;

/** The time that passes, and the wall clock of every machine. */
let time: FakeClock;
let store: MemoryStore;
/** How far the clock of the database is from that of the machines. */
let setMs: number;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  time = createFakeClock(START);
  store = new MemoryStore({ twice: true, shared: true });
  setMs = 0;
  stops = [];
  const jobs = { backup: { schedule: '0 * * * *', grace: '5s' } };
  await applyConfiguration(store, configurationOf('1', jobs, { defaults: {} }, ['ops']), START);
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

/**
 * A store as an instance has it: each transaction brings the clock of the database. It hears nothing of what others
 * commit, as for the moment that a notification takes.
 */
function following(clock: FollowingClock): Store {
  return overlaid<Store>(store, {
    watch: () => () => undefined,
    transact: (scope, fn) =>
      store.transact(scope, (tx) => {
        const ms = time.monotonic();
        clock.follow({ other_at: time.now() + setMs, sent_ms: ms, received_ms: ms });
        return fn(tx);
      }),
  });
}

interface Instance {
  clock: FollowingClock;
  liveness: Liveness;
  checker: Checker;
  ping: () => Promise<void>;
}

/** Makes an instance of which nothing runs yet. */
function make(name: string): Instance {
  const clock = createFollowingClock(time);
  const options = { store: following(clock), clock, logger: silentLogger };
  const liveness = new Liveness({ ...options, instance: name });
  const checker = new Checker({
    ...options,
    onLateWake: () => liveness.check(),
    isGapUnnoted: () => liveness.isGapUnnoted,
    marginMs: MARGIN_MS,
  });
  const ingest = new JobIngest({ ...options, onRefusal: () => liveness.noteRefusal() });
  const ping = async (): Promise<void> => void (await ingest.ping('backup', pingOf('success', clock.now())));
  stops.push(async () => void (await Promise.all([checker.stop(), liveness.stop()])));
  return { clock, liveness, checker, ping };
}

async function start(name: string): Promise<Instance> {
  const made = make(name);
  await made.liveness.start();
  made.checker.start();
  return made;
}

async function state(): Promise<JobState> {
  return (await store.jobByName('backup'))!.state;
}

async function incidentCount(): Promise<number> {
  return (await store.incidents({ skip: 0, limit: 9 })).total;
}

/** Moves time to so long after the start, by the clock of the database. */
const advanceTo = (afterStartMs: number): Promise<void> =>
  time.advance(START + afterStartMs - time.now() - setMs);

test('a clock of the database that goes back by an hour makes no gap, no alarm and no silence', async () => {
  const a = await start('a');
  await time.advance(700);
  const b = await start('b');
  await advanceTo(HOUR_MS);
  await a.ping();
  // The other one signs next, so this one learns of it while it is noted already.
  await advanceTo(HOUR_MS + 30 * MINUTE_MS + SECOND_MS);
  setMs = -HOUR_MS;
  await a.ping();
  await time.advance(MINUTE_MS);
  expect([a, b].map(({ clock }) => clock.now() - time.now())).toEqual([-HOUR_MS, -HOUR_MS]);
  expect([(await state()).gaps, await store.meta('outages'), await incidentCount()]).toEqual([
    [],
    undefined,
    0,
  ]);
  expect((await state()).expected_at).toBe(START + HOUR_MS);
  await advanceTo(HOUR_MS + SECOND_MS);
  await b.ping();
  await advanceTo(2 * HOUR_MS);
  expect(await incidentCount()).toBe(0);
  // Then the job is silent.
  await advanceTo(2 * HOUR_MS + 7 * SECOND_MS);
  expect(await incidentCount()).toBe(1);
});

test('a clock of the database that goes forward by an hour is one gap, no alarm and no silence', async () => {
  const a = await start('a');
  await time.advance(700);
  const b = await start('b');
  await advanceTo(HOUR_MS);
  await a.ping();
  await advanceTo(HOUR_MS + 30 * MINUTE_MS);
  setMs = HOUR_MS;
  await time.advance(MINUTE_MS);
  expect([a, b].map(({ clock }) => clock.now() - time.now())).toEqual([HOUR_MS, HOUR_MS]);
  const gaps = (await store.meta('outages')) as { from_at: number; to_at: number }[];
  expect(gaps.map(({ from_at: from, to_at: to }) => Math.round((to - from) / MINUTE_MS))).toEqual([60]);
  expect(await store.meta('liveness')).toBeGreaterThan(START + 2 * HOUR_MS + 30 * MINUTE_MS);
  expect(await incidentCount()).toBe(0);
  await advanceTo(3 * HOUR_MS);
  await b.ping();
  // The slot at which nobody was there ended unknown, of which the message about the outage tells.
  const told = await incidentCount();
  await advanceTo(4 * HOUR_MS + 7 * SECOND_MS);
  expect(await incidentCount()).toBe(told + 1);
});

test('an instance that does not know yet that the clock went back judges nothing by the old one', async () => {
  const b = make('b');
  // It asks nothing but what is due, so it learns the time of the database from that alone.
  b.checker.start();
  await time.advance(HOUR_MS + 3 * SECOND_MS);
  setMs = -HOUR_MS;
  await time.advance(5 * SECOND_MS);
  expect(b.clock.now()).toBe(time.now() - HOUR_MS);
  expect(await incidentCount()).toBe(0);
  await advanceTo(HOUR_MS + 7 * SECOND_MS);
  expect(await incidentCount()).toBe(1);
});

test.each([-HOUR_MS, HOUR_MS])(
  'a ping at such an instance is dated by the clock as it is, %i ms off',
  async (ms) => {
    await start('a');
    const b = make('b');
    await time.advance(HOUR_MS + 10 * MINUTE_MS);
    await b.ping();
    await time.advance(10 * MINUTE_MS);
    setMs = ms;
    // The other one has noted it. A ping much sooner would count as a repetition.
    await time.advance(2 * MINUTE_MS);
    const before = await state();
    await b.ping();
    const { last_success_at: at, gaps } = await state();
    expect(at).toBe(time.now() + ms);
    expect(gaps).toEqual(before.gaps);
  },
);
