import type { LowdbStore, LowdbStoreOptions } from '../../../src/store/lowdb/store.ts';
import type { CrashDisk } from '../../support/crash-disk.ts';
import { job, ping, run } from '../../support/records.ts';
import { storeOn } from './store-on.ts';
import { ALL } from './workload.ts';

export async function opened(disk: CrashDisk, options: Partial<LowdbStoreOptions> = {}): Promise<LowdbStore> {
  const store = storeOn(disk, options);
  await store.open();
  return store;
}

/** Puts a run with an output, as the end of the run does, with the event. */
export function end(
  store: LowdbStore,
  number: number,
  text: string,
  droppedBytes = 0,
  id = 'a',
): Promise<void> {
  return store.transact(ALL, (tx) => {
    if (tx.jobById(id) === undefined) tx.putJob(job(id));
    const bytes = Buffer.byteLength(text);
    tx.putRun(run(id, number, { output_bytes: bytes, output_dropped_bytes: droppedBytes }));
    tx.putOutput(id, `${id}-${number}`, { text, dropped_bytes: droppedBytes });
    tx.logEvent(id, { type: 'ping', ping: ping({ output: text, output_dropped_bytes: droppedBytes }) });
  });
}

/** Returns the archives on a disk as `FIRST-LAST`, such as `1-10`. */
export function archives(disk: CrashDisk): string[] {
  return disk
    .files()
    .filter((path) => path.startsWith('/data/outputs-'))
    .map((path) => path.replaceAll(/^\/data\/outputs-|\.jsonl$|\b0+(?=\d)/g, ''))
    .sort();
}
