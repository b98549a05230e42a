import { describe, expect, test } from 'vitest';
import { type Migration, MIGRATIONS } from '../../../src/store/local/migrations.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk, narrowDisk } from '../../support/crash-disk.ts';
import { seededRandom } from '../../support/random.ts';
import { ALL, dump, referenceStates, step } from './workload.ts';
import { storeOn } from './store-on.ts';

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const NEWER: readonly Migration[] = [...MIGRATIONS, (_table, record) => record];
const SEEDS = 40;
const references = await referenceStates(12);

/** What a full disk does not let through, by the kind of disk. */
const disks: Record<string, ReadonlySet<string>> = {
  'without space': new Set(['write']),
  'without room for another file': new Set(['makeDirectory', 'open-create']),
  'without room in its directories': new Set(['rename']),
};

function storeWith(disk: CrashDisk, migrations: readonly Migration[] = MIGRATIONS): LowdbStore {
  return storeOn(disk, {
    migrations,
    fatal: (error) => {
      throw error;
    },
  });
}

async function opened(disk: CrashDisk, migrations?: readonly Migration[]): Promise<LowdbStore> {
  const store = storeWith(disk, migrations);
  await store.open();
  return store;
}

/** A data directory that is there and empty, as an image or a package makes one. */
async function emptyDisk(): Promise<CrashDisk> {
  const disk = new CrashDisk();
  await disk.makeDirectory('/data');
  await disk.syncDirectory('/');
  return disk;
}

const small = (store: LowdbStore): Promise<void> => store.transact(ALL, (tx) => tx.putMeta('alive', 1));

function fill(disk: CrashDisk, refused: ReadonlySet<string>): void {
  // That the directory is there is known without a free entry.
  disk.fault = (call, path) => (refused.has(call) && path !== '/data' ? { error: FULL } : null);
}

describe.each(Object.entries(disks))('the very first start on a disk %s', (_name, refused) => {
  test('refuses commits until there is space, and loses none after that to a power failure', async () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const disk = await emptyDisk();
      fill(disk, refused);
      const store = await opened(disk);
      for (let i = 0; i < 2; i += 1) {
        await expect(store.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
      }
      expect(store.health()).toEqual({
        ok: false,
        refuses: 'commits',
        detail: expect.stringContaining('ENOSPC') as string,
      });
      expect(await dump(store)).toEqual(references[0]);
      disk.fault = () => null;
      for (let count = 1; count <= 8; count += 1) expect(await store.transact(ALL, step)).toBe(count);
      expect(store.health()).toEqual({ ok: true });
      const again = await opened(disk.afterPowerFailure(seededRandom(seed)));
      expect(await dump(again)).toEqual(references[8]);
    }
  });

  test('can be stopped and repeated', async () => {
    const disk = await emptyDisk();
    fill(disk, refused);
    const first = await opened(disk);
    await expect(first.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
    await first.close();
    const second = await opened(disk.afterKill());
    expect(await second.transact(ALL, step)).toBe(1);
  });
});

describe.each(Object.entries(disks))('a newer version that starts on a disk %s', (_name, refused) => {
  test('takes nothing away from what the older version wrote, and goes on', async () => {
    for (const isClosed of [true, false]) {
      const disk = await emptyDisk();
      const older = await opened(disk);
      for (let i = 0; i < 3; i += 1) await older.transact(ALL, step);
      if (isClosed) await older.close();
      fill(disk, refused);
      const newer = await opened(disk, NEWER);
      await expect(newer.transact(ALL, step)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(await dump(newer)).toEqual(references[3]);
      // Killed before there was space: the older version must find all that it had.
      expect(await dump(await opened(disk.afterKill()))).toEqual(references[3]);
      expect(await dump(await opened(disk.afterKill(), NEWER))).toEqual(references[3]);
      disk.fault = () => null;
      // A snapshot may count only once the segment after it is there.
      await newer.close();
      const third = await opened(disk.afterPowerFailure(seededRandom(1)), NEWER);
      expect(await third.transact(ALL, step)).toBe(4);
    }
  });
});

describe('a disk that has space for small commits only', () => {
  const SPACE_BYTES = 2_000;
  const big = (store: LowdbStore): Promise<void> =>
    store.transact(ALL, (tx) => tx.putMeta('big', 'x'.repeat(10 * SPACE_BYTES)));

  test('makes a failing store until a commit that it refused works again', async () => {
    const narrow = narrowDisk(SPACE_BYTES);
    narrow.isFull = true;
    const { disk } = narrow;
    const store = await opened(disk);
    await small(store);
    expect(store.health()).toEqual({ ok: true });
    await expect(big(store)).rejects.toMatchObject({ code: 'store_unavailable' });
    for (let i = 0; i < 3; i += 1) {
      await small(store);
      expect(store.health()).toMatchObject({ ok: false });
    }
    narrow.isFull = false;
    // Nobody repeats what was refused: a probe that waits for a ping that waits for the probe would wait for ever.
    await small(store);
    expect(store.health()).toEqual({ ok: true });
    expect(disk.files().filter((path) => path.endsWith('.tmp'))).toEqual([]);
    await big(store);
  });
});
