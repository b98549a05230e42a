import { beforeEach, describe, expect, test } from 'vitest';
import { Liveness } from '../../../src/checker/liveness.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { StoreAlarm } from '../../../src/delivery/sending/store-alarm.ts';
import { DOWN, FakeNotifier, harness, type Harness, REVOKED } from '../support/harness.ts';
import { MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

const TITLE = 'STORE FAILING: The disk is full; pings are refused until it works again';

const audience = (): string[] => ['ops', 'pager'];

const around = () => ({ publicUrl: 'https://cron.example.com', timezone: 'Europe/Berlin' });

let h: Harness;
let pager: FakeNotifier;
let liveness: Liveness;

beforeEach(async () => {
  h = harness();
  pager = new FakeNotifier('pager', h.clock);
  h.notifiers.set('pager', pager);
  const { store, clock, logger, notifiers } = h;
  const alarm = new StoreAlarm({ store, clock, logger, notifiers, audience, around, redact });
  const onBeat = (failure: string | null): void => alarm.beat(failure);
  liveness = new Liveness({ store, clock, logger, onBeat });
  await liveness.start();
  h.worker.start(['ops', 'pager']);
});

const failFor = async (ms: number): Promise<void> => {
  h.store.failsCommits = true;
  await h.clock.advance(ms);
  h.store.failsCommits = false;
};
const incidents = async (): Promise<unknown> => (await h.store.incidents({ skip: 0, limit: 10 })).items;

const alarmOf = (instance: string, place = 0): StoreAlarm => {
  const { store, clock, logger, notifiers } = h;
  return new StoreAlarm({
    store,
    clock,
    logger,
    notifiers,
    audience,
    around,
    redact,
    instance,
    place: () => place,
  });
};
const failing = async (alarm: StoreAlarm): Promise<void> => {
  for (let beats = 0; beats < 3; beats += 1) alarm.beat('The database is away');
  await h.clock.advance(SECOND_MS);
};
const mended = async (alarm: StoreAlarm): Promise<void> => {
  alarm.beat(null);
  await h.clock.advance(SECOND_MS);
};
const titleOf = (name: string): string =>
  `STORE FAILING: ${name}: The database is away; pings are refused until it works again`;

describe('a store that fails for several instances', () => {
  test('is told by each under its name, and its end is told once', async () => {
    const [one, two] = [alarmOf('web1'), alarmOf('web2')];
    await failing(one);
    await failing(two);
    expect(h.ops.titles).toEqual([titleOf('web1'), titleOf('web2')]);
    await mended(one);
    await h.clock.advance(10 * SECOND_MS);
    await mended(two);
    await h.clock.advance(MINUTE_MS);
    for (const { titles } of [h.ops, pager])
      expect(titles.map((each) => each.split(':')[0])).toEqual([
        'STORE FAILING',
        'STORE FAILING',
        'RESOLVED',
      ]);
  });

  test.each([
    ['a minute', 8, ['web1']],
    ['longer', 9, ['web1', 'web2']],
  ])('for %s is told by those whose turn has come', async (_long, beats, tellers) => {
    const alarms = [alarmOf('web1'), alarmOf('web2', 1)];
    for (let beat = 0; beat < beats; beat += 1) {
      for (const alarm of alarms) alarm.beat('The database is away');
      await h.clock.advance(10 * SECOND_MS);
    }
    expect(h.ops.titles).toEqual(tellers.map(titleOf));
    for (const alarm of alarms) await mended(alarm);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles.slice(tellers.length)).toEqual([expect.stringContaining('RESOLVED')]);
  });

  test('and works again for one much later than for the other has two ends', async () => {
    const [one, two] = [alarmOf('web1'), alarmOf('web2')];
    await failing(one);
    await failing(two);
    await mended(one);
    await h.clock.advance(5 * MINUTE_MS);
    await mended(two);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles.filter((each) => each.startsWith('RESOLVED'))).toHaveLength(2);
  });

  test('again is told to its end again', async () => {
    const [one, two] = [alarmOf('web1'), alarmOf('web2')];
    for (const alarm of [one, two]) {
      await failing(alarm);
      await mended(alarm);
    }
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles.filter((each) => each.startsWith('RESOLVED'))).toHaveLength(2);
  });

  test('is told to its end to those alone whom nobody else has told of it', async () => {
    const [one, two] = [alarmOf('web1'), alarmOf('web2')];
    pager.answers = [REVOKED];
    await failing(one);
    await failing(two);
    await mended(one);
    await mended(two);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles.filter((each) => each.startsWith('RESOLVED'))).toHaveLength(1);
    expect(pager.titles.filter((each) => each.startsWith('RESOLVED'))).toHaveLength(1);
  });
});

describe('a store that fails', () => {
  test('is told once without the outbox after three beats, and its end is told through the outbox', async () => {
    await failFor(29 * SECOND_MS);
    h.store.failsCommits = true;
    expect(h.ops.titles).toEqual([]);
    await h.clock.advance(SECOND_MS);
    expect([h.ops.titles, pager.titles]).toEqual([[TITLE], [TITLE]]);
    await h.clock.advance(4 * MINUTE_MS);
    h.store.failsCommits = false;
    await h.clock.advance(20 * SECOND_MS);
    const end = 'RESOLVED: the store works again, after 4m30s';
    expect([h.ops.titles, pager.titles]).toEqual([
      [TITLE, end],
      [TITLE, end],
    ]);
    const startAt = h.clock.now() - 4 * MINUTE_MS - 50 * SECOND_MS;
    expect(await incidents()).toMatchObject([
      {
        kind: 'store',
        reason: 'store_failing',
        opened_at: startAt + 10 * SECOND_MS,
        closed_at: startAt + 280 * SECOND_MS,
        told: ['ops', 'pager'],
      },
    ]);
  });

  test('is told again when it refuses pings, too, and not only their outputs', async () => {
    const health = h.store.health.bind(h.store);
    h.store.health = () => ({ ok: false, refuses: 'outputs', detail: 'No output can be kept: ENOSPC' });
    await h.clock.advance(MINUTE_MS);
    const outputs =
      'STORE FAILING: No output can be kept: ENOSPC; pings count without it until it works again';
    expect([h.ops.titles, pager.titles]).toEqual([[outputs], [outputs]]);
    await failFor(MINUTE_MS);
    expect([h.ops.titles, pager.titles]).toEqual([
      [outputs, TITLE],
      [outputs, TITLE],
    ]);
    // Outputs alone are no news any more.
    await h.clock.advance(MINUTE_MS);
    h.store.health = health;
    await h.clock.advance(20 * SECOND_MS);
    expect(h.ops.titles.map((title) => title.split(':')[0])).toEqual([
      'STORE FAILING',
      'STORE FAILING',
      'RESOLVED',
    ]);
    expect(await incidents()).toMatchObject([{ kind: 'store', told: ['ops', 'pager'] }]);
  });

  test('for less than three beats is told to nobody', async () => {
    await failFor(29 * SECOND_MS);
    await h.clock.advance(MINUTE_MS + SECOND_MS);
    await failFor(29 * SECOND_MS);
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles).toEqual([]);
    expect(await incidents()).toEqual([]);
  });

  test('is logged once, and so is its end, where nothing but the log is told', async () => {
    h.ops.always = { result: 'logged', notSentBecause: 'webhook_url is empty' };
    await failFor(5 * MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(1);
    await h.clock.advance(20 * SECOND_MS);
    expect(h.ops.attempts).toHaveLength(2);
    expect(await incidents()).toMatchObject([{ kind: 'store', told: ['ops', 'pager'] }]);
    const { items } = await h.store.deliveries({ skip: 0, limit: 10, notifier: 'ops' });
    expect(items).toMatchObject([{ kind: 'closed', status: 'logged' }]);
  });

  test('is told to each notifier until that takes it, and its end to those who took it', async () => {
    h.ops.answers = [DOWN, DOWN];
    pager.answers = [REVOKED];
    await failFor(5 * MINUTE_MS);
    expect(h.ops.attempts).toHaveLength(3);
    expect(pager.attempts).toHaveLength(1);
    await h.clock.advance(20 * SECOND_MS);
    expect(h.ops.titles).toHaveLength(2);
    expect(pager.titles).toEqual([]);
    expect(await incidents()).toMatchObject([{ told: ['ops'] }]);
  });

  test('owes its end also when it fails again before the end could be stored', async () => {
    await failFor(MINUTE_MS);
    // One commit, the sign of life, succeeds; the next does not.
    const { store } = h;
    const transact = store.transact.bind(store);
    let commits = 0;
    store.transact = (scope, fn) => {
      commits += 1;
      store.failsCommits = commits > 1;
      return transact(scope, fn);
    };
    await h.clock.advance(MINUTE_MS);
    store.transact = transact;
    store.failsCommits = false;
    await h.clock.advance(MINUTE_MS);
    expect(h.ops.titles.map((title) => title.split(':')[0])).toEqual(['STORE FAILING', 'RESOLVED']);
    expect(await incidents()).toHaveLength(1);
  });

  test('holds nothing up when a notifier is slow', async () => {
    h.ops.answers = ['hang'];
    await failFor(MINUTE_MS);
    expect(pager.titles).toEqual([TITLE]);
    expect(h.ops.titles).toEqual([TITLE]);
    await liveness.stop();
  });
});
