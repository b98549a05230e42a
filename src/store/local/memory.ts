import { CronflowError } from '../../core/model/errors.ts';
import type { Output, Past, PastLimits, Scope, StoreHealth, Tx, View } from '../store.ts';
import { LocalStore } from './local-store.ts';
import { MemoryLog } from './memory-log.ts';
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
  readonly #log = new MemoryLog();
  readonly #isTwice: boolean;
  readonly isShared: boolean;
  #closed = false;
  /** Counts the transactions that ran again because they asked for more of the history than their scope did. */
  lackCount = 0;

  /**
   * @param options.twice runs each function twice and refuses one that does not do the same again, so that a test fails
   * where a function has an effect besides its writes
   * @param options.shared says that several instances use it, each in this process
   */
  constructor({ freeze = true, twice = false, shared = false } = {}) {
    // Nothing is logged without a service, and no listener can harm what is in memory.
    super(() => {});
    this.tables = new Tables({ freeze });
    this.#isTwice = twice;
    this.isShared = shared;
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
    const ran = (): { overlay: Overlay; result: T } => {
      const overlay = new Overlay(this.tables);
      return { overlay, result: run(overlay) };
    };
    const { overlay, result } = this.#isTwice
      ? ranTwice(ran, (did) => [did.result, did.overlay.changes()])
      : ran();
    if (overlay.isEmpty()) return result;
    const changes = overlay.changes();
    this.#log.add(changes.events, this.tables);
    for (const { run_id } of this.tables.apply(changes)) this.#outputs.delete(run_id);
    for (const ref of changes.put.outputs ?? []) {
      const { run_id, dropped_bytes } = ref;
      if (!this.tables.hasOutput(ref)) continue;
      this.#outputs.set(run_id, { text: overlay.outputTexts.get(run_id)!, dropped_bytes });
    }
    this.feed.tell(changes, this.tables);
    return result;
  }

  override async view<T>(scope: Scope, read: (view: View) => T): Promise<T> {
    await Promise.resolve();
    const run = (): T => runView(this.tables, scope, read, 'needed', () => void (this.lackCount += 1));
    return this.#isTwice ? ranTwice(run, (result) => result) : run();
  }

  async output(jobId: string, runId: string): Promise<Output | undefined> {
    return this.tables.outputRef(runId)?.job_id === jobId ? this.#outputs.get(runId) : undefined;
  }

  async past(jobId: string, fromAt: number, { bytes_max: bytesMax }: PastLimits): Promise<Past> {
    return this.#log.past(jobId, fromAt, bytesMax);
  }

  health(): StoreHealth {
    return { ok: true };
  }
}

/**
 * Runs something twice and returns what came of the second run.
 * @param shown returns the part that must be the same, but for ids that are made at random
 * @throws Error that shows both where they differ
 */
function ranTwice<T>(run: () => T, shown: (did: T) => unknown): T {
  // The first is written down at once, because a function that misbehaves may change it when it runs again.
  const before = comparable(shown(run()));
  const did = run();
  const after = comparable(shown(did));
  if (before === after) return did;
  throw new Error(`A transaction ran again and did something else: ${after}, and before that ${before}`);
}

function comparable(value: unknown): string {
  const ids: string[] = [];
  const text = JSON.stringify(value) ?? 'nothing';
  return text.replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, (id) => {
    if (!ids.includes(id)) ids.push(id);
    return `random ${ids.indexOf(id)}`;
  });
}
