import { CronflowError } from '../../core/model/errors.ts';

/** The path under which a reverse proxy shows Cronflow, without a slash at its end; empty where that is the root. */
export type BasePath = string;

/** Where Cronflow is shown, as its links must say. */
export interface BasePathOptions {
  basePath: BasePath;
  /** True if the headers `X-Forwarded-Prefix`, `-For` and `-Proto` come from a proxy of our own and are believed. */
  trustsProxy: boolean;
}

const LENGTH_MAX = 200;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
/**
 * The first parts of routes. Under such a path nobody could tell a request that the proxy has shortened from one that it
 * has not, and pings would be lost.
 */
export const FIRST_PARTS_OF_ROUTES: ReadonlySet<string> = new Set([
  'audit',
  'badge',
  'badge.json',
  'badge.svg',
  'badges',
  'config',
  'deliveries',
  'docs',
  'events',
  'healthz',
  'incidents',
  'jobs',
  'login',
  'logout',
  'metrics',
  'openapi.json',
  'ping',
  'pings',
  'readyz',
  'session',
  'runs',
  'slots',
  'ui',
]);
/** A part such as `..` would lead elsewhere. */
const DOTS = /\/\.{1,2}(?=\/|$)/;

/**
 * Reads a base path as people write it. A slash at its end counts as none.
 * @throws CronflowError `usage`
 */
export function parseBasePath(text: string): BasePath {
  const path = text.replace(/\/+$/, '');
  if (path === '' || isBasePath(path)) return path;
  const names = [...FIRST_PARTS_OF_ROUTES].join(', ');
  const allowed = `parts of letters, digits and . _ ~ -, each after a slash, ${LENGTH_MAX} characters at most, the first none of ${names}`;
  throw new CronflowError(
    'usage',
    `The base path (--base-path or CRONFLOW_BASE_PATH) is ${JSON.stringify(text)}, and allowed are ${allowed}, such as /cronflow.`,
  );
}

function isBasePath(path: string): boolean {
  const first = path.split('/', 2)[1] ?? '';
  return (
    path.length <= LENGTH_MAX &&
    PATH.test(path) &&
    !DOTS.test(path) &&
    !FIRST_PARTS_OF_ROUTES.has(first.toLowerCase())
  );
}

/**
 * Returns the base path of a request. A header that says no path, or one that nobody trusts, is as good as none.
 * @param header the header `X-Forwarded-Prefix`
 */
export function basePathOf(
  header: string | string[] | undefined,
  { basePath, trustsProxy }: BasePathOptions,
): BasePath {
  if (!trustsProxy || typeof header !== 'string') return basePath;
  const forwarded = header.trim().replace(/\/+$/, '');
  return isBasePath(forwarded) ? forwarded : basePath;
}

/** Returns the path of a request without the base path. Many a proxy has taken it away already. */
export function withoutBasePath(path: string, base: BasePath): string {
  if (path === base) return '/';
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}
