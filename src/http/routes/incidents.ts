import { Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { incidentJson } from '../wire.ts';

/** `/incidents`: what is or was in trouble, newest first. */
export function incidentRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/incidents', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  const name = query.text('job');
  const open = query.word('open', ['true', 'false']);
  query.done();
  const job = name === undefined ? undefined : await services.jobNamed(name);
  const { items, total } = await services.store.incidents({
    ...page,
    ...(job === undefined ? {} : { job_id: job.id }),
    ...(open === undefined ? {} : { open: open === 'true' }),
  });
  ctx.set('X-Total-Count', String(total));
  ctx.body = items.map(incidentJson);
}
