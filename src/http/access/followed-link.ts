import type { IncomingMessage } from 'node:http';
import { CronflowError } from '../../core/model/errors.ts';
import { escapeHtml } from '../../core/text/html.ts';
import type { RouteScope } from './access.ts';
import { nextAddress } from './next-address.ts';

/**
 * Tells whether a person follows a link on a page of another site, such as the link of an alert in a chat or a mail. A
 * browser says so, and no script can.
 */
export function isFollowedLink({ method, headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return (
    method === 'GET' &&
    headers.origin === undefined &&
    (site === 'cross-site' || site === 'same-site') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}

/** The parts of a request and its answer that are needed here. */
interface Led {
  readonly state: { readonly basePath: string };
  readonly path: string;
  readonly querystring: string;
  type: string;
  body: unknown;
}

/**
 * Answers a link that was followed with a page that asks for the same address again. That request comes from this site,
 * so it has the cookie of the session, which the first one does not. The page is the same for everybody and nothing was
 * looked at for it.
 * @param scope the scope of the route that was found; undefined where there is none
 * @throws CronflowError `foreign_origin` for a ping, because no other site may report that a job succeeded
 */
export function leadOn(ctx: Led, scope: RouteScope | undefined): void {
  const { basePath } = ctx.state;
  const wanted = `${basePath}${ctx.path}${ctx.querystring === '' ? '' : `?${ctx.querystring}`}`;
  const next = nextAddress(wanted, basePath);
  // An address with dots may mean another one, and that one may be a ping.
  const isPage = scope !== undefined && scope !== 'ping' && (next === wanted || next === `${basePath}/`);
  if (!isPage)
    throw new CronflowError(
      'foreign_origin',
      'A link of another site does not lead here. Open the address from the dashboard, or type it.',
    );
  const address = escapeHtml(next);
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${address}"><title>Cronflow</title></head>
<body><p><a href="${address}">Go on to Cronflow</a></p></body>
</html>
`;
}
