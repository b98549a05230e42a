import { describe, expect, test } from 'vitest';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { Checker } from '../../src/checker/checker.ts';
import { Liveness } from '../../src/checker/liveness.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);

test('a sign of life is stored at the start, every 10 s after it and at a clean stop', async () => {
  const { liveness, store, clock } = await startMemoryService(START);
  const lastSign = async (): Promise<unknown> => (await store.meta(LIVENESS_KEY)) ?? null;
  expect(await lastSign()).toBeNull();
  await liveness.start();
  expect(await lastSign()).toBe(START);
  await clock.advance(10 * SECOND_MS - 1);
  expect(await lastSign()).toBe(START);
  await clock.advance(1);
  expect(await lastSign()).toBe(START + 10 * SECOND_MS);
  await clock.advance(15 * SECOND_MS);
  expect(await lastSign()).toBe(START + 20 * SECOND_MS);
  await liveness.stop();
  expect(await lastSign()).toBe(START + 25 * SECOND_MS);
});

test('with several instances only a time in which none was live is a gap', async () => {
  const { configure, store, clock } = await startMemoryService(START);
  const started = async (): Promise<Liveness> => {
    const instance = new Liveness({ store, clock, logger: silentLogger });
    await instance.start();
    return instance;
  };
  await configure({ backup: { schedule: '0 2 * * *' } });
  const gaps = async (): Promise<unknown> => (await store.jobByName('backup'))!.state.gaps;
  const first = await started();
  const second = await started();
  await clock.advance(MINUTE_MS);
  await first.stop();
  await clock.advance(10 * MINUTE_MS);
  const third = await started();
  expect(await gaps()).toEqual([]);
  await second.stop();
  await clock.advance(MINUTE_MS);
  await third.stop();
  await clock.advance(10 * MINUTE_MS);
  const fourth = await started();
  const to_at = clock.now();
  expect(await gaps()).toEqual([{ from_at: to_at - 10 * MINUTE_MS, to_at }]);
  await fourth.stop();
});

test('a clock that is set back by a minute or less changes no expectation', async () => {
  const { configure, liveness, store, clock } = await startMemoryService(START);
  await liveness.start();
  await configure({ hourly: { schedule: '0 * * * *' } });
  const expectedAt = async (): Promise<unknown> => (await store.jobByName('hourly'))!.state.expected_at;
  await clock.advance(HOUR_MS - 30 * SECOND_MS);
  await store.transact({ names: ['hourly'] }, (tx) => {
    // A run has claimed the slot of 01:00 a little early.
    const job = tx.jobByName('hourly')!;
    tx.putJob({ ...job, state: { ...job.state, expected_at: START + 2 * HOUR_MS } });
  });
  // The next beat, ten seconds later, finds the clock a whole minute back.
  clock.set(clock.now() - MINUTE_MS - 10 * SECOND_MS);
  await clock.advance(10 * SECOND_MS);
  expect(await expectedAt()).toBe(START + 2 * HOUR_MS);
  clock.set(clock.now() - MINUTE_MS - 11 * SECOND_MS);
  await clock.advance(10 * SECOND_MS);
  expect(await expectedAt()).toBe(START + HOUR_MS);
  await liveness.stop();
});

test('a slot that passed while Cronflow was stopped ends unknown, and nobody is told that it was missed', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '5m' } });
  await ping('backup', 'log');
  await liveness.stop();
  clock.set(START + 3 * HOUR_MS);
  await new Liveness({ store, clock, logger: silentLogger }).start();
  checker.start();
  await clock.advance(14 * MINUTE_MS);
  expect((await store.jobByName('backup'))!.state.expected_at).toBe(START + 2 * HOUR_MS);
  await clock.advance(MINUTE_MS);
  const job = (await store.jobByName('backup'))!;
  expect(job.state.expected_at).toBe(START + 26 * HOUR_MS);
  expect((await store.runsOf(job.id, { skip: 0, limit: 1 })).items[0]).toMatchObject({
    outcome: 'unknown',
    reason: 'outage',
  });
  expect((await store.incidents({ skip: 0, limit: 10 })).items.map(({ kind }) => kind)).toEqual(['outage']);
  await checker.stop();
});

test('a restart of a second is a gap: a ping that came just then is not missed', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '5m' } });
  await ping('backup', 'log');
  await clock.advance(2 * HOUR_MS + MINUTE_MS);
  await liveness.stop();
  clock.set(clock.now() + SECOND_MS);
  const again = new Liveness({ store, clock, logger: silentLogger });
  await again.start();
  checker.start();
  await clock.advance(16 * MINUTE_MS);
  const job = (await store.jobByName('backup'))!;
  const { items } = await store.runsOf(job.id, { skip: 0, limit: 10 });
  expect(items.map(({ outcome }) => outcome)).toEqual(['unknown']);
  await checker.stop();
  await again.stop();
});

test('a machine that was suspended is noticed before anything is judged', async () => {
  const { configure, liveness, checker, store, clock } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '5m' } });
  checker.start();
  await clock.advance(HOUR_MS);
  // Timers do not fire while a machine sleeps; all are overdue when it wakes.
  clock.set(START + 3 * HOUR_MS);
  await clock.advance(HOUR_MS);
  const job = (await store.jobByName('backup'))!;
  const { items } = await store.runsOf(job.id, { skip: 0, limit: 10 });
  expect(items.map(({ outcome }) => outcome)).toEqual(['unknown']);
  await checker.stop();
  await liveness.stop();
});

test('a ping that comes first after a suspension is not judged before the gap is known', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
  await liveness.start();
  await configure({ hourly: { schedule: '0 * * * *', grace: '5m' } });
  checker.start();
  await clock.advance(HOUR_MS);
  await ping('hourly', 'success');
  clock.set(START + 4.5 * HOUR_MS);
  await ping('hourly', 'success');
  await clock.advance(20 * MINUTE_MS);
  expect((await store.incidents({ skip: 0, limit: 10 })).items.map(({ kind }) => kind)).toEqual(['outage']);
  await checker.stop();
  await liveness.stop();
});

test('a store that works again is not taken for one that always worked', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '5m' } });
  await ping('backup', 'log');
  checker.start();
  await clock.advance(2 * HOUR_MS - MINUTE_MS);
  const transact = store.transact.bind(store);
  store.transact = () => Promise.reject(new CronflowError('store_unavailable', 'The disk is full.'));
  // The checker tries again every second, liveness every ten: the first commit is a tick.
  await clock.advance(20 * MINUTE_MS + SECOND_MS);
  store.transact = transact;
  await clock.advance(HOUR_MS);
  const { id } = (await store.jobByName('backup'))!;
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).items).toMatchObject([{ outcome: 'unknown' }]);
  await checker.stop();
  await liveness.stop();
});

test.each([
  ['a beat', 5, 12],
  ['a ping', 2, 3],
])(
  'a store that refused %s makes a gap, however short: a ping within the gap is not missed',
  async (what, from, forSeconds) => {
    const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
    await liveness.start();
    await configure({
      backup: { schedule: '0 2 * * *', grace: '5m' },
      dead: { schedule: '5 2 * * *', grace: '5m' },
    });
    for (const name of ['backup', 'dead']) await ping(name, 'log');
    checker.start();
    await clock.advance(2 * HOUR_MS + from * SECOND_MS);
    const transact = store.transact.bind(store);
    store.transact = () => Promise.reject(new CronflowError('store_unavailable', 'The disk is full.'));
    await clock.advance(SECOND_MS);
    if (what === 'a ping') await expect(ping('backup', 'success')).rejects.toThrow('The disk is full.');
    await clock.advance((forSeconds - 1) * SECOND_MS);
    store.transact = transact;
    await clock.advance(HOUR_MS);
    const outcomesOf = async (name: string): Promise<unknown> => {
      const { id } = (await store.jobByName(name))!;
      return (await store.runsOf(id, { skip: 0, limit: 10 })).items.map(({ outcome }) => outcome);
    };
    expect(await outcomesOf('backup')).toEqual(['unknown']);
    expect(await outcomesOf('dead')).toEqual(['missed']);
    await checker.stop();
    await liveness.stop();
  },
);

test('with several instances a time in which one was refused and another was not is no gap', async () => {
  const { configure, liveness, store, clock } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *' } });
  await clock.advance(5 * SECOND_MS);
  liveness.noteRefusal();
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, clock.now() + 1));
  await clock.advance(10 * SECOND_MS);
  expect((await store.jobByName('backup'))!.state.gaps).toEqual([]);
  expect(liveness.isGapUnnoted).toBe(false);
  await liveness.stop();
});

test('a commit that is refused while a sign of life waits for its own is in the gap', async () => {
  const { configure, liveness, store, clock } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *' } });
  await clock.advance(5 * SECOND_MS);
  const transact = store.transact.bind(store);
  store.transact = (scope, fn) => {
    store.transact = transact;
    liveness.noteRefusal();
    return transact(scope, fn);
  };
  await liveness.check();
  expect((await store.jobByName('backup'))!.state.gaps).toEqual([
    { from_at: START, to_at: START + 5 * SECOND_MS },
  ]);
  expect(liveness.isGapUnnoted).toBe(false);
  await liveness.stop();
});

test('a deadline between the moment a store works again and the note of its gap waits for that note', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '8s' } });
  await ping('backup', 'log');
  checker.start();
  await clock.advance(2 * HOUR_MS + 2 * SECOND_MS);
  const transact = store.transact.bind(store);
  store.transact = () => Promise.reject(new CronflowError('store_unavailable', 'The disk is full.'));
  await expect(ping('backup', 'success')).rejects.toThrow('The disk is full.');
  await clock.advance(SECOND_MS);
  store.transact = transact;
  await clock.advance(HOUR_MS);
  const { id } = (await store.jobByName('backup'))!;
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).items).toMatchObject([{ outcome: 'unknown' }]);
  await checker.stop();
  await liveness.stop();
});

test('after the clock was set back a day, a failure is told and a missed slot is found', async () => {
  const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START + 24 * HOUR_MS);
  await liveness.start();
  await configure({ hourly: { schedule: '0 * * * *', grace: '5m' }, idle: { schedule: '0 * * * *' } });
  checker.start();
  await clock.advance(HOUR_MS);
  await ping('hourly', 'success');
  await ping('idle', 'success');
  clock.set(START);
  await clock.advance(SECOND_MS);
  await ping('hourly', 'failure');
  await clock.advance(HOUR_MS + 5 * MINUTE_MS);
  const { items } = await store.incidents({ skip: 0, limit: 10 });
  const ofJobs = items.filter((each) => each.kind === 'job');
  expect(items).toHaveLength(ofJobs.length);
  expect(ofJobs.map(({ job_name, reason }) => `${job_name} ${reason}`).sort()).toEqual([
    'hourly reported_failure',
    'idle missed',
  ]);
  await checker.stop();
  await liveness.stop();
});

test('a clock that was set back is passed on, even if that was while Cronflow was away', async () => {
  const { store, clock } = await startMemoryService(START);
  let count = 0;
  const start = async (): Promise<Liveness> => {
    const liveness = new Liveness({
      store,
      clock,
      logger: silentLogger,
      onClockSetBack: () => (count += 1),
    });
    await liveness.start();
    return liveness;
  };
  const first = await start();
  await clock.advance(20 * SECOND_MS);
  await first.stop();
  expect(count).toBe(0);
  // A machine whose clock is read in local time comes up two hours early.
  clock.set(clock.now() - 2 * HOUR_MS);
  const second = await start();
  expect(count).toBe(1);
  clock.set(clock.now() - 90 * SECOND_MS);
  await clock.advance(10 * SECOND_MS);
  expect(count).toBe(2);
  await second.stop();
});

describe('a store that refuses commits at the start', () => {
  const FULL = new CronflowError('store_unavailable', 'no space left on the device');

  test('makes a gap since the last stop: nothing is judged before the gap is noted, and no slot in it is missed', async () => {
    const { configure, liveness, checker, store, clock, ping } = await startMemoryService(START);
    await liveness.start();
    await configure({ backup: { schedule: '0 2 * * *', grace: '5m' } });
    await ping('backup', 'log');
    await clock.advance(HOUR_MS);
    await liveness.stop();
    const stoppedAt = clock.now();
    clock.set(stoppedAt + 30 * SECOND_MS);
    const transact = store.transact.bind(store);
    store.transact = () => Promise.reject(FULL);
    const beats: (string | null)[] = [];
    const again = new Liveness({
      store,
      clock,
      logger: silentLogger,
      onBeat: (failure) => beats.push(failure),
    });
    const judging = new Checker({
      store,
      clock,
      logger: silentLogger,
      onLateWake: () => again.check(),
      isGapUnnoted: () => again.isGapUnnoted,
    });
    await again.start();
    expect(beats).toEqual([FULL.message]);
    expect(again.isGapUnnoted).toBe(true);
    judging.start();
    await clock.advance(2 * HOUR_MS);
    store.transact = transact;
    await clock.advance(10 * SECOND_MS);
    expect(beats.at(-1)).toBeNull();
    expect(again.isGapUnnoted).toBe(false);
    const job = (await store.jobByName('backup'))!;
    expect(job.state.gaps).toEqual([{ from_at: stoppedAt, to_at: expect.any(Number) as number }]);
    expect(job.state.gaps[0]!.to_at).toBeGreaterThanOrEqual(stoppedAt + 2 * HOUR_MS);
    await clock.advance(HOUR_MS);
    const { items } = await store.runsOf(job.id, { skip: 0, limit: 10 });
    expect(items.map(({ outcome }) => outcome)).toEqual(['unknown']);
    await checker.stop();
    await judging.stop();
    await again.stop();
  });

  test('makes a gap also where it refuses for less than a beat', async () => {
    const { configure, liveness, store, clock } = await startMemoryService(START);
    await liveness.start();
    await configure({ backup: { schedule: '0 2 * * *' } });
    await liveness.stop();
    const transact = store.transact.bind(store);
    store.transact = () => Promise.reject(FULL);
    const again = new Liveness({ store, clock, logger: silentLogger });
    await again.start();
    store.transact = transact;
    await clock.advance(10 * SECOND_MS);
    expect((await store.jobByName('backup'))!.state.gaps).toEqual([
      { from_at: START, to_at: START + 10 * SECOND_MS },
    ]);
    await again.stop();
  });

  test('is told apart from a bug, which ends the start', async () => {
    const { liveness, store } = await startMemoryService(START);
    store.transact = () => Promise.reject(new TypeError('a bug'));
    await expect(liveness.start()).rejects.toThrow('a bug');
  });
});

test('a store that counts as failing although it takes a sign of life is passed on as failing', async () => {
  const { store, clock } = await startMemoryService(START);
  const beats: (string | null)[] = [];
  const onBeat = (failure: string | null): void => void beats.push(failure);
  const liveness = new Liveness({ store, clock, logger: silentLogger, onBeat });
  store.health = () => ({ ok: false, refuses: 'commits', detail: 'large commits are refused' });
  await liveness.start();
  await clock.advance(10 * SECOND_MS);
  store.health = () => ({ ok: true });
  await clock.advance(10 * SECOND_MS);
  expect(beats).toEqual(['large commits are refused', 'large commits are refused', null]);
  await liveness.stop();
});

test.each([
  ['at once', 0],
  ['after a while, as a database that hangs', 4.5 * SECOND_MS],
])('a store that refuses %s is passed on as failing three times in half a minute', async (_how, hangsMs) => {
  const { store, clock } = await startMemoryService(START);
  const failures: number[] = [];
  const onBeat = (failure: string | null): void => void (failure !== null && failures.push(clock.now()));
  const liveness = new Liveness({ store, clock, logger: silentLogger, onBeat });
  await liveness.start();
  const transact = store.transact.bind(store);
  store.transact = () =>
    new Promise((_resolve, reject) => {
      clock.after(hangsMs, () => reject(new CronflowError('store_unavailable', 'no answer')));
    });
  await clock.advance(30 * SECOND_MS + hangsMs);
  expect(failures).toEqual([1, 2, 3].map((count) => START + count * 10 * SECOND_MS + hangsMs));
  store.transact = transact;
  await clock.advance(MINUTE_MS);
  expect(failures).toHaveLength(3);
  await liveness.stop();
});

test('the liveness knows when a sign of life was last stored', async () => {
  const { liveness, store, clock } = await startMemoryService(START);
  expect(liveness.lastStoredMs).toBeNull();
  await liveness.start();
  await clock.advance(10 * SECOND_MS);
  expect(liveness.lastStoredMs).toBe(10 * SECOND_MS);
  const transact = store.transact.bind(store);
  store.transact = () =>
    Promise.reject(new CronflowError('store_unavailable', 'no space left on the device'));
  await clock.advance(MINUTE_MS);
  expect(liveness.lastStoredMs).toBe(10 * SECOND_MS);
  store.transact = transact;
  await clock.advance(10 * SECOND_MS);
  expect(liveness.lastStoredMs).toBe(80 * SECOND_MS);
  await liveness.stop();
});
