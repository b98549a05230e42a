import type { IncomingHttpHeaders } from 'node:http';
import { CronflowError } from '../core/model/errors.ts';
import { hasTokens, scopesOf, type Scope, type Tokens } from './tokens.ts';

/** The clients that may use a route: holders of a token that allows it, or anyone. */
export type RouteScope = Scope | 'open';

/**
 * The scopes of a request: everything where no tokens are set, else what its token allows; null for an anonymous one.
 */
export type Access = ReadonlySet<Scope> | null;

const EVERYTHING: Access = new Set(['all'] as const);

/**
 * Returns the scopes of the request's `Authorization: Bearer` header.
 * @throws CronflowError `unauthorized` for a header that is there and not valid, because whoever sends a token wants
 * it to count, even where none is needed
 */
export function accessOf(headers: IncomingHttpHeaders, tokens: Tokens): Access {
  if (!hasTokens(tokens)) return EVERYTHING;
  const header = headers.authorization;
  if (header === undefined) return null;
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) {
    throw new CronflowError('unauthorized', 'The Authorization header is not of the form "Bearer TOKEN".');
  }
  const scopes = scopesOf(tokens, token);
  if (scopes.size === 0) throw new CronflowError('unauthorized', 'The token is not known.');
  return scopes;
}

/**
 * Refuses a request that its scopes do not allow.
 * @throws CronflowError `unauthorized` without a token, `forbidden` with one that does not allow it
 */
export function requireScope(access: Access, scope: RouteScope): void {
  if (scope === 'open') return;
  if (access === null) {
    throw new CronflowError('unauthorized', 'Send a token with "Authorization: Bearer TOKEN".');
  }
  if (access.has('all') || access.has(scope)) return;
  const needed = {
    all: 'CRONFLOW_TOKEN',
    read: 'CRONFLOW_TOKEN or CRONFLOW_READ_TOKEN',
    ping: 'CRONFLOW_TOKEN or CRONFLOW_PING_TOKEN',
  };
  throw new CronflowError('forbidden', `The token does not allow this. It takes ${needed[scope]}.`);
}
