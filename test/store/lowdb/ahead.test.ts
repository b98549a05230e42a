import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../src/store/lowdb/disk.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { seededRandom } from '../../support/random.ts';
import { job, run } from '../../support/records.ts';
import { repetitions } from '../../support/repetitions.ts';
import { ALL, dump, referenceStates, step, withoutOutputs } from './workload.ts';
import { storeOn } from './store-on.ts';

const COUNT = { meta: ['count'] };
const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

/** A disk on which each sync of a file waits until the test lets it go, once `isHeld`. */
function holdingDisk() {
  const crash = new CrashDisk();
  const held: (() => void)[] = [];
  const state = { isHeld: false };
  const disk = overlaid<Disk>(crash, {
    async open(path, how) {
      const file = await crash.open(path, how);
      return overlaid(file, {
        async datasync() {
          if (state.isHeld) await new Promise<void>((resolve) => held.push(resolve));
          await file.datasync();
        },
      });
    },
  });
  /** Resolves once a commit waits for its sync. */
  const onItsWay = async (): Promise<void> => {
    while (held.length === 0) await new Promise(setImmediate);
  };
  return { crash, disk, state, onItsWay, letGo: () => held.splice(0).forEach((resolve) => resolve()) };
}

async function openedOn(disk: Disk) {
  const store = storeOn(disk as CrashDisk);
  await store.open();
  const seen: unknown[] = [];
  const count = (): Promise<unknown> =>
    store.transact(COUNT, (tx) => {
      const before = Number(tx.meta('count') ?? 0);
      seen.push(before);
      tx.putMeta('count', before + 1);
      return before + 1;
    });
  return { store, seen, count };
}

/** Calls a function as parts that use the store do, of which each awaits another. */
async function inLayers(fn: () => Promise<unknown>, count = 5): Promise<unknown> {
  return count === 0 ? await fn() : await inLayers(fn, count - 1);
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
};

describe('a transaction that comes while a commit is on its way to the disk', () => {
  test('runs at once on what that commit writes, and nobody sees either before it is durable', async () => {
    const { disk, state, onItsWay, letGo } = holdingDisk();
    const { store, seen, count } = await openedOn(disk);
    state.isHeld = true;
    const first = count();
    await onItsWay();
    const settled: string[] = [];
    const second = count().then(() => settled.push('second'));
    const looked = store
      .transact(COUNT, (tx) => tx.meta('count'))
      .then((value) => settled.push(`saw ${String(value)}`));
    await turns();
    expect([seen, settled, await store.meta('count')]).toEqual([[0, 1], [], undefined]);
    letGo();
    await first;
    expect(await store.meta('count')).toBe(1);
    await onItsWay();
    letGo();
    await Promise.all([second, looked]);
    expect([seen, settled, await store.meta('count')]).toEqual([[0, 1], ['second', 'saw 2'], 2]);
    state.isHeld = false;
    await store.close();
  });

  test('runs again if that commit is refused', async () => {
    const { crash, disk, state, onItsWay, letGo } = holdingDisk();
    const { store, seen, count } = await openedOn(disk);
    state.isHeld = true;
    crash.fault = (call) => (call === 'write' ? { error: FULL } : null);
    // The refused line is cut back, and that is what waits for the sync.
    const first = count().catch((error: unknown) => error);
    await onItsWay();
    const second = count();
    await turns();
    crash.fault = () => null;
    state.isHeld = false;
    letGo();
    expect(await first).toMatchObject({ code: 'store_unavailable' });
    expect(await second).toBe(1);
    expect([seen, await store.meta('count')]).toEqual([[0, 1, 0], 1]);
    await store.close();
  });

  test('runs again only when those who were refused have done what they do about it', async () => {
    const { crash, disk, state, onItsWay, letGo } = holdingDisk();
    const { store, count } = await openedOn(disk);
    state.isHeld = true;
    crash.fault = (call) => (call === 'write' ? { error: FULL } : null);
    // The checker must not judge a job before Cronflow has noted that it refused a ping.
    let isRefusalNoted = false;
    const first = inLayers(count).catch(() => void (isRefusalNoted = true));
    await onItsWay();
    const seen: boolean[] = [];
    const second = store.transact(COUNT, () => void seen.push(isRefusalNoted));
    await turns();
    crash.fault = () => null;
    state.isHeld = false;
    letGo();
    await Promise.all([first, second]);
    expect(seen).toEqual([false, true]);
    await store.close();
  });

  test('runs again if that commit had to leave out its outputs', async () => {
    const { crash, disk, state, onItsWay, letGo } = holdingDisk();
    const { store } = await openedOn(disk);
    await store.transact(ALL, (tx) => tx.putJob(job('a')));
    state.isHeld = true;
    let writes = 0;
    crash.fault = (call) => (call === 'write' && (writes += 1) === 1 ? { error: FULL } : null);
    const end = store.transact(ALL, (tx) => {
      tx.putRun(run('a', 1, { output_bytes: 4 }));
      tx.putOutput('a', 'a-1', { text: 'done', dropped_bytes: 0 });
    });
    await onItsWay();
    const seen: unknown[] = [];
    const look = store.transact(ALL, (tx) => {
      const row = tx.runsOf('a').get('a-1');
      seen.push(row?.kind === 'run' ? row.output_bytes : undefined);
    });
    await turns();
    state.isHeld = false;
    letGo();
    await Promise.all([end, look]);
    expect(seen).toEqual([4, 0]);
    await store.close();
  });

  test.each(Array.from({ length: repetitions(6, 30) }, (_, seed) => seed))(
    'does what it would do alone, whatever fails and whenever it comes (seed %i)',
    async (seed) => {
      const random = seededRandom(seed + 1);
      const disk = new CrashDisk();
      const store = storeOn(disk, { limits: { snapshotJournalBytes: 4_000, logBytesMax: 0 } });
      await store.open();
      const numbers: number[] = [];
      const all: Promise<void>[] = [];
      const issue = (): void => {
        const done = store.transact(ALL, step).then((number) => void numbers.push(number));
        all.push(done.catch(() => {}));
      };
      let isFull = false;
      disk.fault = (call) => {
        if (all.length < STEPS && random() < 0.5) issue();
        if (random() < 0.1) isFull = !isFull;
        return isFull && call === 'write' ? { error: FULL } : null;
      };
      while (all.length < STEPS) {
        issue();
        if (random() < 0.5) await all.at(-1);
      }
      await Promise.all(all);
      disk.fault = () => null;
      expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      const state = withoutOutputs(await dump(store));
      expect(state).toEqual(withoutOutputs(REFERENCES[numbers.length]!));
      await store.close();
      const again = storeOn(disk.afterKill());
      await again.open();
      expect(withoutOutputs(await dump(again))).toEqual(state);
      await again.close();
    },
  );
});

const STEPS = 60;
const REFERENCES = await referenceStates(STEPS);
