import { EVENT_STREAM } from '../events/reader.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { accessOfHolder, requireScope } from '../access/access.ts';

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
  else ctx.body = services.events.add(filter, ctx.get('Last-Event-ID'), () => maySee(ctx, services)).stream;
  ctx.type = `${EVENT_STREAM}; charset=utf-8`;
  // nginx would keep what is written until its buffer is full.
  ctx.set('X-Accel-Buffering', 'no');
}

/** Tells whether whoever listens may still read: a token may be withdrawn or expire, and a session end. */
async function maySee({ state, req }: HttpContext, { book, sessions, clock }: Services): Promise<boolean> {
  const { access } = state;
  if (access === null || access.sha256 === null) return !book.isNeeded;
  if (access.via === 'session' && !(await sessions.isOpen(req.headers.cookie ?? ''))) return false;
  try {
    requireScope(accessOfHolder(book.findAgain(access.sha256), clock.now()), 'read');
    return true;
  } catch {
    return false;
  }
}
