import { describe, expect, test } from 'vitest';
import type { LowdbStore, LowdbStoreOptions } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { seededRandom } from '../../support/random.ts';
import { repetitions } from '../../support/repetitions.ts';
import { ALL, dump, referenceStates, step } from './workload.ts';
import { storeOn } from './store-on.ts';

/** Transactions issued at once, one group after another. */
const GROUPS = [1, 3, 1, 2, 4, 1, 1, 3, 2, 1, 5, 1, 2, 2, 1, 1, 4, 1, 3, 1];
const STEPS = GROUPS.reduce((sum, size) => sum + size);
const SEEDS = repetitions(1, 2);

const references = await referenceStates(STEPS * 3);

const OPTIONS: Partial<LowdbStoreOptions> = {
  directory: '/var/data',
  // A snapshot every few commits, and old segments gone as soon as they may go.
  limits: { snapshotJournalBytes: 2_000, logBytesMax: 0 },
  fatal: () => {},
};

/** How many transactions the store holds; fails unless it is in the one state there is for that number. */
async function countOf(store: LowdbStore): Promise<number> {
  const count = Number((await store.meta('count')) ?? 0);
  expect(await dump(store)).toEqual(references[count]);
  return count;
}

/**
 * Opens a store and works with it until the disk crashes, if it does.
 * @returns the number of the last transaction that anyone was told or shown, at least `known`
 */
async function work(disk: CrashDisk, known: number): Promise<number> {
  let seen = known;
  const store = storeOn(disk, OPTIONS);
  try {
    await store.open();
    seen = Math.max(seen, Number((await store.meta('count')) ?? 0));
    for (const size of GROUPS) {
      const group = Array.from({ length: size }, async () => {
        seen = Math.max(seen, await store.transact(ALL, step));
      });
      await Promise.all(group);
    }
    await store.close();
  } catch {
    // Whatever the store makes of a disk that is gone; only what it promised before counts.
  }
  return seen;
}

async function recovered(disk: CrashDisk, seen: number): Promise<number> {
  const store = storeOn(disk, OPTIONS);
  await store.open();
  const count = await countOf(store);
  expect(count).toBeGreaterThanOrEqual(seen);
  expect(store.health()).toEqual({ ok: true });
  expect(await store.transact(ALL, step)).toBe(count + 1);
  await countOf(store);
  await store.close();
  return count + 1;
}

const calls = await (async () => {
  const disk = new CrashDisk();
  if ((await work(disk, 0)) !== STEPS) throw new Error('the workload itself fails');
  return disk.calls;
})();

describe(`a crash before any of ${calls} calls to the disk`, () => {
  test('that ends the process leaves what was acknowledged, and nothing in part', async () => {
    for (let crashAt = 0; crashAt <= calls; crashAt += 1) {
      const disk = new CrashDisk();
      disk.crashAt = crashAt;
      const seen = await work(disk, 0);
      expect(await recovered(disk.afterKill(), seen)).toBeGreaterThan(seen);
    }
  });

  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'that cuts the power leaves what was acknowledged, and nothing in part (seed %i)',
    async (seed) => {
      for (let crashAt = 0; crashAt <= calls; crashAt += 1) {
        const disk = new CrashDisk();
        disk.crashAt = crashAt;
        const seen = await work(disk, 0);
        const random = seededRandom(seed * 100_000 + crashAt);
        const after = disk.afterPowerFailure(random);
        try {
          const count = await recovered(after, seen);
          expect(await recovered(after.afterPowerFailure(random), count)).toBeGreaterThan(count);
        } catch (error) {
          throw new Error(`crash before call ${crashAt}`, { cause: error });
        }
      }
    },
  );

  test('leaves what was acknowledged when the power fails at any time later', async () => {
    for (let crashAt = 0; crashAt <= calls; crashAt += 1) {
      const random = seededRandom(crashAt);
      const first = new CrashDisk();
      first.crashAt = crashAt;
      let seen = await work(first, 0);
      const second = first.afterKill();
      second.crashAt = Math.floor(random() * random() * calls);
      seen = await work(second, seen);
      try {
        expect(await recovered(second.afterPowerFailure(random), seen)).toBeGreaterThan(seen);
      } catch (error) {
        throw new Error(`killed before call ${crashAt}, power cut before ${second.crashAt}`, {
          cause: error,
        });
      }
    }
  });
});
