import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Actor } from '../../core/model/audit.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { PingLimits, Scope } from '../../core/model/named-token.ts';
import { requireLoopbackHost, requireOwnOrigin } from './origin.ts';
import { hostOf } from '../request/target.ts';
import type { Holder, TokenBook } from './token-book.ts';

/** The clients that may use a route: holders of a token that allows it, or anyone. */
export type RouteScope = Scope | 'open';

/** What a request may do, and who sends it. */
export interface Access {
  scopes: ReadonlySet<Scope>;
  /** The jobs that may be pinged; null for all. */
  only: PingLimits | null;
  /** The name of the token; null where none is needed. */
  name: string | null;
  /** The hash of the token, in hexadecimal; null where none is needed. */
  sha256: string | null;
  /** How the request says who sends it. */
  via: Exclude<Actor['via'], 'file'>;
}

/** What everybody may do where no token is set. */
const EVERYTHING: Access = {
  scopes: new Set(['all'] as const),
  only: null,
  name: null,
  sha256: null,
  via: 'anybody',
};

/**
 * Judges a request before its route is looked for: who asks, from where, and under which name.
 * @param server tells whether only this machine can reach the port
 * @returns what its token allows; null for an anonymous request
 * @throws CronflowError `bad_request`, `foreign_host`, `foreign_origin`, `unauthorized`
 */
export function admit(
  req: IncomingMessage,
  { book, clock }: { book: TokenBook; clock: Clock },
  server: { isLoopback: boolean },
): Access | null {
  const { headers } = req;
  const host = hostOf(req);
  if (server.isLoopback && !book.isNeeded) requireLoopbackHost(host);
  requireOwnOrigin(headers, host);
  return accessOf(headers, book, clock.now());
}

/**
 * Returns what the request's `Authorization: Bearer` header allows; null for an anonymous request.
 * @throws CronflowError `unauthorized` for a header that is there and not valid, because whoever sends a token wants
 * it to count, even where none is needed
 */
function accessOf(headers: IncomingHttpHeaders, book: TokenBook, nowAt: number): Access | null {
  if (!book.isNeeded) return EVERYTHING;
  const header = headers.authorization;
  if (header === undefined) return null;
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) {
    throw new CronflowError('unauthorized', 'The Authorization header is not of the form "Bearer TOKEN".');
  }
  return accessOfHolder(book.find(token), nowAt);
}

/**
 * Returns what a token allows.
 * @throws CronflowError `unauthorized` for one that is not known, or has expired
 */
export function accessOfHolder(holder: Holder | null, nowAt: number): Access {
  if (holder === null)
    throw new CronflowError(
      'unauthorized',
      'The token is none of this Cronflow. Its tokens are set by CRONFLOW_TOKEN and the like where it was started.',
    );
  const { name, scopes, only, sha256, expires_at: expiresAt } = holder;
  if (expiresAt !== null && expiresAt <= nowAt) {
    const since = new Date(expiresAt).toISOString();
    throw new CronflowError('unauthorized', `The token "${name}" expired at ${since}. Ask for a new one.`);
  }
  return { name, scopes, only, sha256, via: 'token' };
}

/**
 * Refuses a request that its scopes do not allow.
 * @throws CronflowError `unauthorized` without a token, `forbidden` with one that does not allow it
 */
export function requireScope(access: Access | null, scope: RouteScope): void {
  if (scope === 'open') return;
  if (access === null) throw noToken();
  if (access.scopes.has('all') || access.scopes.has(scope)) return;
  const needed = {
    all: 'CRONFLOW_TOKEN',
    read: 'CRONFLOW_TOKEN or CRONFLOW_READ_TOKEN',
    ping: 'CRONFLOW_TOKEN or CRONFLOW_PING_TOKEN',
  };
  const others = `or one of CRONFLOW_TOKENS_FILE that allows ${scope === 'all' ? '' : `${scope} or `}all`;
  throw new CronflowError(
    'forbidden',
    `The token does not allow this. It takes ${needed[scope]}, ${others}.`,
  );
}

/** Returns the error for a request without a token where one is needed. */
export function noToken(): CronflowError {
  return new CronflowError('unauthorized', 'Send a token with "Authorization: Bearer TOKEN".');
}
