import type { Clock, ClockSample } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Store } from '../store.ts';
import { storePlaceOf } from './url.ts';

interface OpenOptions {
  clock: Clock;
  log: Logger;
  /** Is told how long each sync of a commit took, in milliseconds. */
  onSync?: (durationMs: number) => void;
  /** Is told of the clock of a store that has one of its own, again and again. */
  onClock?: (sample: ClockSample) => void;
}

/**
 * Chooses and opens the store at a URL. This is the only place that knows which implementations of the contract there
 * are, and it loads only the one that is used.
 * @param url `lowdb:DIRECTORY`, `postgres://...` or `memory:`
 * @throws CronflowError `usage` for another URL; else that of `Store.open`, which says how to recover
 */
export async function openStore(url: string, options: OpenOptions): Promise<Store> {
  const place = storePlaceOf(url);
  let store: Store;
  if (place.kind === 'memory') {
    const { MemoryStore } = await import('../local/memory.ts');
    store = new MemoryStore();
  } else if (place.kind === 'postgres') {
    const { PostgresStore } = await import('../postgres/store.ts');
    store = new PostgresStore({ url: place.url, ...options });
  } else {
    const { LowdbStore } = await import('../lowdb/store.ts');
    store = new LowdbStore({ directory: place.directory, ...options });
  }
  await store.open();
  return store;
}
