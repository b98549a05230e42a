import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/core/model/records.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { ClaimOptions } from '../../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';
import { delivery, ids, job, NOW_AT } from '../../support/records.ts';

const CLAIM: ClaimOptions = { owner: 'one', now_at: NOW_AT, lease_ms: 60_000, limit: 20 };
/** As often as the marks of what waits are looked over. */
const LOOKED_OVER_MS = 30_000;

/** Returns the deliveries of a line, in which all but the first wait. */
function line(jobId: string, count: number): Delivery[] {
  return Array.from({ length: count }, (_, at) =>
    delivery(`${jobId}-${at}`, jobId, { next_attempt_at: NOW_AT - 1000 + at }),
  );
}

describe.skipIf(missingPostgres() !== null)('deliveries that are owed in a database', () => {
  let database: TestDatabase;
  let clock: FakeClock;
  let store: PostgresStore;
  let client: pg.Client;
  beforeEach(async () => {
    database = await freshDatabase();
    clock = createFakeClock(NOW_AT);
    store = new PostgresStore({
      url: database.url,
      clock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await store.open();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await store.close();
    await database.drop();
  });

  const put = (...deliveries: Delivery[]): Promise<void> =>
    store.transact(
      {
        ids: [...new Set(deliveries.map((each) => each.job_id!))],
        delivery_ids: ids(deliveries),
      },
      (tx) => {
        for (const each of deliveries) {
          if (tx.jobById(each.job_id!) === undefined) tx.putJob(job(each.job_id!));
          tx.putDelivery(each);
        }
      },
    );
  const claimed = async (changes: Partial<ClaimOptions> = {}): Promise<string[]> =>
    ids((await store.claimDeliveries({ ...CLAIM, ...changes })).flatMap((lane) => lane.deliveries));
  /** Counts the deliveries that are marked as waiting. */
  const behindCount = async (): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::integer as count from cronflow.deliveries where is_behind',
    );
    return rows[0]!.count;
  };

  test('are found behind any number that wait for an older one', async () => {
    await put(...line('a', 700), delivery('b-0', 'b', { next_attempt_at: NOW_AT }));
    const found: string[] = [];
    for (let tries = 0; tries < 8 && found.length < 2; tries += 1) {
      found.push(...(await claimed()));
      const nextAt = await store.earliestDeliveryAt('one');
      if (found.length < 2) expect(nextAt).toBeLessThanOrEqual(NOW_AT);
    }
    expect(found).toEqual(['a-0', 'b-0']);
    expect(await behindCount()).toBe(699);
    expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + CLAIM.lease_ms);
  });

  test('come one after the other once those before them are finished', async () => {
    const [first, second, third] = line('a', 3) as [Delivery, Delivery, Delivery];
    await put(first, second, third);
    expect(await claimed()).toEqual(['a-0']);
    expect(await behindCount()).toBe(2);
    await put({ ...first, status: 'sent' });
    expect(await claimed()).toEqual(['a-1']);
    await put({ ...second, status: 'dead' });
    expect(await claimed()).toEqual(['a-2']);
  });

  test('come soon, too, where an older Cronflow has finished the one before and knows no marks', async () => {
    await put(...line('a', 2));
    expect(await claimed()).toEqual(['a-0']);
    await client.query(`update cronflow.deliveries set status = 'sent' where id = 'a-0'`);
    expect(await claimed()).toEqual([]);
    await clock.advance(LOOKED_OVER_MS);
    expect(await claimed()).toEqual(['a-1']);
  });

  test('go to the next owner of a lane, whose leases the last one lost', async () => {
    await put(...line('a', 2), ...line('b', 1));
    expect((await claimed()).sort()).toEqual(['a-0', 'b-0']);
    const later = NOW_AT + CLAIM.lease_ms + 1;
    expect(await store.earliestDeliveryAt('two')).toBe(NOW_AT + CLAIM.lease_ms);
    expect((await claimed({ owner: 'two', now_at: later })).sort()).toEqual(['a-0', 'b-0']);
  });
});
