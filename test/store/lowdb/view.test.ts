import { expect, test } from 'vitest';
import type { Change } from '../../../src/store/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { storeOn } from './store-on.ts';
import { ALL } from './workload.ts';

/** A disk whose syncs of file contents wait, from when they are held until they are released. */
function slowDisk(): { disk: CrashDisk; hold: () => void; release: () => void } {
  const disk = new CrashDisk();
  let held = Promise.resolve();
  let release: (() => void) | null = null;
  const open = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open(path, how);
    return {
      ...file,
      datasync: async () => {
        await held;
        await file.datasync();
      },
    };
  };
  return {
    disk,
    hold: () => {
      held = new Promise((resolve) => (release = resolve));
    },
    release: () => release?.(),
  };
}

test('a view waits for no disk and sees nothing that is not synced, and nobody is told of it', async () => {
  const { disk, hold, release } = slowDisk();
  const store = storeOn(disk);
  await store.open();
  await store.transact(ALL, (tx) => tx.putMeta('configuration', 'old'));
  const read = (): Promise<unknown> =>
    store.view({ meta: ['configuration'] }, (view) => view.meta('configuration'));
  const told: Change[] = [];
  store.watch((changes) => void told.push(...changes));
  hold();
  const done = store.transact(ALL, (tx) => tx.putMeta('configuration', 'new'));
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  expect([await read(), told]).toEqual(['old', []]);
  release();
  await done;
  await new Promise(setImmediate);
  expect([await read(), told]).toEqual(['new', [{ type: 'configuration' }]]);
  await store.close();
});
