import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { forgetOldest } from '../../core/model/bounded.ts';
import { DAY_MS, HOUR_MS } from '../../schedule/units.ts';
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

interface Entry {
  /** The hash of the token that opened it. */
  tokenSha256: string;
  openedMs: number;
  seenMs: number;
}

/**
 * The sessions of browsers (docs/design.md §8). A session is a random id in a cookie, and means the token that opened
 * it: it may what the token may, and ends with it. Sessions are kept in memory alone, so a restart ends them all.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #book: TokenBook;
  /** The sessions by the hash of their id, so that the memory of the process holds no id; the latest used come last. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, book: TokenBook) {
    this.#clock = clock;
    this.#book = book;
  }

  /** Opens a session of a token and returns its id. */
  open({ sha256 }: Holder): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const nowMs = this.#clock.monotonic();
    this.#entries.set(hashOf(id), { tokenSha256: sha256, openedMs: nowMs, seenMs: nowMs });
    forgetOldest(this.#entries, SESSIONS_MAX);
    return id;
  }

  /** Finds the session of a request by its `Cookie` header, and counts the request as a use of it. */
  find(cookies: string): Session | null {
    for (const key of keysIn(cookies)) {
      const session = this.#use(key);
      if (session !== null) return session;
    }
    return null;
  }

  /** Tells whether a `Cookie` header names an open session, and counts that as no use of it. */
  isOpen(cookies: string): boolean {
    return keysIn(cookies).some((key) => this.#standing(key) !== null);
  }

  /** Ends the sessions that a `Cookie` header names. */
  close(cookies: string): void {
    for (const key of keysIn(cookies)) this.#entries.delete(key);
  }

  #use(key: string): Session | null {
    const session = this.#standing(key);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (session !== null && entry !== undefined)
      this.#entries.set(key, { ...entry, seenMs: this.#clock.monotonic() });
    return session;
  }

  #standing(key: string): Session | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const nowMs = this.#clock.monotonic();
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
