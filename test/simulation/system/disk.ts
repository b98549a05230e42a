import type { Clock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';

/** What survives Cronflow's process: where its store comes from when it starts again. */
export interface Disk {
  open(clock: Clock): Promise<Store>;
  /** After a clean stop. */
  close(store: Store): Promise<void>;
  /** The process is gone without a word; nothing that was answered may be lost. */
  crash(random: () => number): void;
}

/** Everything that was ever committed is there. */
export class MemoryDisk implements Disk {
  readonly #store: MemoryStore;

  /** @param options.freeze false for months of many jobs */
  constructor({ freeze = true } = {}) {
    this.#store = new MemoryStore({ freeze });
  }

  async open(): Promise<Store> {
    await this.#store.open();
    return this.#store;
  }

  /** The store of the next start is the same one. */
  async close(): Promise<void> {}

  crash(): void {}
}

/** The default store on a disk that loses what was not synced. */
export class SimulatedDisk implements Disk {
  disk = new CrashDisk();
  readonly directory = '/var/data';
  readonly #limits: { snapshotJournalBytes: number; logBytesMax: number };

  /** Unless told otherwise, with a snapshot now and then, and old segments gone as soon as they may go. */
  constructor(limits: { snapshotJournalBytes?: number; logBytesMax?: number } = {}) {
    this.#limits = { snapshotJournalBytes: 200_000, logBytesMax: 0, ...limits };
  }

  async open(clock: Clock): Promise<Store> {
    const store = new LowdbStore({
      directory: this.directory,
      clock,
      log: silentLogger,
      disk: this.disk,
      lock: async () => ({ release: async () => {} }),
      limits: this.#limits,
      freeze: true,
      fatal: () => {},
    });
    await store.open();
    return store;
  }

  close(store: Store): Promise<void> {
    return store.close();
  }

  /** Half of the crashes are power failures: of what was not synced any part may be there. */
  crash(random: () => number): void {
    this.disk = random() < 0.5 ? this.disk.afterKill() : this.disk.afterPowerFailure(random);
  }
}
