import { dueIds } from '../support/store.ts';
import { expect, test } from 'vitest';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { Checker } from '../../src/checker/checker.ts';
import { type Logger, silentLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);

test('a missed slot is found at its deadline, not a minute later', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  checker.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '90s' } });
  await clock.advance(2 * HOUR_MS + 90 * SECOND_MS);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await clock.advance(1);
  expect((await store.incidents({ skip: 0, limit: 10 })).items).toMatchObject([
    { reason: 'never_seen', opened_at: START + 2 * HOUR_MS + 90 * SECOND_MS },
  ]);
  await checker.stop();
});

test('a tick commits after every ping received before its instant or at it', async () => {
  const { configure, checker, store, clock, ping, liveness } = await startMemoryService(START);
  await liveness.start();
  checker.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '90s' } });
  await clock.advance(2 * HOUR_MS + 90 * SECOND_MS);
  // Whatever the checker did at the deadline, it has done.
  await ping('backup', 'success');
  await clock.advance(MINUTE_MS);
  const { id } = (await store.jobByName('backup'))!;
  expect((await store.runsOf(id, { skip: 0, limit: 10 })).items).toMatchObject([
    { outcome: 'success', slot_at: START + 2 * HOUR_MS, late: false },
  ]);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await checker.stop();
});

test('the checker never sleeps longer than 10 s, so that a suspended machine is noticed', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '0 2 * * *' } });
  const sleeps: number[] = [];
  const after = clock.after.bind(clock);
  clock.after = (delayMs, callback) => {
    sleeps.push(delayMs);
    return after(delayMs, callback);
  };
  checker.start();
  await clock.advance(MINUTE_MS);
  expect(Math.max(...sleeps)).toBe(10 * SECOND_MS);
  expect(sleeps.length).toBeGreaterThan(6);
  await checker.stop();
  await store.close();
});

test('the checker looks at due_at and at nothing else', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  checker.start();
  await configure({ backup: { schedule: '0 * * * *', grace: '90s' } });
  const job = (await store.jobByName('backup'))!;
  const withDueAt = (dueAt: number | null): Promise<void> =>
    store.transact({ ids: [job.id] }, (tx) => {
      tx.putJob({ ...job, state: { ...job.state, due_at: dueAt } });
    });
  await withDueAt(null);
  await clock.advance(3 * HOUR_MS);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await withDueAt(clock.now());
  await clock.advance(1);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(1);
  await checker.stop();
});

test('a deadline that comes to be while the checker sleeps wakes it', async () => {
  const { configure, checker, store, clock, ping, liveness } = await startMemoryService(START);
  await liveness.start();
  checker.start();
  await configure({ backup: { max_runtime: '3s' } });
  await clock.advance(MINUTE_MS);
  await ping('backup', 'start', { rid: 'a' });
  await clock.advance(3 * SECOND_MS + 1);
  expect((await store.jobByName('backup'))!.state.status).toBe('timeout');
  await checker.stop();
});

test('a job that cannot be judged holds up no other', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await configure({
    broken: { schedule: '* * * * *', grace: '10s' },
    fine: { schedule: '* * * * *', grace: '10s' },
  });
  const broken = (await store.jobByName('broken'))!;
  // What validation refuses: only a bug, or a store written by another version, could hold this.
  await store.transact({ ids: [broken.id] }, (tx) =>
    tx.putJob({ ...broken, declaration: { ...broken.declaration, schedule: 'banana' } }),
  );
  await liveness.start();
  checker.start();
  await clock.advance(5 * MINUTE_MS + 1);
  const fine = (await store.jobByName('fine'))!;
  expect((await store.runsOf(fine.id, { skip: 0, limit: 10 })).items).toMatchObject([
    { count: 4, outcome: 'missed' },
  ]);
  expect((await store.deliveries({ skip: 0, limit: 10 })).total).toBe(1);
  await checker.stop();
});

test('a job that cannot be judged makes no other late', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await configure({
    broken: { schedule: '* * * * *', grace: '10s' },
    fine: { schedule: '* * * * *', grace: '15s' },
  });
  const broken = (await store.jobByName('broken'))!;
  await store.transact({ ids: [broken.id] }, (tx) =>
    tx.putJob({ ...broken, declaration: { ...broken.declaration, schedule: 'banana' } }),
  );
  await liveness.start();
  checker.start();
  await clock.advance(MINUTE_MS + 15 * SECOND_MS);
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await clock.advance(1);
  expect((await store.incidents({ skip: 0, limit: 10 })).items).toMatchObject([
    { opened_at: START + MINUTE_MS + 15 * SECOND_MS },
  ]);
  await checker.stop();
});

test('what a tick did is in the log, with its reason', async () => {
  const { configure, store, clock } = await startMemoryService(START);
  const lines: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    debug: (message, fields = {}) => lines.push(`${message} ${Object.values(fields).join(' ')}`),
  };
  const checker = new Checker({
    store,
    clock,
    logger,
    onLateWake: async () => {},
    isGapUnnoted: () => false,
  });
  checker.start();
  await configure({ backup: { schedule: '0 2 * * *', grace: '90s' } });
  await clock.advance(2 * HOUR_MS + 90 * SECOND_MS + 1);
  expect(lines).toEqual(['checked backup never_seen 1']);
  await checker.stop();
});

test('a healthy job is left alone', async () => {
  const { configure, checker, store, clock, ping, liveness } = await startMemoryService(START);
  await liveness.start();
  checker.start();
  await configure({ backup: { schedule: '0 * * * *' } });
  for (let hour = 1; hour <= 5; hour += 1) {
    await clock.advance(START + hour * HOUR_MS - clock.now());
    await ping('backup', 'success');
  }
  expect((await store.incidents({ skip: 0, limit: 10 })).total).toBe(0);
  await checker.stop();
});

test('a check counts as passed only when it leaves nothing undone', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  expect(checker.lastPassedMs).toBeNull();
  checker.start();
  await configure({ backup: { schedule: '* * * * *', grace: '10s' } });
  await clock.advance(MINUTE_MS);
  expect(clock.monotonic() - checker.lastPassedMs!).toBeLessThanOrEqual(10 * SECOND_MS);
  const transact = store.transact.bind(store);
  store.transact = () => Promise.reject(new Error('no space left on the device'));
  const brokenMs = clock.monotonic();
  await clock.advance(5 * MINUTE_MS);
  // Up to the deadline there was nothing to commit.
  expect(checker.lastPassedMs! - brokenMs).toBeLessThanOrEqual(10 * SECOND_MS);
  store.transact = transact;
  await clock.advance(MINUTE_MS);
  expect(clock.monotonic() - checker.lastPassedMs!).toBeLessThanOrEqual(10 * SECOND_MS);
  await checker.stop();
});

test('a check that first has to hear of a gap has not passed', async () => {
  const { configure, store, clock } = await startMemoryService(START);
  const checker = new Checker({
    store,
    clock,
    logger: silentLogger,
    onLateWake: async () => {},
    isGapUnnoted: () => false,
  });
  await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, clock.now()));
  checker.start();
  await configure({ backup: { schedule: '* * * * *', grace: '10s' } });
  await clock.advance(70 * SECOND_MS);
  const beforeMs = checker.lastPassedMs!;
  // Due, but nobody has noted yet that there was no sign of life for more than a minute.
  await clock.advance(20 * SECOND_MS);
  expect(checker.lastPassedMs).toBe(beforeMs);
  await clock.advance(MINUTE_MS);
  expect(checker.lastPassedMs).toBeGreaterThan(beforeMs);
  await checker.stop();
});

test('the checker stops although there is always more that is due', async () => {
  const { configure, checker, store, liveness } = await startMemoryService(START);
  await liveness.start();
  await configure({ backup: { schedule: '* * * * *' } });
  const backup = (await store.jobByName('backup'))!;
  const looks = { count: 0 };
  const transact = store.transact.bind(store);
  store.transact = async (scope, fn) => {
    looks.count += 1;
    await new Promise(setImmediate);
    const due = { ...backup, state: { ...backup.state, due_at: START - 1 } };
    await transact({ ids: [backup.id] }, (tx) => tx.putJob(due));
    return transact(scope, fn);
  };
  checker.start();
  while (looks.count < 3) await new Promise(setImmediate);
  const passedMs = checker.lastPassedMs;
  await checker.stop();
  const after = looks.count;
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  expect([looks.count, checker.lastPassedMs]).toEqual([after, passedMs]);
});

test('no check keeps others waiting for long, not even the first check', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  const names = Array.from({ length: 40 }, (_, index) => `job-${index}`);
  await configure(Object.fromEntries(names.map((name) => [name, { schedule: '* * * * *', grace: '1s' }])));
  clock.set(START + 5 * HOUR_MS);
  // As if every look at the clock had come ten milliseconds after the one before.
  const monotonic = clock.monotonic.bind(clock);
  let lookedMs = 0;
  clock.monotonic = () => monotonic() + (lookedMs += 10);
  const transact = store.transact.bind(store);
  const left: number[] = [];
  store.transact = async (scope, fn) => {
    const result = await transact(scope, fn);
    left.push((await dueIds(store, clock.now() - 1)).length);
    return result;
  };
  await liveness.check();
  // The end of what was not seen, and the instant at which it is told of.
  await clock.advance(15 * MINUTE_MS - SECOND_MS);
  left.length = 0;
  checker.start();
  await clock.advance(2 * SECOND_MS);
  const settled = left.map((count, index) => (left[index - 1] ?? names.length) - count);
  expect(left.at(-1)).toBe(0);
  expect(Math.max(...settled)).toBeLessThan(10);
  await checker.stop();
});

test('two checkers on one store settle each job once', async () => {
  const { configure, checker, store, clock, liveness } = await startMemoryService(START);
  await liveness.start();
  const other = new Checker({
    store,
    clock,
    logger: silentLogger,
    onLateWake: async () => {},
    isGapUnnoted: () => false,
  });
  const names = Array.from({ length: 700 }, (_, index) => `job-${index}`);
  await configure(Object.fromEntries(names.map((name) => [name, { schedule: '* * * * *', grace: '10s' }])));
  checker.start();
  other.start();
  await clock.advance(2 * MINUTE_MS + 11 * SECOND_MS);
  const jobs = await store.view({ all: true }, (view) => view.jobs());
  expect(new Set(jobs.map(({ state }) => state.run_count))).toEqual(new Set([1]));
  const runs = await Promise.all(jobs.map(({ id }) => store.runsOf(id, { skip: 0, limit: 9 })));
  expect(
    new Set(runs.map(({ items }) => items.map((row) => row.kind === 'slots' && row.count).join())),
  ).toEqual(new Set(['2']));
  expect((await store.incidents({ skip: 0, limit: 1 })).total).toBe(700);
  await checker.stop();
  await other.stop();
});
