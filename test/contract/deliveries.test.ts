import { describe, expect, test } from 'vitest';
import {
  type ClaimedLane,
  type ClaimOptions,
  type DeliveryFilter,
  type LaneLease,
  type Store,
  type Tx,
} from '../../src/store/store.ts';
import { claimed } from '../support/store.ts';
import type { Delivery } from '../../src/core/model/records.ts';
import { delivery, ids, job, NOW_AT, systemDelivery } from '../support/records.ts';
import { PAGE, helpersOf, openBeforeEach, rows } from './stores.ts';

const CLAIM = { owner: 'one', now_at: NOW_AT, lease_ms: 60_000, limit: 10 };

describe.each(rows)('the $name store', ({ make }) => {
  let store: Store;
  openBeforeEach(make, (opened) => (store = opened));

  const { write } = helpersOf(() => store);
  const claim = async (changes: Partial<ClaimOptions> = {}): Promise<string[]> =>
    ids(await claimed(store, { ...CLAIM, ...changes }));
  const firstLane = async (options: ClaimOptions): Promise<ClaimedLane> => {
    const [lane] = await store.claimDeliveries(options);
    return lane!;
  };
  const put = (...deliveries: Delivery[]): Promise<void> =>
    write((tx) => {
      for (const id of ['a', 'b']) if (!tx.jobById(id)) tx.putJob(job(id));
      for (const each of deliveries) tx.putDelivery(each);
    });

  describe('deliveries', () => {
    test('are claimed one at a time of each job and notifier, the oldest first', async () => {
      await put(
        delivery('a1', 'a'),
        delivery('a2', 'a'),
        delivery('b1', 'b'),
        delivery('a1p', 'a', { notifier: 'pager' }),
      );
      expect((await claim()).sort()).toEqual(['a1', 'a1p', 'b1']);
      expect(await claim()).toEqual([]);
      await put(delivery('a1', 'a', { status: 'sent' }));
      expect(await claim()).toEqual(['a2']);
    });

    test('of system incidents form one line for each incident', async () => {
      await put(
        systemDelivery('s1', { incident_id: 'one' }),
        systemDelivery('s2', { incident_id: 'one' }),
        systemDelivery('s3', { incident_id: 'two' }),
      );
      expect((await claim()).sort()).toEqual(['s1', 's3']);
    });

    test('are ordered by when they were first put, whichever were put again since', async () => {
      await put(delivery('a1', 'a'), delivery('a2', 'a'));
      await put(delivery('a1', 'a', { status: 'dead' }));
      expect(await claim()).toEqual(['a2']);
      await put(delivery('a1', 'a'), delivery('a2', 'a'));
      expect(await claim()).toEqual(['a1']);
    });

    test('hold back those behind them while they wait or are leased', async () => {
      await put(delivery('a1', 'a', { next_attempt_at: NOW_AT + 5 }), delivery('a2', 'a'));
      expect(await claim()).toEqual([]);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 5);
      expect(await claim({ now_at: NOW_AT + 5 })).toEqual(['a1']);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 5 + CLAIM.lease_ms);
    });

    test('can be claimed again when the lease is up, not before', async () => {
      await put(delivery('a1', 'a'));
      await claim();
      expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms - 1 })).toEqual([]);
      expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
    });

    test('lose their lease when they are put again', async () => {
      await put(delivery('a1', 'a'));
      await claim();
      await put(delivery('a1', 'a', { attempts: 1, next_attempt_at: NOW_AT + 3 }));
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT + 3);
      expect(await claim({ now_at: NOW_AT + 3 })).toEqual(['a1']);
    });

    test('are limited per notifier, the longest due first', async () => {
      await write((tx) => {
        for (let i = 0; i < 5; i += 1) {
          tx.putJob(job(`j${i}`));
          tx.putDelivery(delivery(`o${i}`, `j${i}`, { next_attempt_at: NOW_AT - i }));
          tx.putDelivery(delivery(`p${i}`, `j${i}`, { notifier: 'pager', next_attempt_at: NOW_AT + i }));
        }
      });
      expect((await claim({ limit: 2 })).sort()).toEqual(['o3', 'o4', 'p0']);
      expect((await claim({ limit: 2 })).sort()).toEqual(['o1', 'o2']);
    });

    test('that are finished or deleted are owed no more', async () => {
      expect(await store.earliestDeliveryAt('one')).toBeNull();
      await put(delivery('a1', 'a'), delivery('a2', 'a'), delivery('b1', 'b'));
      await write((tx) => tx.deleteDelivery('a1'));
      expect((await claim()).sort()).toEqual(['a2', 'b1']);
      await put(delivery('a2', 'a', { status: 'sent' }), delivery('b1', 'b', { status: 'dead' }));
      expect(await store.earliestDeliveryAt('one')).toBeNull();
      expect(await claim({ now_at: NOW_AT * 2 })).toEqual([]);
      expect(ids((await store.deliveries(PAGE)).items)).toEqual(['a2', 'b1']);
      expect(ids((await store.deliveries({ ...PAGE, status: 'dead' })).items)).toEqual(['b1']);
      expect((await store.deliveries({ ...PAGE, status: 'pending' })).total).toBe(0);
    });

    test('are listed and counted for each notifier', async () => {
      expect(await store.deliveryCounts()).toEqual([]);
      await put(
        delivery('a1', 'a', { status: 'sent', created_at: NOW_AT - 9 }),
        delivery('a2', 'a', { incident_id: 'a.2', created_at: NOW_AT - 3 }),
        delivery('b1', 'b', { created_at: NOW_AT - 5 }),
        delivery('b2', 'b', { notifier: 'pager', status: 'dead', created_at: NOW_AT - 7 }),
        delivery('b3', 'b', { notifier: 'Pager', status: 'dead' }),
      );
      expect(await store.deliveryCounts()).toEqual([
        { notifier: 'Pager', pending: 0, sent: 0, logged: 0, dead: 1, oldest_pending_at: null },
        { notifier: 'ops', pending: 2, sent: 1, logged: 0, dead: 0, oldest_pending_at: NOW_AT - 5 },
        { notifier: 'pager', pending: 0, sent: 0, logged: 0, dead: 1, oldest_pending_at: null },
      ]);
      const filtered = async (filter: Omit<DeliveryFilter, 'skip' | 'limit'>): Promise<string[]> =>
        ids((await store.deliveries({ ...PAGE, ...filter })).items);
      expect(await filtered({ notifier: 'ops' })).toEqual(['a2', 'b1', 'a1']);
      expect(await filtered({ notifier: 'ops', status: 'pending' })).toEqual(['a2', 'b1']);
      expect(await filtered({ notifier: 'pager' })).toEqual(['b2']);
      expect(await filtered({ notifier: 'nobody' })).toEqual([]);
      expect(await filtered({ incident_id: 'b.1' })).toEqual(['b3', 'b1', 'b2']);
      expect(await filtered({ incident_id: 'a.1', status: 'sent' })).toEqual(['a1']);
      expect(await filtered({ incident_id: 'a.2', notifier: 'pager' })).toEqual([]);
    });

    test('are limited for some notifiers by limits of their own', async () => {
      await write((tx) => {
        for (let i = 0; i < 3; i += 1) {
          tx.putJob(job(`j${i}`));
          for (const notifier of ['ops', 'pager', 'mail']) {
            tx.putDelivery(delivery(`${notifier}${i}`, `j${i}`, { notifier }));
          }
        }
      });
      const limits = new Map([
        ['pager', 3],
        ['mail', 0],
      ]);
      expect((await claim({ limit: 1, limits })).sort()).toEqual(['ops0', 'pager0', 'pager1', 'pager2']);
      expect(await store.earliestDeliveryAt('one')).toBe(NOW_AT);
      expect(await store.earliestDeliveryAt('one', new Set(['mail', 'ops']))).toBe(NOW_AT + CLAIM.lease_ms);
      expect(await store.earliestDeliveryAt('one', new Set(['mail', 'ops', 'pager']))).toBeNull();
    });

    describe('of a lane', () => {
      const OTHER = { ...CLAIM, owner: 'two' };
      const UP_AT = NOW_AT + CLAIM.lease_ms;
      const sent = { status: 'sent', finished_at: NOW_AT } as const;
      /** Returns whether the delivery was still to be finished. */
      const finish = (lease: LaneLease, id = 'a1'): Promise<boolean> =>
        store.transact({ delivery_ids: [id], lane: lease }, (tx) => {
          const stored = tx.delivery(id)!;
          tx.putDelivery({ ...stored, ...sent });
          return stored.status === 'pending';
        });

      test('belong to one owner, who also gets what comes later', async () => {
        await put(delivery('a1', 'a'));
        const { lease } = await firstLane(CLAIM);
        expect(lease).toMatchObject({ notifier: 'ops', owner: 'one' });
        await put(delivery('b1', 'b'), delivery('b2', 'b', { notifier: 'pager' }));
        expect(ids(await claimed(store, OTHER))).toEqual(['b2']);
        expect(await claim()).toEqual(['b1']);
        await finish(lease);
        expect((await store.deliveries({ ...PAGE, status: 'sent' })).total).toBe(1);
      });

      test('pass to another owner when the lease is up, and the first can finish nothing', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b', { next_attempt_at: UP_AT + 1 }));
        const first = await firstLane(CLAIM);
        expect(await claimed(store, { ...OTHER, now_at: UP_AT - 1 })).toEqual([]);
        expect(await store.earliestDeliveryAt('two')).toBe(UP_AT);
        const second = await firstLane({ ...OTHER, now_at: UP_AT });
        expect(ids(second.deliveries)).toEqual(['a1']);
        expect(second.lease.token).toBeGreaterThan(first.lease.token);
        await expect(finish(first.lease)).rejects.toMatchObject({ code: 'lease_lost' });
        expect((await store.deliveries({ ...PAGE, status: 'pending' })).total).toBe(2);
        expect(await claim({ now_at: UP_AT + 1 })).toEqual([]);
        await finish(second.lease);
      });

      test('stay with an owner who goes on claiming, for as long as something is owed', async () => {
        await put(
          delivery('a1', 'a', { next_attempt_at: NOW_AT }),
          delivery('b1', 'b', { next_attempt_at: UP_AT * 2 }),
        );
        const { lease } = await firstLane(CLAIM);
        await finish(lease);
        for (let at = NOW_AT; at < NOW_AT + 5 * CLAIM.lease_ms; at += CLAIM.lease_ms / 2)
          expect(await claim({ now_at: at })).toEqual([]);
        await put(delivery('a2', 'a'));
        expect(await claimed(store, { ...OTHER, now_at: NOW_AT + 5 * CLAIM.lease_ms })).toEqual([]);
      });

      test('can be finished by an owner whose lease is up, while nobody else has claimed', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        const { lease } = await firstLane({ ...CLAIM, limit: 1 });
        const again = await firstLane({ ...CLAIM, now_at: UP_AT * 2, limit: 1 });
        expect(again.lease).toEqual(lease);
        await finish(lease);
      });

      test('are not held by a lease that a clock made which was set back since', async () => {
        await put(delivery('a1', 'a'));
        await claim({ now_at: NOW_AT + 100 * CLAIM.lease_ms });
        // Whoever notices such a clock puts again what waits by it.
        await put(delivery('a1', 'a'));
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('are free at once when the owner gives the lane up', async () => {
        await put(delivery('a1', 'a'));
        const { lease } = await firstLane(CLAIM);
        await store.leaveLanes('two', new Map());
        expect(await claimed(store, OTHER)).toEqual([]);
        await store.leaveLanes('one', new Map());
        await expect(finish(lease)).rejects.toMatchObject({ code: 'lease_lost' });
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('are given up alone where the owner goes on with others', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b', { notifier: 'pager' }));
        expect(ids(await claimed(store, CLAIM)).sort()).toEqual(['a1', 'b1']);
        await store.leaveLanes('one', new Map([['ops', 'slowly']]), 'ops');
        const lanes = await store.claimDeliveries(OTHER);
        expect(lanes.map(({ lease, note }) => [lease.notifier, note])).toEqual([['ops', 'slowly']]);
      });

      test('come with the note that the last owner left, and with none from oneself', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b', { next_attempt_at: UP_AT }));
        expect((await firstLane(CLAIM)).note).toBeUndefined();
        await claim({ notes: new Map([['ops', { pace: 1 }]]) });
        await claimed(store, { ...OTHER, notes: new Map([['ops', { pace: 'of nobody' }]]) });
        await put(delivery('a1', 'a', { attempts: 1 }));
        expect((await firstLane(CLAIM)).note).toBeUndefined();
        expect((await firstLane({ ...OTHER, now_at: UP_AT })).note).toEqual({ pace: 1 });
        await store.leaveLanes('two', new Map([['ops', { pace: 2 }]]));
        expect((await firstLane({ ...CLAIM, now_at: UP_AT })).note).toEqual({ pace: 2 });
      });

      test('are not taken by an owner who has no room for any', async () => {
        await put(delivery('a1', 'a'));
        const none = new Map([['ops', 0]]);
        expect(await claim({ limits: none })).toEqual([]);
        expect(ids(await claimed(store, OTHER))).toEqual(['a1']);
      });

      test('are each claimed once and finished once, whoever of three comes when', async () => {
        const random = generator(5);
        const jobs = Array.from({ length: 12 }, (_, at) => `j${at}`);
        await write((tx) => {
          for (const id of jobs) {
            tx.putJob(job(id));
            for (const notifier of ['ops', 'pager'])
              tx.putDelivery(delivery(`${id}-${notifier}`, id, { notifier }));
          }
        });
        const finished: string[] = [];
        const held: { lease: LaneLease; id: string }[] = [];
        let nowAt = NOW_AT;
        for (let round = 0; round < 400 && finished.length < 2 * jobs.length; round += 1) {
          nowAt += random(4);
          const owner = `owner-${random(3)}`;
          for (const { lease, deliveries } of await store.claimDeliveries({
            owner,
            now_at: nowAt,
            lease_ms: 6,
            limit: 2,
          }))
            held.push(...deliveries.map(({ id }) => ({ lease, id })));
          if (random(9) === 0) await store.leaveLanes(owner, new Map());
          const [attempt] = held.splice(random(held.length), 1);
          if (attempt === undefined) continue;
          await finish(attempt.lease, attempt.id).then(
            (isNew) => void (isNew && finished.push(attempt.id)),
            (error: unknown) => expect(error).toMatchObject({ code: 'lease_lost' }),
          );
        }
        expect(finished.toSorted()).toEqual(jobs.flatMap((id) => [`${id}-ops`, `${id}-pager`]).toSorted());
      });
    });

    describe('that are merged', () => {
      const merged = delivery('a1', 'a', { merged_ids: ['b1'] });
      const member = delivery('b1', 'b', { merged_into: 'a1' });

      test('are claimed as one, whichever was put first, and hold back those behind them', async () => {
        await put(member, merged, delivery('b2', 'b'), delivery('a2', 'a'));
        expect(await claim()).toEqual(['a1']);
        expect(await claim()).toEqual([]);
        await put({ ...merged, status: 'sent' }, { ...member, status: 'sent' });
        expect((await claim()).sort()).toEqual(['a2', 'b2']);
      });

      test('keep the lease of the delivery that they are merged into', async () => {
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        expect((await claim()).sort()).toEqual(['a1', 'b1']);
        await put(merged, member);
        expect(await claim()).toEqual([]);
        expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
        await put({ ...merged, attempts: 1 });
        expect(await claim({ now_at: NOW_AT + CLAIM.lease_ms })).toEqual(['a1']);
      });

      test('keep the lease when they are taken out of the merged delivery again', async () => {
        await put(merged, member);
        expect(await claim()).toEqual(['a1']);
        await put(delivery('a1', 'a'), delivery('b1', 'b'));
        expect(await claim()).toEqual(['b1']);
        expect((await claim({ now_at: NOW_AT + CLAIM.lease_ms })).sort()).toEqual(['a1', 'b1']);
      });

      test.each([
        ['finished without them', (tx: Tx): void => tx.putDelivery({ ...merged, status: 'dead' })],
        ['deleted', (tx: Tx): void => tx.deleteDelivery('a1')],
        ['removed with its job', (tx: Tx): void => tx.deleteJob('a')],
      ])('go their own way when the delivery that they are merged into is %s', async (_, end) => {
        await put(merged, member);
        expect(await claim()).toEqual(['a1']);
        await write(end);
        expect(await claim()).toEqual(['b1']);
      });
    });

    test('never overtake each other, whatever is claimed and finished', async () => {
      const random = generator(11);
      let made = 0;
      const done = new Map<string, number>();
      let nowAt = NOW_AT;
      for (let round = 0; round < 60; round += 1) {
        await put(
          ...Array.from({ length: random(4) }, () => {
            made += 1;
            return delivery(`d${made}`, 'ab'[random(2)]!, {
              notifier: `n${random(2)}`,
              next_attempt_at: nowAt + random(9),
            });
          }),
        );
        nowAt += random(5);
        for (const item of await claimed(store, { now_at: nowAt, lease_ms: 3, limit: 2 })) {
          const line = `${item.job_id} ${item.notifier}`;
          const number = Number(item.id.slice(1));
          expect(number).toBeGreaterThan(done.get(line) ?? 0);
          if (random(3) === 0) continue;
          const sent = random(2) === 0;
          if (sent) done.set(line, number);
          await put({ ...item, status: sent ? 'sent' : 'pending', next_attempt_at: nowAt + 2 });
        }
      }
      expect(done.size).toBe(4);
    });
  });
});

/** Numbers below `max`, the same in every run. */
function generator(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % max;
  };
}
