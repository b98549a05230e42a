import { dirname, resolve as absolute } from 'node:path';
import { Low } from 'lowdb';
import { type Clock, systemClock } from '../../clock.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { Changes } from '../local/changes.ts';
import { LocalStore } from '../local/local-store.ts';
import { Tables } from '../local/tables.ts';
import { Overlay } from '../local/overlay.ts';
import { runTransaction } from '../local/tx.ts';
import { ReadBudget } from '../read-budget.ts';
import {
  type Output,
  OUTPUTS_REFUSED,
  type Past,
  type PastLimits,
  type Scope,
  type StoreHealth,
  type Tx,
} from '../store.ts';
import { type AdapterLimits, type Data, JournalAdapter } from './adapter.ts';
import { Batch, SLICE_MS_MAX, type Waiting } from './batch.ts';
import { takeDirectory, unusable } from './directory.ts';
import { type Disk, realDisk } from './disk.ts';
import { acquireLock, type Lock } from './lock.ts';
import { type Migration, MIGRATIONS } from '../local/migrations.ts';
import { readPast } from './past.ts';
import { DAY_MS } from '../../schedule/units.ts';

const MIB = 2 ** 20;
/** The exit code when a sync failed. The service manager starts the process anew, which then recovers. */
const EXIT_CODE_UNSYNCED = 70;
/** The limits of a data directory unless its store is given others (docs/design.md §3.5). */
export const DEFAULT_LIMITS: AdapterLimits = {
  snapshotJournalBytes: 8 * MIB,
  segmentMsMax: DAY_MS,
  logMsMax: 30 * DAY_MS,
  logBytesMax: 1024 * MIB,
  outputBytesMax: 1024 * MIB,
};

export interface LowdbStoreOptions {
  /** The data directory, which is created if it is missing. */
  directory: string;
  clock: Clock;
  log: Logger;
  /** Is told how long each sync of a commit took, in milliseconds. */
  onSync?: (durationMs: number) => void;
  limits?: Partial<AdapterLimits>;
  /** This option and those after it are for tests. */
  disk?: Disk;
  lock?: (directory: string) => Promise<Lock>;
  migrations?: readonly Migration[];
  freeze?: boolean;
  /** Is called when a sync failed and nothing on disk can be trusted. By default it ends the process. */
  fatal?: (error: Error) => void;
}

/** Calls a function at the end of the turn. It takes less than `queueMicrotask`, which makes a resource for each call. */
function soon(fn: () => void): void {
  void Promise.resolve().then(fn);
}

/** How the commit of a batch ended. */
type Written =
  /** It is durable; `changes` is null where nothing was written. */
  | { changes: Changes | null; isWhole: boolean }
  /** Nothing of it is stored. */
  | { error: unknown };

/**
 * The default store: lowdb with a journal, which makes the cost of a commit depend only on its changes (docs/design.md
 * §6).
 */
export class LowdbStore extends LocalStore {
  readonly #options: LowdbStoreOptions;
  readonly #disk: Disk;
  readonly #adapter: JournalAdapter;
  readonly #db: Low<Data>;
  #lock: Lock | null = null;
  #state: 'new' | 'open' | 'closing' | 'closed' = 'new';
  #waiting: Waiting[] = [];
  #committing: Promise<void> | null = null;
  /** Takes the transactions that come while a commit is on its way to the disk. */
  #next: Batch | null = null;
  #willRunAhead = false;
  #health: StoreHealth = { ok: true };

  constructor(options: LowdbStoreOptions) {
    super((error) => options.log.error('a listener of commits failed', { error: errorText(error) }));
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#adapter = new JournalAdapter({
      directory: options.directory,
      clock: options.clock,
      log: options.log,
      disk: this.#disk,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      migrations: options.migrations ?? MIGRATIONS,
      freeze: options.freeze ?? false,
      fatal: (error) => this.#fatal(error),
      ...(options.onSync === undefined ? {} : { onSync: options.onSync }),
    });
    this.#db = new Low<Data>(this.#adapter, { tables: new Tables(), pending: null });
  }

  protected get tables(): Tables {
    if (this.#state === 'new') throw new Error('The store is not open.');
    return this.#db.data.tables;
  }

  async open(): Promise<void> {
    if (this.#state !== 'new') throw new Error('A store is opened once.');
    const { directory, log } = this.#options;
    const { first, isReadByOthers } = await takeDirectory(this.#disk, directory);
    await this.#syncWay(first);
    if (isReadByOthers) log.warn('others can read the data directory; make it mode 0700', { directory });
    // The lock uses real time even under a test's clock, because it waits for other processes.
    this.#lock = await (this.#options.lock ?? ((path) => acquireLock(path, systemClock)))(directory);
    try {
      await this.#db.read();
    } catch (error) {
      await this.#adapter.abandon();
      await this.#lock.release();
      throw unusable(directory, error);
    }
    this.#state = 'open';
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    await this.#committing;
    try {
      await this.#adapter.close(this.tables);
    } finally {
      await this.#lock?.release();
      this.#state = 'closed';
    }
  }

  /**
   * Commits a transaction as `Store.transact` says. Transactions that come while a commit is under way share the next
   * one, which is one line and one sync. Each sees the writes of those before it, and none is settled before all are
   * durable. While a commit is on its way to the disk, the transactions of the next one run already, as if it were
   * durable. If it turns out not to be, they run again.
   */
  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    if (this.#state !== 'open')
      return Promise.reject(new CronflowError('stopping', 'The store is not open.'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        run(overlay) {
          try {
            const result = runTransaction(overlay, scope, fn);
            return () => resolve(result);
          } catch (error) {
            return () => reject(error);
          }
        },
        reject,
      });
      if (this.#next === null) this.#committing ??= this.#commitAll();
      else this.#runAheadBy(soon);
    });
  }

  async output(jobId: string, runId: string): Promise<Output | undefined> {
    const ref = this.tables.outputRef(runId);
    return ref?.job_id === jobId ? this.#adapter.output(ref) : undefined;
  }

  async past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past> {
    const { directory, clock } = this.#options;
    const budget = new ReadBudget(clock, limits);
    return readPast(jobId, fromAt, { disk: this.#disk, directory, budget, uptoSeq: this.#adapter.seq });
  }

  health(): StoreHealth {
    return this.#health;
  }

  async #commitAll(): Promise<void> {
    // Calls of the same turn share a commit.
    await Promise.resolve();
    let batch = this.#batch();
    let writing = this.#commit(batch);
    while (!batch.isEmpty) {
      const assuming = new Batch(new Overlay(this.tables, batch.overlay), this.#options.clock);
      this.#next = assuming;
      // Those whose commit is over are answered first.
      if (this.#waiting.length > 0) this.#runAheadBy(setImmediate);
      const written = await writing;
      const isAsAssumed = 'changes' in written && written.isWhole;
      if (isAsAssumed) assuming.take(this.#waiting, SLICE_MS_MAX);
      this.#next = null;
      if ('error' in written) await this.#refuse(batch, written.error);
      const next = isAsAssumed ? assuming : this.#batchAgain(assuming);
      // The next commit goes to the disk before the clients of this one are answered.
      writing = this.#commit(next);
      if ('changes' in written) this.#settle(batch, written.changes);
      batch = next;
    }
    // The commit is over in the same turn as the last look at the queue, because a call in between would wait for ever.
    this.#committing = null;
  }

  #batch(): Batch {
    const batch = new Batch(new Overlay(this.tables), this.#options.clock);
    batch.take(this.#waiting);
    return batch;
  }

  /**
   * Runs transactions that wait while a commit is on its way to the disk.
   * @param defer calls a function later, when the caller has done what comes first
   */
  #runAheadBy(defer: (fn: () => void) => void): void {
    if (this.#willRunAhead) return;
    this.#willRunAhead = true;
    defer(() => {
      this.#willRunAhead = false;
      this.#next?.take(this.#waiting, SLICE_MS_MAX);
      if (this.#waiting.length > 0 && this.#next?.isFull === false) this.#runAheadBy(setImmediate);
    });
  }

  /** Runs transactions again that ran on changes which were not stored as they were. */
  #batchAgain({ transactions }: Batch): Batch {
    this.#waiting.unshift(...transactions);
    return this.#batch();
  }

  #settle(batch: Batch, changes: Changes | null): void {
    batch.settle();
    if (changes !== null) this.feed.tell(changes, this.tables);
  }

  /**
   * Refuses the transactions of a batch. It resolves when those who called them have heard of it, because they may note
   * what other transactions have to know: the checker judges no job while a refused ping may be missing.
   */
  async #refuse(batch: Batch, error: unknown): Promise<void> {
    this.#noteFailure(error);
    batch.reject(error);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  /** Commits what the transactions of a batch wrote. Never rejects. */
  async #commit({ overlay, isEmpty }: Batch): Promise<Written> {
    if (isEmpty || overlay.isEmpty()) return { changes: null, isWhole: true };
    try {
      return await this.#write(overlay);
    } catch (error) {
      return { error };
    }
  }

  async #write(overlay: Overlay): Promise<Written> {
    const data = this.#db.data;
    const changes = overlay.changes();
    const pending = { changes, outputTexts: overlay.outputTexts, outputsRefused: null };
    data.pending = pending;
    try {
      await this.#db.write();
    } finally {
      data.pending = null;
    }
    if (pending.outputsRefused !== null) {
      this.#noteRefusedOutputs(pending.outputsRefused);
      return { changes, isWhole: false };
    }
    if (!this.#health.ok && (await this.#adapter.isMended())) {
      this.#options.log.info('the store can be written to again');
      this.#health = { ok: true };
    }
    return { changes, isWhole: true };
  }

  #noteFailure(error: unknown): void {
    const detail = errorText(error);
    if (this.#health.ok || this.#health.refuses === 'outputs')
      this.#options.log.error('nothing can be stored', { error: detail });
    this.#health = { ok: false, refuses: 'commits', detail };
  }

  #noteRefusedOutputs(error: string): void {
    if (this.#health.ok) this.#options.log.error('no output can be stored', { error });
    this.#health = { ok: false, refuses: 'outputs', detail: `${OUTPUTS_REFUSED}: ${error}` };
  }

  #fatal(error: Error): void {
    if (this.#options.fatal) return this.#options.fatal(error);
    this.#options.log.error('the disk failed to sync; ending, because nothing after this can be trusted', {
      error: error.message,
    });
    process.exit(EXIT_CODE_UNSYNCED);
  }

  /**
   * Syncs the names on the way to the data directory. It does so every time, because an earlier start may have made
   * them and been killed before their sync. A failure is an error only for the directories that this start made, since
   * those of others need not even be readable.
   * @param first the first directory that this start made
   */
  async #syncWay(first: string | undefined): Promise<void> {
    const directory = absolute(this.#options.directory);
    let isOurs = first !== undefined;
    for (let made = directory; made !== dirname(made); made = dirname(made)) {
      const isNeeded = isOurs || made === directory;
      await this.#disk.syncDirectory(dirname(made)).catch((error: unknown) => {
        if (isNeeded) throw unusable(directory, error);
      });
      if (first !== undefined && made === absolute(first)) isOurs = false;
    }
  }
}
