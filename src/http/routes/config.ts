import { Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../wire.ts';

/** `/config`: which configuration counts, and reading it again. */
export function configRoutes(services: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/config',
      scope: 'read',
      handle(ctx) {
        ctx.body = toWire(services.configStatus());
      },
    },
    { method: 'POST', path: '/config/reload', scope: 'all', handle: (ctx) => reload(ctx, services) },
  ];
}

async function reload(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const confirm = query.text('confirm');
  query.done();
  ctx.body = toWire(await services.reload(confirm === undefined ? {} : { confirm }));
}
