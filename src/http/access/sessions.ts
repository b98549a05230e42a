import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { forgetOldest } from '../../core/model/bounded.ts';
import { DAY_MS, HOUR_MS } from '../../schedule/units.ts';
import type { SessionEntry, SessionShelf } from './session-shelf.ts';
import type { Holder, TokenBook } from './token-book.ts';

/** A session of which nothing was heard for this long is over. */
const IDLE_MS_MAX = 12 * HOUR_MS;
/** A session is over after this long, however much it was used. */
const AGE_MS_MAX = 7 * DAY_MS;
/** With more sessions than this, the one that was used least lately ends. */
const SESSIONS_MAX = 1_000;
/** A browser sends as many cookies of one name as there are paths for which one was set. */
const COOKIES_MAX = 8;
const ID_BYTES = 32;
const COOKIE = 'cronflow_session';
const IN_HEADER = new RegExp(`(?:^|; ?)${COOKIE}=([A-Za-z0-9_-]{43})(?=;|$)`, 'g');

/** A session as it stands now. */
export interface Session {
  holder: Holder;
  /** The milliseconds after which it is over unless it is used. */
  idleMs: number;
  /** The milliseconds after which it is over in any case. */
  leftMs: number;
}

/**
 * The sessions of browsers (docs/design.md §8). A session is a random id in a cookie, and means the token that opened
 * it: it may what the token may, and ends with it.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #book: TokenBook;
  readonly #shelf: SessionShelf;

  constructor(clock: Clock, book: TokenBook, shelf: SessionShelf) {
    this.#clock = clock;
    this.#book = book;
    this.#shelf = shelf;
  }

  /** Opens a session of a token and returns its id. */
  async open({ sha256 }: Holder): Promise<string> {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const nowMs = this.#shelf.nowMs();
    await this.#shelf.change((entries) => {
      entries.set(hashOf(id), { tokenSha256: sha256, openedMs: nowMs, seenMs: nowMs });
      forgetOldest(entries, SESSIONS_MAX);
    });
    return id;
  }

  /** Finds the session of a request by its `Cookie` header, and counts the request as a use of it. */
  async find(cookies: string): Promise<Session | null> {
    const keys = keysIn(cookies);
    if (keys.length === 0) return null;
    const entries = await this.#shelf.read();
    for (const key of keys) {
      const entry = entries.get(key);
      if (entry === undefined) continue;
      const session = this.#standing(entry);
      if (session !== null) {
        await this.#use(key, entry);
        return session;
      }
      // It does not come back with its token.
      await this.#shelf.change((all) => void all.delete(key));
    }
    return null;
  }

  /** Tells whether a `Cookie` header names an open session, and counts that as no use of it. */
  async isOpen(cookies: string): Promise<boolean> {
    const entries = await this.#shelf.read();
    return keysIn(cookies).some((key) => this.#standing(entries.get(key)) !== null);
  }

  /** Ends the sessions that a `Cookie` header names. */
  async close(cookies: string): Promise<void> {
    const keys = keysIn(cookies);
    const known = await this.#shelf.read();
    if (!keys.some((key) => known.has(key))) return;
    await this.#shelf.change((entries) => keys.forEach((key) => entries.delete(key)));
  }

  async #use(key: string, { seenMs }: SessionEntry): Promise<void> {
    const nowMs = this.#shelf.nowMs();
    if (nowMs - seenMs < this.#shelf.seenEveryMs) return;
    await this.#shelf.change((entries) => {
      const entry = entries.get(key);
      // It was ended meanwhile.
      if (entry === undefined) return;
      entries.delete(key);
      entries.set(key, { ...entry, seenMs: nowMs });
      for (const [other, { openedMs, seenMs: at }] of entries)
        if (nowMs - openedMs >= AGE_MS_MAX || nowMs - at >= IDLE_MS_MAX) entries.delete(other);
    });
  }

  #standing(entry: SessionEntry | undefined): Session | null {
    if (entry === undefined) return null;
    const nowMs = this.#shelf.nowMs();
    const leftMs = AGE_MS_MAX - (nowMs - entry.openedMs);
    const holder = this.#book.findAgain(entry.tokenSha256);
    const isOver = leftMs <= 0 || nowMs - entry.seenMs >= IDLE_MS_MAX;
    if (isOver || holder === null || isExpired(holder, this.#clock.now())) return null;
    return { holder, idleMs: Math.min(IDLE_MS_MAX, leftMs), leftMs };
  }
}

function isExpired({ expires_at: expiresAt }: Holder, nowAt: number): boolean {
  return expiresAt !== null && expiresAt <= nowAt;
}

function keysIn(cookies: string): string[] {
  const ids = Array.from(cookies.matchAll(IN_HEADER), ([, id]) => id!);
  return ids.slice(0, COOKIES_MAX).map(hashOf);
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

/**
 * Returns the `Set-Cookie` header of a session; of none, it takes the cookie away.
 * @param options.path the path under which the client sees Cronflow
 * @param options.isSecure true if the client came by TLS
 */
export function sessionCookie(id: string | null, options: { path: string; isSecure: boolean }): string {
  const age = id === null ? 0 : Math.floor(AGE_MS_MAX / 1000);
  const parts = [`${COOKIE}=${id ?? ''}`, `Path=${options.path}`, `Max-Age=${age}`, 'HttpOnly'];
  return [...parts, 'SameSite=Strict', ...(options.isSecure ? ['Secure'] : [])].join('; ');
}
