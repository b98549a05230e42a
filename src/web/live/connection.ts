import { signal } from '@preact/signals';
import { ApiError, isLoginNeeded } from '../api/client.ts';
import { BASE } from '../api/base.ts';
import { ANYTHING, BEGIN_MS_MAX, type Change, changeOf, EventText } from '../model/stream.ts';

/** How the page stands to the server. `sinceAt` is when that began. */
export interface Connection {
  state: 'connecting' | 'live' | 'lost';
  sinceAt: number;
  /** The status of an answer that is a refusal, of a proxy for instance; null where none came. */
  status: number | null;
}

/** The server sends a comment every 15 s, so a stream that says nothing for so long has been lost on the way. */
const SILENCE_MS_MAX = 40_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

export const connection = signal<Connection>({
  state: 'connecting',
  sinceAt: Date.now(),
  status: null,
});

type Listener = (changes: readonly Change[]) => void;
const listeners = new Set<Listener>();
/** Those who load something as soon as the stream has begun; null from then on. */
let waiting: Set<Listener> | null = new Set();

/** Calls a function with whatever changes from now on. Returns the way to end that. */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Calls a function with `fresh` once the stream of events has begun, which may be at once, and then with whatever
 * changes. What is loaded at the `fresh` is loaded once: had it been loaded before the stream began, something might have
 * changed in between, and all would have to be loaded again. Returns the way to end that.
 */
export function followChanges(listener: Listener): () => void {
  const end = onChanges(listener);
  if (waiting === null) listener([ANYTHING]);
  else waiting.add(listener);
  return () => {
    waiting?.delete(listener);
    end();
  };
}

/** Lets those begin who wait for the stream, although it has not begun. */
function waitNoLonger(): void {
  const begin = waiting ?? [];
  waiting = null;
  for (const listener of begin) listener([ANYTHING]);
}

/** Tells all that listen of changes that the page found by itself. */
export function tellChanges(changes: readonly Change[]): void {
  for (const listener of listeners) listener(changes);
}

/**
 * Listens to `/events` for as long as the page is open. After a loss it comes back by itself and says the last event
 * that it heard, so the server tells what was missed, or that everything must be asked for again.
 */
export async function stayConnected(): Promise<never> {
  let lastId = '';
  let retryMs = RETRY_MS_MIN;
  setTimeout(waitNoLonger, BEGIN_MS_MAX);
  for (;;) {
    try {
      for await (const changes of streamed(lastId, (id) => (lastId = id))) {
        retryMs = RETRY_MS_MIN;
        // The first change that a stream tells is `fresh`, which is what they wait for.
        waiting = null;
        tellChanges(changes);
      }
      lose(null);
    } catch (error) {
      lose(error instanceof ApiError ? error.status : null);
    }
    waitNoLonger();
    // Pages that lost a server at the same time do not all come back at the same time.
    await waited(retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  }
}

/** Notes that nobody hears what changes. It is lost since the first time. */
function lose(status: number | null): void {
  const { state, sinceAt } = connection.value;
  connection.value = { state: 'lost', sinceAt: state === 'lost' ? sinceAt : Date.now(), status };
}

async function* streamed(lastId: string, hear: (id: string) => void): AsyncGenerator<Change[]> {
  const silence = new AbortController();
  const stop = (): void => silence.abort();
  let timer = setTimeout(stop, SILENCE_MS_MAX);
  try {
    const response = await fetch(`${BASE}/events`, {
      headers: { Accept: 'text/event-stream', ...(lastId === '' ? {} : { 'Last-Event-ID': lastId }) },
      cache: 'no-store',
      signal: silence.signal,
    });
    if (response.status === 401) isLoginNeeded.value = true;
    if (!response.ok || response.body === null)
      throw new ApiError(response.status, '', 'no stream of events');
    connection.value = { state: 'live', sinceAt: Date.now(), status: null };
    if (isLoginNeeded.value) {
      // Somebody logged in again in another window. What was refused meanwhile is asked for again.
      isLoginNeeded.value = false;
      yield [ANYTHING];
    }
    const text = new EventText();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE_MS_MAX);
      const events = text.take(decoder.decode(value, { stream: true }));
      for (const { id } of events) if (id !== '') hear(id);
      const changes = events.flatMap((event) => changeOf(event) ?? []);
      if (changes.length > 0) yield changes;
    }
  } finally {
    clearTimeout(timer);
    stop();
  }
}

/** Waits, but no longer than until the network is back or somebody looks at the page again. */
function waited(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      document.removeEventListener('visibilitychange', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    document.addEventListener('visibilitychange', end);
  });
}
