import type { Clock } from '../../clock.ts';
import { MINUTE_MS } from '../../schedule/units.ts';
import { SESSIONS_KEY, type Store } from '../../store/store.ts';

/** The use of a session is written down at most so often, because a page asks for many things at once. */
const SEEN_EVERY_MS = 15 * MINUTE_MS;

/** What is kept of a session. */
export interface SessionEntry {
  /** The hash of the token that opened it. */
  tokenSha256: string;
  openedMs: number;
  seenMs: number;
}

/** The sessions by the hash of their id, so that nothing that is kept holds an id; the latest used come last. */
export type SessionEntries = Map<string, SessionEntry>;

/** Where sessions are kept. */
export interface SessionShelf {
  /** The shortest time between two notes that a session was used. */
  readonly seenEveryMs: number;
  /** Returns now, on the clock by which entries are dated. */
  nowMs(): number;
  read(): Promise<ReadonlyMap<string, SessionEntry>>;
  /** Changes the entries. The function may be called more than once. */
  change(edit: (entries: SessionEntries) => void): Promise<void>;
}

/**
 * Returns the place for the sessions of a service: its memory, so that a restart ends them all; or the store, where
 * several instances share it, so that a login counts at each of them and so does its end.
 */
export function sessionShelf(clock: Clock, store: Store): SessionShelf {
  return store.isShared === true ? shelfInStore(clock, store) : shelfInMemory(clock);
}

function shelfInMemory(clock: Clock): SessionShelf {
  const entries: SessionEntries = new Map();
  return {
    seenEveryMs: 0,
    nowMs: () => clock.monotonic(),
    read: async () => entries,
    change: async (edit) => edit(entries),
  };
}

function shelfInStore(clock: Clock, store: Store): SessionShelf {
  return {
    seenEveryMs: SEEN_EVERY_MS,
    nowMs: () => clock.now(),
    read: async () => entriesOf(await store.meta(SESSIONS_KEY)),
    change: (edit) =>
      store.transact({ meta: [SESSIONS_KEY] }, (tx) => {
        const entries = entriesOf(tx.meta(SESSIONS_KEY));
        edit(entries);
        // Objects do not keep the order of all keys in every store.
        tx.putMeta(SESSIONS_KEY, [...entries]);
      }),
  };
}

function entriesOf(value: unknown): SessionEntries {
  return new Map((value as readonly [string, SessionEntry][] | undefined) ?? []);
}
