import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/clock.ts';
import { silentLogger } from '../src/observe/log.ts';
import { type Disk, realDisk } from '../src/store/lowdb/disk.ts';
import { LowdbStore } from '../src/store/lowdb/store.ts';

/**
 * The directories lie in the repository's own `build/`, which is on a real disk; the `/tmp` of a system may be memory.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Gives `use` a new directory and removes it afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  mkdirSync(ROOT, { recursive: true });
  const directory = mkdtempSync(join(ROOT, 'data-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Gives `use` the default store, opened in a directory of its own. */
export async function withStore(
  use: (store: LowdbStore, directory: string) => Promise<void>,
  disk: Disk = realDisk,
): Promise<void> {
  await withDirectory(async (directory) => {
    const store = new LowdbStore({ directory, clock: systemClock, log: silentLogger, disk });
    await store.open();
    await use(store, directory);
    await store.close();
  });
}

/** The real disk, which counts how often something was made durable. */
export class CountingDisk {
  syncs = 0;
  readonly disk: Disk = {
    ...realDisk,
    open: async (path, how) => {
      const file = await realDisk.open(path, how);
      return {
        ...file,
        datasync: () => {
          this.syncs += 1;
          return file.datasync();
        },
      };
    },
  };
}
