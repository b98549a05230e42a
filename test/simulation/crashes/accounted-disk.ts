import type { Clock } from '../../../src/clock.ts';
import type { Delivery, Incident, Job, Row } from '../../../src/core/model/records.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import type { Scope, Store, Tx } from '../../../src/store/store.ts';
import type { Disk, SimulatedDisk } from '../system/disk.ts';
import type { Write as Recorded } from '../system/recorder.ts';
import { contentOf, firstDifference } from './content.ts';

/** One write of a transaction, as a call of `Tx`. */
type Write = readonly [method: string, args: readonly unknown[]];

interface Transaction {
  scope: Scope;
  writes: Write[];
}

/**
 * The default store on a disk that loses what was not synced. An account of every commit that was answered is kept
 * beside it, in the reference store. Whenever Cronflow starts again, the store must equal the account, or the account
 * with the first few of the commits that nobody had an answer to yet, each whole and in their order.
 */
export class AccountedDisk implements Disk {
  /** The faults that were found, for people. */
  readonly faults: string[] = [];
  /**
   * Says whether a crash takes the machine along, and with it everything that was not synced; null leaves that to
   * chance.
   */
  cutsPower: boolean | null = null;
  /** The jobs that were changed by commits which were never answered and yet were found. */
  foundNames: readonly string[] = [];
  /** Is told of each commit that nobody had an answer to and that was found when Cronflow started again. */
  onFound: (writes: readonly Recorded[]) => void = () => {};
  readonly #inner: SimulatedDisk;
  readonly #account = new MemoryStore();
  #unanswered: Transaction[] = [];

  constructor(inner: SimulatedDisk) {
    this.#inner = inner;
  }

  /** The number of calls of the disk since Cronflow started. */
  get calls(): number {
    return this.#inner.disk.calls;
  }

  /** Stops the machine before this call. */
  stopBefore(call: number): void {
    this.#inner.disk.crashAt = call;
  }

  async open(clock: Clock): Promise<Store> {
    const store = await this.#inner.open(clock);
    await this.#compare(store);
    return this.#accounted(store);
  }

  close(store: Store): Promise<void> {
    return this.#inner.close(store);
  }

  crash(random: () => number): void {
    const { cutsPower } = this;
    if (cutsPower === null) return this.#inner.crash(random);
    this.#inner.disk = cutsPower ? this.#inner.disk.afterPowerFailure(random) : this.#inner.disk.afterKill();
  }

  async #compare(store: Store): Promise<void> {
    const found = await contentOf(store);
    const expected = await contentOf(this.#account);
    const names: string[] = [];
    let now = expected;
    for (const transaction of this.#unanswered) {
      if (firstDifference(now, found) === null) break;
      await this.#enter(transaction);
      this.onFound(await this.#recorded(transaction.writes));
      names.push(...(transaction.scope.names ?? []));
      now = await contentOf(this.#account);
    }
    this.#unanswered = [];
    this.foundNames = names;
    if (firstDifference(now, found) !== null)
      this.faults.push(
        `found is neither what was answered nor that with a whole commit more: ${firstDifference(expected, found)}`,
      );
  }

  /** Turns writes that were entered in the account into the form that the recorder takes. */
  async #recorded(writes: readonly Write[]): Promise<Recorded[]> {
    const all: Recorded[] = [];
    for (const write of writes) {
      const [method, [first]] = write;
      const job = method === 'putState' ? await this.#account.jobById(first as string) : undefined;
      if (job === undefined) all.push(...recorded(write));
      else all.push({ table: 'job', record: job });
    }
    return all;
  }

  #accounted(store: Store): Store {
    const transact = async <T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> => {
      const transaction: Transaction = { scope, writes: [] };
      const result = await store.transact(scope, (tx) => {
        transaction.writes = [];
        const value = fn(recording(tx, transaction.writes));
        // A transaction that throws commits nothing. Any other may be on disk from here on.
        this.#unanswered.push(transaction);
        return value;
      });
      this.#unanswered = this.#unanswered.filter((each) => each !== transaction);
      await this.#enter(transaction);
      return result;
    };
    return overlaid(store, { transact });
  }

  async #enter({ scope, writes }: Transaction): Promise<void> {
    await this.#account.transact(scope, (tx) => {
      const methods = tx as unknown as Record<string, (...args: readonly unknown[]) => void>;
      for (const [method, args] of writes) methods[method]?.call(tx, ...args);
    });
  }
}

/** Turns a write into the form that the recorder takes. */
function recorded([method, [first]]: Write): Recorded[] {
  switch (method) {
    case 'putRun':
      return [{ table: 'run', record: first as Row }];
    case 'deleteRun':
      return [{ table: 'run_deleted', id: first as string }];
    case 'putDelivery':
      return [{ table: 'delivery', record: first as Delivery }];
    case 'putIncident':
      return [{ table: 'incident', record: first as Incident }];
    case 'putJob':
      return [{ table: 'job', record: first as Job }];
    default:
      return [];
  }
}

/** Returns a view of a transaction that notes every call that changes something. */
function recording(tx: Tx, writes: Write[]): Tx {
  return new Proxy(tx, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      const method = value.bind(target) as (...args: readonly unknown[]) => unknown;
      if (key === 'attempt')
        return (fn: () => unknown) => {
          const mark = writes.length;
          try {
            return method(fn);
          } catch (error) {
            writes.splice(mark);
            throw error;
          }
        };
      if (!/^(put|delete|tally|log)/.test(key)) return method;
      return (...args: readonly unknown[]) => {
        const result = method(...args);
        writes.push([key, args]);
        return result;
      };
    },
  });
}
