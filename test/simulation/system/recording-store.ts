import { CronflowError } from '../../../src/core/model/errors.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import type { Scope, Store, Tx } from '../../../src/store/store.ts';
import type { Recorder, Write } from './recorder.ts';

/** The store as the system sees it, with the switch by which the simulation makes its disk full. */
export interface RecordingStore {
  store: Store;
  /** Refuses every commit while true. */
  setFailing(isFailing: boolean): void;
}

/**
 * Wraps `inner` so that every commit goes to the recorder once it is durable.
 * @param onRun is told of each run of a transaction, by the list into which the run puts what it writes
 */
export function recordingStore(
  inner: Store,
  recorder: Pick<Recorder, 'commit'>,
  onRun: (writes: readonly Write[]) => void = () => {},
): RecordingStore {
  let isFailing = false;
  const transact = async <T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> => {
    let writes: Write[] = [];
    const result = await inner.transact(scope, (tx) => {
      writes = [];
      onRun(writes);
      const value = fn(recordingTx(tx, writes));
      // A full disk does the same: everything goes well until the commit is refused at the end.
      if (isFailing) throw new CronflowError('store_unavailable', 'The disk is full.');
      return value;
    });
    recorder.commit(writes);
    return result;
  };
  const store = overlaid(inner, { transact });
  return { store, setFailing: (failing) => void (isFailing = failing) };
}

function recordingTx(tx: Tx, writes: Write[]): Tx {
  return overlaid(tx, {
    putRun(record) {
      tx.putRun(record);
      writes.push({ table: 'run', record });
    },
    deleteRun(id) {
      tx.deleteRun(id);
      writes.push({ table: 'run_deleted', id });
    },
    putDelivery(record) {
      tx.putDelivery(record);
      writes.push({ table: 'delivery', record });
    },
    putIncident(record) {
      tx.putIncident(record);
      writes.push({ table: 'incident', record });
    },
    putJob(record) {
      tx.putJob(record);
      writes.push({ table: 'job', record });
    },
    putState(jobId, state) {
      tx.putState(jobId, state);
      const job = tx.jobById(jobId);
      if (job !== undefined) writes.push({ table: 'job', record: job });
    },
    attempt(fn) {
      const mark = writes.length;
      try {
        return tx.attempt(fn);
      } catch (error) {
        writes.splice(mark);
        throw error;
      }
    },
  });
}
