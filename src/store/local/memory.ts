import { CronflowError } from '../../core/model/errors.ts';
import type { Output, Scope, StoreHealth, Tx, View } from '../store.ts';
import { LocalStore } from './local-store.ts';
import { Overlay } from './overlay.ts';
import { Tables } from './tables.ts';
import { runTransaction, runView } from './tx.ts';

/**
 * The reference store: it shows without a disk what the contract means, for tests and the simulator. Unless told
 * otherwise it freezes every record, so that code that mutates a record it has read fails. It loads only the history
 * that a scope asks for, as a store over a network does.
 */
export class MemoryStore extends LocalStore {
  protected readonly tables: Tables;
  readonly #outputs = new Map<string, Output>();
  readonly #isTwice: boolean;
  #closed = false;
  /** Counts the transactions that ran again because they asked for more of the history than their scope did. */
  lackCount = 0;

  /** @param options.twice runs each function twice, so that a test fails where one has an effect besides its writes */
  constructor({ freeze = true, twice = false } = {}) {
    // Nothing is logged without a service, and no listener can harm what is in memory.
    super(() => {});
    this.tables = new Tables({ freeze });
    this.#isTwice = twice;
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }

  async transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    // The other stores never run `fn` before `transact` returns, so nobody may come to rely on that here.
    await Promise.resolve();
    if (this.#closed) throw new CronflowError('stopping', 'The store is closed.');
    const run = (overlay: Overlay): T =>
      runTransaction(overlay, scope, fn, 'needed', () => void (this.lackCount += 1));
    if (this.#isTwice) run(new Overlay(this.tables));
    const overlay = new Overlay(this.tables);
    const result = run(overlay);
    if (overlay.isEmpty()) return result;
    const changes = overlay.changes();
    for (const { run_id } of this.tables.apply(changes)) this.#outputs.delete(run_id);
    for (const ref of changes.put.outputs ?? []) {
      const { run_id, dropped_bytes } = ref;
      if (!this.tables.hasOutput(ref)) continue;
      this.#outputs.set(run_id, { text: overlay.outputTexts.get(run_id)!, dropped_bytes });
    }
    this.feed.tell(changes);
    return result;
  }

  override async view<T>(scope: Scope, read: (view: View) => T): Promise<T> {
    await Promise.resolve();
    const run = (): T => runView(this.tables, scope, read, 'needed', () => void (this.lackCount += 1));
    if (this.#isTwice) run();
    return run();
  }

  async output(jobId: string, runId: string): Promise<Output | undefined> {
    return this.tables.outputRef(runId)?.job_id === jobId ? this.#outputs.get(runId) : undefined;
  }

  health(): StoreHealth {
    return { ok: true };
  }
}
