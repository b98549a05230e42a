import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PingKind } from '../../../src/core/model/reasons.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { emptyDatabase, freshDatabase, missingPostgres, sql } from '../../support/postgres.ts';
import { job, NOW_AT, pingOf } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const JOB_COUNT = 40;
const EVERY = { declared: { every: '1h' }, declaration: { every: '1h' } } as const;

/** What a batch of pings asks of the database. */
describe.skipIf(missingPostgres() !== null)('a batch of pings', () => {
  let store: PostgresStore;
  let ingest: JobIngest;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = createFakeClock(NOW_AT);
    store = new PostgresStore({
      url: await emptyDatabase(),
      clock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await store.open();
    ingest = new JobIngest({ store, clock, onRefusal: () => {} });
    await store.transact({ all: true }, (tx) => {
      for (let each = 0; each < JOB_COUNT; each += 1) tx.putJob(job(`j${each}`, EVERY));
    });
  });
  afterEach(async () => {
    ingest.stop();
    await store.close();
  });

  /** Sends one ping of each job, all at once. */
  const send = async (kind: PingKind, rid: string): Promise<void> => {
    clock.set(clock.now() + MINUTE_MS);
    const pings = Array.from({ length: JOB_COUNT }, (_, each) =>
      ingest.ping(`job-j${each}`, { ...pingOf(kind, clock.now()), rid }),
    );
    await Promise.all(pings);
  };

  test('lacks nothing, from the first run of its jobs on', async () => {
    const before = store.lackCount;
    for (let each = 0; each <= 3; each += 1) {
      await send('start', `r${each}`);
      await send(each === 2 ? 'failure' : 'success', `r${each}`);
    }
    expect(store.lackCount - before).toBe(0);
    const { items } = await store.runsOf('j7', { skip: 0, limit: 9 });
    expect(items.map(({ outcome }) => outcome)).toEqual(['success', 'failure', 'success', 'success']);
    const { items: days } = await store.daysOf('j7', { skip: 0, limit: 9 });
    expect(days.map(({ outcomes }) => outcomes)).toEqual([{ success: 3, failure: 1 }]);
  });

  test('loads what its jobs lack at once', async () => {
    for (const rid of ['r0', 'r1', 'r2']) {
      await send('start', rid);
      await send('success', rid);
    }
    // An end looks at all the history where the last outcome is not known.
    await store.transact({ all: true }, (tx) => {
      for (const { id, state } of tx.jobs())
        tx.putState(id, { ...state, last_outcome: null, last_outcome_at: null });
    });
    const before = store.lackCount;
    await send('success', 'r3');
    expect(store.lackCount - before).toBe(1);
  });

  test('loads the figures of days where a start ends a run', async () => {
    await send('start', 'r0');
    await send('failure', 'r0');
    // Then a start that finds a run open fails at once.
    await store.transact({ all: true }, (tx) => {
      for (const each of tx.jobs())
        tx.putJob({ ...each, declaration: { ...each.declaration, overlap: 'forbid' } });
    });
    await send('start', 'r1');
    await send('start', 'r2');
    const { items } = await store.daysOf('j7', { skip: 0, limit: 9 });
    expect(items.map(({ outcomes }) => outcomes)).toEqual([{ failure: 2 }]);
  });

  test('is answered with its outputs although nothing can be read meanwhile', async () => {
    store.run = () => Promise.reject(new Error('Nothing can be read.'));
    const ping = { ...pingOf('success', clock.now()), output: 'done' };
    const { job: pinged, run_id: runId } = await ingest.ping('job-j3', ping);
    expect(await store.output(pinged.id, runId!)).toEqual({ text: 'done', dropped_bytes: 0 });
  });

  test('becomes smaller when it takes longer than it may, so that all are stored in the end', async () => {
    const database = await freshDatabase();
    const { url } = database;
    const slow = new PostgresStore({ url, clock, log: silentLogger, answerMsMax: 4_000 });
    await slow.open();
    try {
      const ids = Array.from({ length: 1_000 }, (_, each) => `j${each}`);
      await slow.transact({ all: true }, (tx) => {
        for (const id of ids) tx.putJob(job(id, EVERY));
      });
      // A commit of all takes at least five seconds.
      await sql(
        url,
        `create function cronflow.slow() returns trigger language plpgsql as
        'begin perform pg_catalog.pg_sleep(0.005); return new; end'`,
        'create trigger slow before update on cronflow.states for each row execute function cronflow.slow()',
      );
      let left = ids;
      const rounds: number[] = [];
      await until('all to be stored', async () => {
        const outcomes = await Promise.allSettled(
          left.map((id) => slow.transact({ ids: [id] }, (tx) => tx.putState(id, tx.jobById(id)!.state))),
        );
        left = left.filter((_, index) => outcomes[index]!.status === 'rejected');
        rounds.push(left.length);
        return left.length === 0;
      });
      expect(rounds[0]).toBe(ids.length);
    } finally {
      await slow.close();
      await database.drop();
    }
  });

  test('refuses one whose data the database refuses, and no other', async () => {
    const transact = (id: string, text: string): Promise<void> =>
      store.transact({ ids: [id] }, (tx) => {
        tx.putJob({ ...tx.jobById(id)!, name: `${id}${text}` });
      });
    const outcomes = await Promise.allSettled([
      transact('j1', '-a'),
      transact('j2', String.fromCharCode(0)),
      transact('j3', '-b'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.jobByName('j3-b'))?.id).toBe('j3');
    expect((await store.jobById('j2'))?.name).toBe('job-j2');
    expect(store.health()).toEqual({ ok: true });
  });
});
