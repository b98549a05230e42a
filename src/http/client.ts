import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Actor } from '../core/model/audit.ts';
import type { HttpContext } from './router.ts';
import type { Services } from './services.ts';

/**
 * Returns the address that a request came from. Behind a proxy of our own that is the one which the proxy saw: the last
 * of `X-Forwarded-For`, because a client may write the others itself.
 * @param trustsProxy true if such a header comes from a proxy of our own
 */
export function clientAddress(req: IncomingMessage, trustsProxy: boolean): string | null {
  const forwarded = trustsProxy ? req.headers['x-forwarded-for'] : undefined;
  const last = [forwarded ?? ''].flat().join(',').split(',').at(-1)?.trim() ?? '';
  // Some proxies add the port.
  const bare = last.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  const address = isIP(bare) === 0 ? req.socket.remoteAddress : bare;
  // A socket for both families writes addresses of IPv4 so. All of them look like one network of IPv6.
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null;
}

/** Returns whoever sends a request, for the audit log. */
export function actorOf(ctx: HttpContext, { base }: Services): Actor {
  const { access } = ctx.state;
  return {
    via: access?.via ?? 'anybody',
    who: access?.name ?? null,
    from: clientAddress(ctx.req, base.trustsProxy),
  };
}
