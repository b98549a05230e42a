import { EVENT_STREAM } from '../events/reader.ts';
import { asked, Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Declares `/events`: what changes, as server-sent events. */
export function eventRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/events', scope: 'read', handle: (ctx) => listen(ctx, services) }];
}

function listen(ctx: HttpContext, services: Services): void {
  const query = new Query(ctx.querystring, services.limits);
  const [job, group, tag] = [query.text('job'), query.text('group'), query.text('tag')];
  query.done();
  const filter = asked({ job, group, tag });
  if (ctx.method === 'HEAD') ctx.status = 200;
  else ctx.body = services.events.add(filter, ctx.get('Last-Event-ID')).stream;
  ctx.type = `${EVENT_STREAM}; charset=utf-8`;
  // nginx would keep what is written until its buffer is full.
  ctx.set('X-Accel-Buffering', 'no');
}
