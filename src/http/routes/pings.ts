import { PING_KINDS } from '../../core/model/reasons.ts';
import { pingRequestOf, takePing } from '../ping/record-ping.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Declares `/jobs/:name/KIND` for each kind of ping, by `POST`, `GET` and `HEAD`. */
export function pingRoutes(services: Services): Route[] {
  return PING_KINDS.flatMap((kind) =>
    (['POST', 'GET'] as const).map((method) => ({
      method,
      path: `/jobs/:name/${kind}`,
      scope: 'ping' as const,
      handle: async (ctx: HttpContext) => {
        ctx.body = await takePing(pingRequestOf(ctx), kind, services);
      },
    })),
  );
}
