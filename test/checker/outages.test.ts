import { describe, expect, test } from 'vitest';
import { Liveness } from '../../src/checker/liveness.ts';
import { CronflowError } from '../../src/core/model/errors.ts';
import type { Delivery } from '../../src/core/model/records.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);
const HOURLY = { schedule: '0 * * * *', grace: '5m' };

/** A service whose process can die, each start with a `Liveness` and a checker of its own. */
async function startCrashing(firstAt = START) {
  const service = await startMemoryService(firstAt);
  const { store, clock, checker } = service;
  let alive = service.liveness;
  const start = async (): Promise<void> => {
    await alive.start();
    checker.start();
  };
  await start();
  await service.configure({});
  return {
    ...service,
    /** Ends it without a last sign of life; what was set to happen does not. */
    crash: async (): Promise<void> => {
      const transact = store.transact.bind(store);
      store.transact = () => Promise.reject(new Error('the process is dead'));
      await alive.stop();
      await checker.stop();
      store.transact = transact;
    },
    /** Starts it again after it has been dead until `at`. */
    startAt: async (at: number): Promise<void> => {
      clock.set(at);
      alive = new Liveness({ store, clock, logger: silentLogger });
      await start();
    },
    told: async (): Promise<Delivery[]> =>
      (await store.deliveries({ skip: 0, limit: 100 })).items.filter(({ job_id: jobId }) => jobId === null),
  };
}

const detailsOf = (told: readonly Delivery[]): (string | null)[] => told.map(({ facts }) => facts.detail);

describe('the message after Cronflow was away', () => {
  test('comes once, replay_window after the end, and names what Cronflow could not see', async () => {
    const service = await startCrashing();
    const { clock, configure, crash, startAt, told, ping, store } = service;
    await configure({ hourly: HOURLY, long: {}, daily: { schedule: '0 20 * * *' } });
    await ping('hourly', 'log');
    await ping('long', 'start');
    await clock.advance(30 * MINUTE_MS);
    await crash();
    await startAt(START + 3 * HOUR_MS + 10 * MINUTE_MS);
    await clock.advance(15 * MINUTE_MS - 1);
    expect(await told()).toEqual([]);
    await clock.advance(1);
    const [only, ...more] = await told();
    expect(more).toEqual([]);
    expect(only).toMatchObject({ kind: 'opened', notifier: 'ops', status: 'pending' });
    expect(only!.facts.detail).toMatchInlineSnapshot(`
      "for 2h40m, from 2025-01-01 00:30 to 2025-01-01 03:10 (UTC); what became of 3 slots and 1 run of 2 jobs is not known
      hourly: 3 slots unknown
      long: 1 run still open"
    `);
    expect(await store.incident(only!.incident_id)).toMatchObject({
      kind: 'outage',
      reason: 'cronflow_away',
      opened_at: START + 30 * MINUTE_MS,
      closed_at: START + 3 * HOUR_MS + 10 * MINUTE_MS,
    });
    await clock.advance(24 * HOUR_MS);
    expect(await told()).toHaveLength(1);
  });

  test('tells the people of each job that it names about their own jobs alone', async () => {
    const service = await startCrashing();
    const { clock, configure, crash, startAt, told } = service;
    const defaults = { notify: ['ops'] };
    const weekly = { schedule: '0 4 * * 3', grace: '3h', notify: ['payroll'] };
    await configure({ weekly, hourly: HOURLY }, defaults, ['ops', 'payroll', 'others']);
    await clock.advance(5 * HOUR_MS + 40 * MINUTE_MS);
    await crash();
    await startAt(START + 5 * HOUR_MS + 40 * MINUTE_MS + 23 * SECOND_MS);
    await clock.advance(3 * HOUR_MS);
    const messages = Object.fromEntries(
      (await told()).map(({ notifier, facts }) => [notifier, facts.detail]),
    );
    const span = 'for 23s, from 2025-01-01 05:40 to 2025-01-01 05:40:23 (UTC)';
    const detail = `${span}; what became of 1 slot of 1 job is not known\nweekly: 1 slot unknown`;
    expect(messages).toEqual({ ops: detail, payroll: detail });
  });

  test('is not sent for a restart that cannot explain why nothing came: the slot is missed, and its people hear of that', async () => {
    const service = await startCrashing();
    const { clock, configure, crash, startAt, told, ping, store } = service;
    await configure({ hourly: { schedule: '0 * * * *', grace: '50m' } });
    for (let hour = 1; hour <= 10; hour += 1) {
      await clock.advance(START + hour * HOUR_MS + 7 * SECOND_MS - clock.now());
      await ping('hourly', 'success');
    }
    await clock.advance(90 * MINUTE_MS - 7 * SECOND_MS);
    await crash();
    await startAt(START + 11 * HOUR_MS + 30 * MINUTE_MS + 18 * SECOND_MS);
    await clock.advance(25 * MINUTE_MS);
    expect(await told()).toEqual([]);
    const { items } = await store.deliveries({ skip: 0, limit: 10 });
    expect(items.map(({ facts }) => facts)).toMatchObject([
      { job_name: 'hourly', reason: 'missed', at: START + 11 * HOUR_MS + 50 * MINUTE_MS },
    ]);
  });

  test('is not sent for a short gap that hid nothing', async () => {
    const { clock, configure, crash, startAt, told, ping } = await startCrashing();
    await configure({ hourly: HOURLY });
    await ping('hourly', 'log');
    await clock.advance(30 * MINUTE_MS);
    await crash();
    await startAt(START + 35 * MINUTE_MS - 1);
    await clock.advance(20 * MINUTE_MS);
    expect(await told()).toEqual([]);
  });

  test('is sent for five minutes that hid nothing, and says so', async () => {
    const { clock, crash, startAt, told } = await startCrashing();
    await clock.advance(30 * MINUTE_MS);
    await crash();
    await startAt(START + 35 * MINUTE_MS);
    await clock.advance(20 * MINUTE_MS);
    expect(detailsOf(await told())).toEqual([
      'for 5m, from 2025-01-01 00:30 to 2025-01-01 00:35 (UTC); nothing went unseen',
    ]);
  });

  test('is sent for a second that hid how a run ended, unless its end is reported later', async () => {
    const { clock, configure, crash, startAt, told, ping } = await startCrashing();
    await configure({ spooled: {}, long: {}, anew: {} });
    for (const name of ['spooled', 'long', 'anew']) await ping(name, 'start');
    await clock.advance(MINUTE_MS);
    await crash();
    await startAt(START + MINUTE_MS + SECOND_MS);
    await clock.advance(MINUTE_MS);
    await ping('spooled', 'success', { delay_ms: 1_500 });
    await ping('anew', 'start');
    await ping('anew', 'success');
    await clock.advance(15 * MINUTE_MS);
    expect(detailsOf(await told())).toEqual([
      'for 1s, from 2025-01-01 00:01 to 2025-01-01 00:01:01 (UTC); what became of 2 runs of 2 jobs is not known\n' +
        'anew: 1 run ended unknown\nlong: 1 run still open',
    ]);
  });

  test('is not sent for a second during runs of hours whose end is seen, however they end', async () => {
    const { clock, configure, crash, startAt, told, ping } = await startCrashing();
    await configure({ backup: {}, hung: { max_runtime: '3h' } });
    for (const name of ['backup', 'hung']) await ping(name, 'start');
    await clock.advance(MINUTE_MS);
    await crash();
    await startAt(START + MINUTE_MS + SECOND_MS);
    await clock.advance(2 * HOUR_MS);
    await ping('backup', 'success');
    await clock.advance(2 * HOUR_MS);
    expect(await told()).toEqual([]);
  });

  test('comes late for a second in which the end of a run was lost: as soon as that is found', async () => {
    const { clock, configure, crash, startAt, told, ping } = await startCrashing();
    await configure({ backup: {} });
    await ping('backup', 'start');
    await clock.advance(MINUTE_MS);
    await crash();
    await startAt(START + MINUTE_MS + SECOND_MS);
    await clock.advance(20 * HOUR_MS);
    expect(await told()).toEqual([]);
    await ping('backup', 'start');
    await clock.advance(15 * MINUTE_MS);
    expect(detailsOf(await told())).toEqual([
      'for 1s, from 2025-01-01 00:01 to 2025-01-01 00:01:01 (UTC); what became of 1 run of 1 job is not known\n' +
        'backup: 1 run ended unknown',
    ]);
  });

  test('waits for a slot that the gap touched and whose grace lasts longer: a moment away must not mean silence', async () => {
    const { clock, configure, crash, startAt, told, ping } = await startCrashing();
    await configure({
      dead: { schedule: '0 1 * * *', grace: '2h' },
      alive: { schedule: '0 1 * * *', grace: '2h' },
    });
    await clock.advance(HOUR_MS + MINUTE_MS);
    await crash();
    await startAt(START + HOUR_MS + MINUTE_MS + SECOND_MS);
    await clock.advance(HOUR_MS);
    expect(await told()).toEqual([]);
    await ping('alive', 'success');
    await clock.advance(HOUR_MS);
    expect(detailsOf(await told())).toEqual([
      'for 1s, from 2025-01-01 01:01 to 2025-01-01 01:01:01 (UTC); what became of 1 slot of 1 job is not known\n' +
        'dead: 1 slot unknown',
    ]);
  });

  test('names a slot that is still expected when the gap was long', async () => {
    const { clock, configure, crash, startAt, told } = await startCrashing();
    await configure({ slow: { schedule: '0 1 * * *', grace: '6h' } });
    await clock.advance(HOUR_MS);
    await crash();
    await startAt(START + 2 * HOUR_MS);
    await clock.advance(15 * MINUTE_MS);
    expect(detailsOf(await told())).toEqual([
      'for 1h, from 2025-01-01 01:00 to 2025-01-01 02:00 (UTC); 1 job may have run unseen\nslow: 1 slot still expected',
    ]);
  });

  test('is never sent for the first start', async () => {
    const { clock, told } = await startCrashing();
    await clock.advance(HOUR_MS);
    expect(await told()).toEqual([]);
  });

  test('goes to defaults.notify, in the zone of the defaults', async () => {
    const { clock, configure, crash, startAt, told } = await startCrashing();
    await configure({}, { notify: ['pager', { to: 'mail' }], timezone: 'Europe/Berlin' });
    await crash();
    await startAt(START + HOUR_MS);
    await clock.advance(15 * MINUTE_MS);
    expect((await told()).map(({ notifier }) => notifier).sort()).toEqual(['mail', 'pager']);
    expect((await told())[0]!.facts.detail).toContain(
      'from 2025-01-01 01:00 to 2025-01-01 02:00 (Europe/Berlin)',
    );
  });

  test('tells of a suspended machine and of a store that failed', async () => {
    const { clock, store, told } = await startCrashing();
    await clock.advance(MINUTE_MS);
    clock.set(START + HOUR_MS);
    await clock.advance(15 * MINUTE_MS + 10 * SECOND_MS);
    expect(await told()).toHaveLength(1);
    const transact = store.transact.bind(store);
    store.transact = () => Promise.reject(new CronflowError('store_unavailable', 'The disk is full.'));
    await clock.advance(6 * MINUTE_MS);
    store.transact = transact;
    await clock.advance(15 * MINUTE_MS + 10 * SECOND_MS);
    expect(detailsOf(await told())).toEqual([
      'for 6m10s, from 2025-01-01 01:15:10 to 2025-01-01 01:21:20 (UTC); nothing went unseen',
      'for 59m10s, from 2025-01-01 00:01 to 2025-01-01 01:00:10 (UTC); nothing went unseen',
    ]);
  });
});

describe('several gaps', () => {
  test('before the message is due are told in one message', async () => {
    const { clock, crash, startAt, told } = await startCrashing();
    await clock.advance(10 * MINUTE_MS);
    await crash();
    await startAt(START + 20 * MINUTE_MS);
    await clock.advance(10 * MINUTE_MS);
    await crash();
    await startAt(START + 31 * MINUTE_MS);
    await clock.advance(15 * MINUTE_MS - 1);
    expect(await told()).toEqual([]);
    await clock.advance(1);
    expect(detailsOf(await told())).toEqual([
      'for 11m, 2 times, from 2025-01-01 00:10 to 2025-01-01 00:31 (UTC); nothing went unseen\n' +
        'away 2025-01-01 00:10 to 2025-01-01 00:20 (10m)\n' +
        'away 2025-01-01 00:30 to 2025-01-01 00:31 (1m)',
    ]);
  });

  test('put the message off for an hour at most, and a later gap has its own message', async () => {
    const { clock, crash, startAt, told } = await startCrashing();
    for (let minute = 10; minute < 150; minute += 10) {
      await crash();
      await startAt(START + minute * MINUTE_MS);
      await clock.advance(4 * MINUTE_MS);
    }
    await clock.advance(HOUR_MS);
    // The first gap ended after 10 minutes, so it is told within 70; each message tells of its own gaps.
    expect((await told()).at(-1)!.created_at).toBeLessThanOrEqual(START + 70 * MINUTE_MS);
    const spans = detailsOf(await told())
      .map((detail) => /from (\S+ \S+) to (\S+ \S+)/.exec(detail ?? '')!.slice(1))
      .reverse();
    for (const [index, [from]] of spans.entries()) {
      if (index > 0) expect(from! >= spans[index - 1]![1]!).toBe(true);
    }
    expect(spans.at(-1)![1]).toContain('02:20');
  });

  test('are told together where the message falls due during one of them', async () => {
    const { clock, crash, startAt, told } = await startCrashing();
    await crash();
    await startAt(START + 20 * MINUTE_MS);
    await clock.advance(14 * MINUTE_MS);
    await crash();
    await startAt(START + 40 * MINUTE_MS);
    expect(await told()).toEqual([]);
    await clock.advance(15 * MINUTE_MS);
    expect((await told()).map(({ facts }) => facts.detail?.split(',')[1])).toEqual([' 2 times']);
  });
});

test('a machine that sleeps past the instant of the message tells of both gaps at once', async () => {
  const { clock, crash, startAt, told, checker } = await startCrashing();
  await crash();
  await startAt(START + 20 * MINUTE_MS);
  await checker.stop();
  await clock.advance(15 * MINUTE_MS - 5 * SECOND_MS);
  clock.set(START + 42 * MINUTE_MS);
  // The message's timer is the first to fire, before the beat that finds the second gap.
  await clock.advance(16 * MINUTE_MS);
  expect((await told()).map(({ facts }) => facts.detail?.split(',')[1])).toEqual([' 2 times']);
});

describe('a crash', () => {
  test('at any commit around the message loses no message and tells none twice', async () => {
    // The message is the last of a known number of commits; each is in turn the one that fails.
    for (let failing = 0; failing < 12; failing += 1) {
      const { clock, crash, startAt, told, store, configure } = await startCrashing();
      await configure({ hourly: HOURLY });
      await clock.advance(30 * MINUTE_MS);
      await crash();
      await startAt(START + 2 * HOUR_MS - 10 * MINUTE_MS);
      await clock.advance(15 * MINUTE_MS - 20 * SECOND_MS);
      const transact = store.transact.bind(store);
      let commits = 0;
      store.transact = (...given) =>
        commits++ >= failing ? Promise.reject(new Error('the process is dead')) : transact(...given);
      await clock.advance(20 * SECOND_MS);
      store.transact = transact;
      await crash();
      await startAt(clock.now() + SECOND_MS);
      await clock.advance(2 * HOUR_MS);
      const details = detailsOf(await told());
      expect(details.filter((detail) => detail?.includes('2025-01-01 00:30 to'))).toHaveLength(1);
    }
  });
});

test('after the clock was set back the message comes when it would have come', async () => {
  const { clock, crash, startAt, told } = await startCrashing(START + 24 * HOUR_MS);
  await crash();
  await startAt(START + 25 * HOUR_MS);
  await clock.advance(5 * MINUTE_MS);
  clock.set(START + 5 * MINUTE_MS);
  await clock.advance(10 * MINUTE_MS + 10 * SECOND_MS);
  expect(await told()).toHaveLength(1);
});
