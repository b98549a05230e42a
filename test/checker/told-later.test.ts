import { expect, test } from 'vitest';
import { LIVENESS_KEY, readTimeEvents, type TimeEvent, withTimeEvent } from '../../src/apply/alive.ts';
import { applyEvent, EVENT_META, tellOfTime } from '../../src/apply/events.ts';
import { settleJob } from '../../src/checker/settling.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { TIME_EVENTS_KEY, type Tx } from '../../src/store/store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/random.ts';
import { pingOf } from '../support/records.ts';

const START = Date.UTC(2025, 0, 1);
const HISTORIES = 150;
const STEPS = 60;
const DECLARATIONS: readonly Declaration[] = [
  { schedule: '*/10 * * * *', grace: '2m' },
  { schedule: '0 * * * *', grace: '5m', max_runtime: '20m' },
  { schedule: '*/5 * * * *', grace: '1m', overlap: 'skip' },
  { schedule: '*/30 * * * *', grace: '5m', remind_every: '30m' },
  { every: '15m', grace: '3m', max_runtime: '10m' },
  { every: '30m', grace: '1m', remind_every: '1h' },
];

/** Starts a store with one job, which is told of time at once, or at its turn. */
async function started(declaration: Declaration, isToldLater: boolean) {
  const clock = createFakeClock(START);
  const store = new MemoryStore({ shared: isToldLater });
  await store.open();
  const ingest = new JobIngest({ store, clock, onRefusal: () => {}, jobsMax: 1 });
  const { id } = await ingest.register('job', declaration);
  const change = (fn: (tx: Tx) => void): Promise<void> => store.transact({ ids: [id], meta: EVENT_META }, fn);
  return {
    clock,
    store,
    ingest,
    live: () => change((tx) => tx.putMeta(LIVENESS_KEY, clock.now())),
    tick: () => change((tx) => void settleJob(tx, id, clock.now() - 1, () => false)),
    happen: (event: TimeEvent) =>
      change((tx) => {
        tx.putMeta(LIVENESS_KEY, clock.now());
        if (!isToldLater) return void applyEvent(tx, tx.jobById(id)!, event);
        const events = withTimeEvent(readTimeEvents(tx)?.events ?? [], event);
        tx.putMeta(TIME_EVENTS_KEY, { by: 'a', signed_at: clock.now(), after: null, events });
      }),
    /** Gives the job its turn, the last of all jobs where all are told then. */
    tell: (areAllTold: boolean) =>
      change((tx) => {
        tellOfTime(tx, tx.jobById(id)!, clock.now());
        if (areAllTold) tx.putMeta(TIME_EVENTS_KEY, undefined);
      }),
    /** Shows all that is kept of the job, whose id is random. */
    async look(): Promise<string> {
      const page = { skip: 0, limit: 1_000 };
      const [rows, incidents] = [await store.runsOf(id, page), await store.incidents(page)];
      const { status, expected_at } = (await store.jobById(id))!.state;
      const { total: owed } = await store.deliveries(page);
      return JSON.stringify({ status, expected_at, owed, rows, incidents }, null, 1).replaceAll(id, 'ID');
    },
  };
}

/** Lets the same happen to a job that is told of time at once and to one that is told later. */
async function compared(seed: number) {
  const random = seededRandom(seed);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const declaration = oneOf(DECLARATIONS);
  const [atOnce, later] = [await started(declaration, false), await started(declaration, true)];
  const both = async (fn: (each: typeof later) => unknown): Promise<void> => {
    for (const each of [atOnce, later]) await fn(each);
  };
  const wait = (ms: number): Promise<void> =>
    both((each) => {
      each.clock.set(each.clock.now() + Math.floor(ms));
      return each.live();
    });
  const goAway = (ms: number): Promise<void> =>
    both(async (each) => {
      const from_at = each.clock.now();
      each.clock.set(from_at + Math.ceil(ms));
      await each.happen({ type: 'gap', from_at, to_at: each.clock.now() });
    });
  const actions: readonly (() => Promise<void>)[] = [
    async () => {
      const kind = oneOf(['success', 'start', 'failure'] as const);
      await both((each) => each.ingest.ping('job', pingOf(kind, each.clock.now())));
    },
    () => goAway(random() * oneOf([SECOND_MS, MINUTE_MS, HOUR_MS])),
    () => later.tell(random() < 0.5),
    async () => {
      const next = oneOf(DECLARATIONS);
      await both((each) => each.ingest.declare('job', next));
    },
    async () => {
      const isPause = random() < 0.5;
      await both((each) => (isPause ? each.ingest.pause('job') : each.ingest.resume('job')));
    },
    async () => {
      await later.tell(true);
      // A job to which nothing had happened for a minute may count as told, and its next slot be some seconds off.
      await both((each) => each.ingest.ping('job', pingOf('success', each.clock.now())));
      const backMs = MINUTE_MS + SECOND_MS + Math.floor(random() * 40 * MINUTE_MS);
      await both(async (each) => {
        each.clock.set(each.clock.now() - backMs);
        await each.happen({ type: 'clock_set_back', at: each.clock.now() });
      });
      if (random() < 0.5) await goAway(random() * 30 * SECOND_MS);
      else await wait(random() * 30 * SECOND_MS);
      await later.tell(random() < 0.5);
    },
  ];
  for (let step = 0; step < STEPS; step += 1) {
    await wait(random() * oneOf([MINUTE_MS, 20 * MINUTE_MS]));
    await both((each) => each.tick());
    await (random() < 0.4 ? actions[0]! : oneOf(actions))();
  }
  await later.tell(true);
  await wait(3 * HOUR_MS);
  await both((each) => each.tick());
  return { atOnce: await atOnce.look(), later: await later.look() };
}

test('a job that is told of time at its turn, or before that by a ping, ends as one that is told at once', async () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const { atOnce, later } = await compared(seed);
    expect(later, `the history of seed ${seed}`).toBe(atOnce);
  }
});
