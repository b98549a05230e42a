import type { Clock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';

/** The part that survives the process of Cronflow, from which its store comes when it starts again. */
export interface Disk {
  open(clock: Clock): Promise<Store>;
  /** Closes the store after a clean stop. */
  close(store: Store): Promise<void>;
  /** Lets the process vanish without a word. Nothing that was answered may be lost. */
  crash(random: () => number): void;
  /** Returns what the stores were asked and have not answered yet; null for nothing. No time passes before that. */
  underWay?(): Promise<void> | null;
}

/** A disk that has everything that was ever committed. */
export class MemoryDisk implements Disk {
  readonly #store: MemoryStore;

  /** @param options.freeze is false for months of many jobs */
  constructor({ freeze = true } = {}) {
    this.#store = new MemoryStore({ freeze });
  }

  async open(): Promise<Store> {
    await this.#store.open();
    return this.#store;
  }

  /** Does nothing, because the store of the next start is the same one. */
  async close(): Promise<void> {}

  crash(): void {}
}

/** The default store on a disk that loses what was not synced. */
export class SimulatedDisk implements Disk {
  disk = new CrashDisk();
  readonly directory = '/var/data';
  readonly #limits: { snapshotJournalBytes: number; logBytesMax: number };

  /** Makes a disk. By default it has a snapshot now and then, and old segments go as soon as they may. */
  constructor(limits: { snapshotJournalBytes?: number; logBytesMax?: number } = {}) {
    this.#limits = { snapshotJournalBytes: 60_000, logBytesMax: 0, ...limits };
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

  /**
   * Lets the process vanish. Half of the crashes are power failures, after which any part of what was not synced may be
   * there.
   */
  crash(random: () => number): void {
    this.disk = random() < 0.5 ? this.disk.afterKill() : this.disk.afterPowerFailure(random);
  }
}
