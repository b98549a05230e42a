import type { AuditRecord } from '../../core/model/audit.ts';
import { cursorBehind, cursorText, linkNext, placeIn } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Declares `/audit`: who changed what, from where and when, newest first (docs/design.md §8). */
export function auditRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/audit', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, { store, clock, limits }: Services): Promise<void> {
  const query = new Query(ctx.querystring, limits);
  const page = query.page();
  const cursor = query.cursor('audit');
  const nowAt = clock.now();
  const since = query.instant('since', nowAt);
  const until = query.instant('until', nowAt);
  const [who, job] = [query.text('who'), query.text('job')];
  query.done();
  const after = placeIn(cursor);
  const { items, total } = await store.audit({
    ...page,
    ...asked({ since_at: since, until_at: until, who, job, after }),
  });
  ctx.set('X-Total-Count', String(total));
  linkNext(ctx, cursorBehind(items, page.limit, cursorOf), { since, until });
  ctx.body = items.map(auditJson);
}

function cursorOf({ at, id }: AuditRecord): string {
  return cursorText('audit', [at, id]);
}

/** Writes an entry. What changed is left as it was declared. */
function auditJson({ at, ...record }: AuditRecord): object {
  return { ...record, at: new Date(at).toISOString() };
}
