import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Change } from '../model/stream.ts';
import { onChanges } from './connection.ts';

/** What was asked for: the last good answer, and what went wrong since, if anything did. */
export interface Loaded<Data> {
  data: Data | null;
  error: Error | null;
  isLoading: boolean;
}

/**
 * Asks for something and keeps it right: it is asked for again when a change concerns it. One request goes on at a
 * time, and what changed meanwhile is asked for after it. The last good answer stays while a new one comes or fails.
 * @param key what it is about; another key asks for something else
 * @param concerns tells whether a change may have changed it; `fresh` always may
 */
export function useResource<Data>(
  key: string,
  load: (signal: AbortSignal) => Promise<Data>,
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
  load: (signal: AbortSignal) => Promise<Data>,
  concerns: (change: Change) => boolean,
  tell: (change: Partial<Loaded<Data>>) => void,
): () => void {
  const over = new AbortController();
  let isRunning = false;
  let isStale = false;
  const run = async (): Promise<void> => {
    if (isRunning) {
      isStale = true;
      return;
    }
    isRunning = true;
    do {
      isStale = false;
      try {
        const data = await load(over.signal);
        if (!over.signal.aborted) tell({ data, error: null, isLoading: false });
      } catch (error) {
        if (!over.signal.aborted) tell({ error: error as Error, isLoading: false });
      }
    } while (isStale && !over.signal.aborted);
    isRunning = false;
  };
  void run();
  const end = onChanges((changes) => {
    if (changes.some((change) => change.type === 'fresh' || concerns(change))) void run();
  });
  return () => {
    end();
    over.abort();
  };
}
