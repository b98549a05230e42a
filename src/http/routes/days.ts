import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { dayJson } from '../answer/wire.ts';

/** Declares `/jobs/:name/days`: the daily figures of a job, newest first. */
export function dayRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/jobs/:name/days', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  query.done();
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  const { items, total } = await services.store.daysOf(job.id, page);
  ctx.set('X-Total-Count', String(total));
  ctx.body = items.map(dayJson);
}
