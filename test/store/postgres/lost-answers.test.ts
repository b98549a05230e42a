import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { SECOND_MS } from '../../../src/schedule/units.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { databaseUrlAt, emptyDatabase, missingPostgres, socketPath } from '../../support/postgres.ts';
import { delivery, increment, job, NOW_AT, pingOf } from '../../support/records.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const COUNT = { meta: ['count'] };
const UNAVAILABLE = { code: 'store_unavailable' };
const PAGE = { skip: 0, limit: 10 };

/** A connection that breaks between the word to commit and the answer. Nobody here can tell whether it was heard. */
describe.skipIf(missingPostgres() !== null).each([
  ['whose answer is lost', 'answer' as const],
  ['that the database never heard', 'word' as const],
])('a commit %s', (_name, lost) => {
  const isStored = lost === 'answer';
  let proxy: TcpProxy;
  let store: PostgresStore;
  let runs = 0;
  beforeEach(async () => {
    const url = new URL(await emptyDatabase());
    const socketFolder = url.searchParams.get('host')!;
    proxy = await startTcpProxy({
      path: socketPath({ socketFolder, port: Number(url.searchParams.get('port')) }),
    });
    store = new PostgresStore({
      url: databaseUrlAt(proxy.port, url.pathname.slice(1)),
      clock: systemClock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await store.open();
    runs = 0;
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  const count = (): Promise<number> =>
    store.transact(COUNT, (tx) => {
      runs += 1;
      return increment(tx, 'count');
    });
  const works = (): Promise<unknown> => until('the store to work again', () => store.health().ok);

  test('is refused and not run again, and what waited for it never runs', async () => {
    expect(await count()).toBe(1);
    const cut = proxy.cutAtCommit(lost);
    let behind: Promise<number> | undefined;
    const runsBefore = runs;
    const first = store.transact(COUNT, (tx) => {
      runs += 1;
      // It comes while the commit before it is on its way.
      behind ??= count();
      return increment(tx, 'count');
    });
    await cut;
    for (const each of await Promise.allSettled([first, behind]))
      expect(each).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
    expect(runs - runsBefore).toBe(1);
    await works();
    expect(await store.meta('count')).toBe(isStored ? 2 : 1);
    expect(await count()).toBe(isStored ? 3 : 2);
  });

  test('of a ping is 503, and when the ping comes again it is there once', async () => {
    const every = { declared: { every: '1h' }, declaration: { every: '1h', notify: ['ops'] } };
    await store.transact({ ids: ['a'] }, (tx) => tx.putJob(job('a', every)));
    let refusals = 0;
    const ingest = new JobIngest({ store, clock: systemClock, onRefusal: () => (refusals += 1) });
    const ping = { ...pingOf('failure', systemClock.now()), rid: 'r1', output: 'no room' };
    const cut = proxy.cutAtCommit(lost);
    const sent = ingest.ping('job-a', ping);
    await cut;
    await expect(sent).rejects.toMatchObject(UNAVAILABLE);
    expect(refusals).toBe(1);
    await works();
    expect((await store.runsOf('a', PAGE)).total).toBe(isStored ? 1 : 0);
    const { reason } = await ingest.ping('job-a', ping);
    expect(reason === 'duplicate').toBe(isStored);
    expect((await store.runsOf('a', PAGE)).items).toMatchObject([{ rid: 'r1', outcome: 'failure' }]);
    expect((await store.incidents(PAGE)).total).toBe(1);
    expect((await store.daysOf('a', PAGE)).items).toMatchObject([{ outcomes: { failure: 1 } }]);
    ingest.stop();
  });

  test('of a claim keeps no message back for the rest of the lease', async () => {
    await store.transact({ ids: ['a'] }, (tx) => {
      tx.putJob(job('a'));
      tx.putDelivery(delivery('c', 'a', { notifier: 'ops' }));
    });
    // The holder before left word of its pace.
    const before = { owner: 'zero', now_at: NOW_AT, lease_ms: 60 * SECOND_MS, limit: 2 };
    await store.claimDeliveries(before);
    await store.leaveLanes('zero', new Map([['ops', 'slowly']]));
    const claim = { ...before, owner: 'one' };
    const cut = proxy.cutAtCommit(lost);
    const claiming = store.claimDeliveries(claim);
    await cut;
    await expect(claiming).rejects.toMatchObject(UNAVAILABLE);
    const again = { ...claim, now_at: NOW_AT + SECOND_MS };
    expect(await store.earliestDeliveryAt('one')).toBeLessThanOrEqual(again.now_at);
    const [lane] = await store.claimDeliveries(again);
    expect(lane).toMatchObject({ note: 'slowly', deliveries: [{ id: 'c' }] });
    // It is claimed now, and nobody else has it.
    expect(await store.claimDeliveries({ ...again, now_at: again.now_at + 1 })).toEqual([]);
    expect(await store.claimDeliveries({ ...again, owner: 'two', now_at: again.now_at + 1 })).toEqual([]);
  });
});
