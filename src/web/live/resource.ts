import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ANYTHING, type Change } from '../model/stream.ts';
import { followChanges } from './connection.ts';
import { isWorthRepeating, noteRequest } from './stale.ts';

/** What was asked for: the last good answer, and what went wrong since, if anything did. */
export interface Loaded<Data> {
  data: Data | null;
  error: Error | null;
  isLoading: boolean;
}

/** Asks for something. It is told what changed since the last time, which is `fresh` the first time. */
export type Load<Data> = (signal: AbortSignal, changes: readonly Change[]) => Promise<Data>;

/** After a request that failed the next one is sent so much later, and ever later while it fails. */
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 15_000;
/** After an answer the next request waits, by how long the answer took. So pages left open cost a busy server little. */
const REST_MS_MIN = 250;
const REST_MS_MAX = 5_000;
const REST_PER_LOAD = 4;

/**
 * Asks for something and keeps it right: it is asked for again when a change concerns it. One request goes on at a
 * time, and what changed meanwhile is asked for after it. The last good answer stays while a new one comes or fails.
 * @param key what it is about; another key asks for something else
 * @param concerns tells whether a change may have changed it; `fresh` always may
 * @param restMs after an answer the next request waits at least so long
 */
export function useResource<Data>(
  key: string,
  load: Load<Data>,
  concerns: (change: Change) => boolean,
  restMs = REST_MS_MIN,
): Signal<Loaded<Data>> {
  const loaded = useSignal<Loaded<Data>>({ data: null, error: null, isLoading: true });
  useEffect(() => {
    loaded.value = { data: null, error: null, isLoading: true };
    return keepRight(load, concerns, (change) => (loaded.value = { ...loaded.value, ...change }), restMs);
    // The functions are new with each drawing and mean the same for as long as the key is the same.
  }, [key]);
  return loaded;
}

/** Loads once the page hears of changes, and after each change that concerns it. Returns the way to end that. */
export function keepRight<Data>(
  load: Load<Data>,
  concerns: (change: Change) => boolean,
  tell: (change: Partial<Loaded<Data>>) => void,
  restMs = REST_MS_MIN,
): () => void {
  const over = new AbortController();
  let isRunning = false;
  let waiting: Change[] = [];
  let retryMs = RETRY_MS_MIN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = async (): Promise<void> => {
    timer = undefined;
    isRunning = true;
    const changes = waiting;
    waiting = [];
    const beganMs = performance.now();
    let laterMs: number;
    try {
      const data = await load(over.signal, changes);
      if (over.signal.aborted) return;
      noteRequest(over, null);
      tell({ data, error: null, isLoading: false });
      retryMs = RETRY_MS_MIN;
      laterMs = Math.max(restMs, Math.min(REST_PER_LOAD * (performance.now() - beganMs), REST_MS_MAX));
    } catch (error) {
      if (over.signal.aborted) return;
      tell({ error: error as Error, isLoading: false });
      const isRepeated = isWorthRepeating(error);
      noteRequest(over, isRepeated ? (error as Error) : null);
      // What changed is asked for again, since nobody tells of it a second time.
      if (isRepeated) waiting = [...changes, ...waiting];
      laterMs = retryMs;
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
    isRunning = false;
    // What changes while it rests is asked for together at the end of the rest.
    timer = setTimeout(rested, laterMs);
  };
  const rested = (): void => {
    timer = undefined;
    if (waiting.length > 0) void run();
  };
  const take = (changes: readonly Change[]): void => {
    const isFresh = changes.some(({ type }) => type === 'fresh');
    // Everything before is part of that, and a server that is back is asked at once.
    waiting = isFresh ? [ANYTHING] : [...waiting, ...changes.filter(concerns)];
    if (isFresh && !isRunning) clearTimeout(timer);
    if (waiting.length > 0 && !isRunning && (isFresh || timer === undefined)) void run();
  };
  const end = followChanges(take);
  return () => {
    end();
    clearTimeout(timer);
    noteRequest(over, null);
    over.abort();
  };
}
