import { CronflowError } from '../../core/model/errors.ts';
import type { Output, Scope, StoreHealth, Tx } from '../store.ts';
import { LocalStore } from './local-store.ts';
import { Tables } from './tables.ts';
import { Overlay, runTransaction } from './tx.ts';

/**
 * The reference store: it shows without a disk what the contract means, for tests and the simulator. Unless told
 * otherwise it freezes every record, so that code that mutates a record it has read fails.
 */
export class MemoryStore extends LocalStore {
  protected readonly tables: Tables;
  readonly #outputs = new Map<string, Output>();
  #closed = false;

  constructor({ freeze = true } = {}) {
    super();
    this.tables = new Tables({ freeze });
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }

  async transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    // The other stores never run `fn` before `transact` returns, so nobody may come to rely on that here.
    await Promise.resolve();
    if (this.#closed) throw new CronflowError('stopping', 'The store is closed.');
    const overlay = new Overlay(this.tables);
    const result = runTransaction(overlay, scope, fn);
    if (overlay.isEmpty()) return result;
    const changes = overlay.changes();
    for (const { run_id } of this.tables.apply(changes)) this.#outputs.delete(run_id);
    for (const ref of changes.put.outputs ?? []) {
      const { run_id, dropped_bytes } = ref;
      if (!this.tables.hasOutput(ref)) continue;
      this.#outputs.set(run_id, { text: overlay.outputTexts.get(run_id)!, dropped_bytes });
    }
    return result;
  }

  async output(jobId: string, runId: string): Promise<Output | undefined> {
    return this.tables.outputRef(runId)?.job_id === jobId ? this.#outputs.get(runId) : undefined;
  }

  health(): StoreHealth {
    return { ok: true };
  }
}
