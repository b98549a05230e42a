import type { IncomingHttpHeaders } from 'node:http';
import { CronflowError } from '../../core/model/errors.ts';
import { isLoopback } from '../../core/text/loopback.ts';

/** The host that was last found to be this machine. Nearly every request has the same one. */
let lastLoopbackHost: string | undefined;

/**
 * Refuses a request to a name that is not ours. A page of a foreign site may point its own name at 127.0.0.1 (DNS
 * rebinding) and would then be read as the same origin. This is only needed where no token is.
 * @throws CronflowError `foreign_host`
 */
export function requireLoopbackHost(host: string | undefined): void {
  // A browser always sends a host, so its absence can only mean a simple HTTP/1.0 client.
  if (host === undefined || host === lastLoopbackHost) return;
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1];
  if (name !== undefined && isLoopback(name)) {
    lastLoopbackHost = host;
    return;
  }
  throw new CronflowError(
    'foreign_host',
    `Without a token, only requests to 127.0.0.1, localhost or [::1] are served, not to ${quote(host)}. ` +
      'Set CRONFLOW_TOKEN to be reached under other names.',
  );
}

/**
 * Refuses requests that a page of another site sends through somebody's browser, pings included, because a page must
 * not be able to report the success of a job.
 * @param host the host that the request is meant for
 * @throws CronflowError `foreign_origin`
 */
export function requireOwnOrigin(headers: IncomingHttpHeaders, host: string | undefined): void {
  const { origin } = headers;
  if (origin !== undefined && !isSameHost(origin, host)) {
    throw new CronflowError(
      'foreign_origin',
      `Requests from pages of ${quote(origin)} are not allowed, because this was sent to ${quote(host ?? '')}. ` +
        'A reverse proxy must pass on the Host header as it came.',
    );
  }
  // `same-site` includes other names and ports of a host, whose pages are not this server's (docs/design.md §8).
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new CronflowError(
      'foreign_origin',
      'Requests from pages of other sites are not allowed. Open the address by itself.',
    );
  }
}

/**
 * Tells whether an origin is on this host. Schemes are not compared: behind a proxy that ends TLS the page is https
 * and this server is not.
 */
function isSameHost(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:(?=\/\/)/.exec(origin)?.[0];
  if (scheme === undefined || host === undefined) return false;
  // Both are parsed, so that the default port of the scheme makes no difference.
  return URL.canParse(origin) && URL.canParse(`${scheme}//${host}`)
    ? new URL(origin).host === new URL(`${scheme}//${host}`).host
    : false;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
