import { Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { deliveryJson } from '../wire.ts';

const DELIVERY_STATUSES = ['pending', 'sent', 'dead'] as const;

/** `/deliveries`: messages owed, sent and given up, newest first. */
export function deliveryRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/deliveries', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  const status = query.word('status', DELIVERY_STATUSES);
  query.done();
  const filter = { ...page, ...(status === undefined ? {} : { status }) };
  const { items, total } = await services.store.deliveries(filter);
  ctx.set('X-Total-Count', String(total));
  ctx.body = items.map(deliveryJson);
}
