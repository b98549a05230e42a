import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError } from '../api/client.ts';
import type { Change } from '../model/stream.ts';
import { onChanges } from './connection.ts';

/** What was asked for: the last good answer, and what went wrong since, if anything did. */
export interface Loaded<Data> {
  data: Data | null;
  error: Error | null;
  isLoading: boolean;
}

/** Asks for something. It is told what changed since the last time, which is `fresh` the first time. */
export type Load<Data> = (signal: AbortSignal, changes: readonly Change[]) => Promise<Data>;

/** After a request without an answer the next one is sent so much later. */
const RETRY_MS = 5_000;
const ANYTHING: Change = { type: 'fresh', id: null, job: null };

/**
 * Asks for something and keeps it right: it is asked for again when a change concerns it. One request goes on at a
 * time, and what changed meanwhile is asked for after it. The last good answer stays while a new one comes or fails.
 * @param key what it is about; another key asks for something else
 * @param concerns tells whether a change may have changed it; `fresh` always may
 */
export function useResource<Data>(
  key: string,
  load: Load<Data>,
  concerns: (change: Change) => boolean,
): Signal<Loaded<Data>> {
  const loaded = useSignal<Loaded<Data>>({ data: null, error: null, isLoading: true });
  useEffect(() => {
    loaded.value = { data: null, error: null, isLoading: true };
    return keepRight(load, concerns, (change) => (loaded.value = { ...loaded.value, ...change }));
    // The functions are new with each drawing and mean the same for as long as the key is the same.
  }, [key]);
  return loaded;
}

/** Loads now and after each change that concerns it. Returns the way to end that. */
export function keepRight<Data>(
  load: Load<Data>,
  concerns: (change: Change) => boolean,
  tell: (change: Partial<Loaded<Data>>) => void,
): () => void {
  const over = new AbortController();
  let isRunning = false;
  let waiting: Change[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    clearTimeout(timer);
    while (waiting.length > 0 && !over.signal.aborted) {
      const changes = waiting;
      waiting = [];
      try {
        const data = await load(over.signal, changes);
        if (!over.signal.aborted) tell({ data, error: null, isLoading: false });
      } catch (error) {
        if (over.signal.aborted) break;
        tell({ error: error as Error, isLoading: false });
        if (error instanceof ApiError && error.status < 500) continue;
        // What changed is asked for again, since nobody tells of it a second time.
        waiting = [...changes, ...waiting];
        timer = setTimeout(() => void run(), RETRY_MS);
        break;
      }
    }
    isRunning = false;
  };
  const take = (changes: readonly Change[]): void => {
    waiting.push(...changes.filter((change) => change.type === 'fresh' || concerns(change)));
    void run();
  };
  take([ANYTHING]);
  const end = onChanges(take);
  return () => {
    end();
    clearTimeout(timer);
    over.abort();
  };
}
