import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore, type LowdbStoreOptions } from '../../../src/store/lowdb/store.ts';
import type { CrashDisk } from '../../support/crash-disk.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { NOW_AT } from '../../support/records.ts';

/** Makes a store on a disk that no other process uses. It is not open yet. */
export function storeOn(disk: CrashDisk, options: Partial<LowdbStoreOptions> = {}): LowdbStore {
  return new LowdbStore({
    directory: '/data',
    clock: createFakeClock(NOW_AT),
    log: silentLogger,
    disk,
    lock: async () => ({ release: async () => {} }),
    ...options,
  });
}
