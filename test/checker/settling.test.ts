import { describe, expect, test } from 'vitest';
import { LIVENESS_KEY } from '../../src/apply/alive.ts';
import { applyEvent, EVENT_META } from '../../src/apply/events.ts';
import { settleJob } from '../../src/checker/settling.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { DAY_MS, HOUR_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 0, 1);
const JOBS = {
  seconds: { schedule: '*/10 * * * * *', grace: '1s' },
  every: { every: '10s', grace: '1s' },
  nightly: { schedule: '0 2 * * *' },
  hung: { schedule: '0 * * * *', max_runtime: '90m' },
  // Missed at 10:00 and told at 18:30: what is held back is due in a later stretch.
  held: { schedule: '0 2 * * *', grace: '8h', maintenance: [{ schedule: '0 9 * * *', duration: '90m' }] },
};

/** The service with jobs that nobody has looked at for days, as the checker finds them: it lives all the same. */
async function startBehind(aliveAt: number) {
  const service = await startMemoryService(START);
  await service.configure(JOBS);
  await service.ping('hung', 'start', { rid: 'a' });
  await service.store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, aliveAt));
  return service;
}

const contentOf = async ({ store }: Awaited<ReturnType<typeof startBehind>>): Promise<unknown> => {
  const { items } = await store.listJobs({ skip: 0, limit: 10 });
  return Promise.all(
    items.map(async ({ id, name, state }) => ({
      name,
      // How far time has acted says nothing of what came of it.
      state: { ...state, settled_at: null },
      runs: (await store.runsOf(id, { skip: 0, limit: 200 })).items.map(({ job_id: _id, ...run }) => run),
      days: await store
        .daysOf(id, { skip: 0, limit: 100 })
        .then((page) => page.items.map(({ job_id: _id, ...day }) => day)),
      told: (await store.deliveries({ skip: 0, limit: 100 })).items
        .filter(({ facts }) => facts.job_name === name)
        .map(({ kind, facts }) => [kind, facts.reason, facts.at]),
    })),
  );
};

/** Without the ids, which are each run's own. */
const stripped = (content: unknown): unknown =>
  JSON.parse(JSON.stringify(content).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'));

describe('what is due after an absence', () => {
  test('comes to the same result, however many pieces it is settled in', async () => {
    const now = START + DAY_MS + 3 * HOUR_MS + 12_345;
    const [whole, pieces] = [await startBehind(now), await startBehind(now)];
    for (const name of Object.keys(JOBS)) {
      const { id } = (await whole.store.jobByName(name))!;
      await whole.store.transact({ ids: [id], meta: EVENT_META }, (tx) => {
        applyEvent(tx, tx.jobById(id)!, { type: 'tick', now_at: now });
      });
      const other = (await pieces.store.jobByName(name))!;
      let count = 0;
      const settle = () =>
        pieces.store.transact({ ids: [other.id], meta: EVENT_META }, (tx) =>
          settleJob(tx, other.id, now, () => true),
        );
      while (!(await settle()).isDone) count += 1;
      expect([name, count > 0]).toEqual([name, true]);
    }
    expect(stripped(await contentOf(pieces))).toEqual(stripped(await contentOf(whole)));
  });
});
