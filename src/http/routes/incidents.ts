import { unknownIncident } from '../../apply/acknowledge.ts';
import type { Incident } from '../../core/model/records.ts';
import { actorOf } from '../client.ts';
import { cursorBehind, cursorText, linkNext, placeIn } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import { linkReason } from '../answer/links.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { readAcknowledgedUntil } from '../request/until.ts';
import { incidentJson } from '../answer/wire.ts';

/** Declares `/incidents`: present and past trouble, newest first. */
export function incidentRoutes(services: Services): Route[] {
  return [
    { method: 'GET', path: '/incidents', scope: 'read', handle: (ctx) => list(ctx, services) },
    { method: 'GET', path: '/incidents/:id', scope: 'read', handle: (ctx) => show(ctx, services) },
    {
      method: 'POST',
      path: '/incidents/:id/ack',
      scope: 'all',
      handle: (ctx) => acknowledge(ctx, services),
    },
  ];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  const cursor = query.cursor('incidents');
  const name = query.text('job');
  const open = query.word('open', ['true', 'false']);
  query.done();
  const job = name === undefined ? undefined : await services.jobNamed(name);
  const { items, total } = await services.store.incidents({
    ...page,
    ...asked({
      job_id: job?.id,
      open: open === undefined ? undefined : open === 'true',
      after: placeIn(cursor),
    }),
  });
  ctx.set('X-Total-Count', String(total));
  linkNext(ctx, cursorBehind(items, page.limit, cursorOf));
  ctx.body = items.map(incidentJson);
}

function cursorOf({ opened_at: at, id }: Incident): string {
  return cursorText('incidents', [at, id]);
}

async function show(ctx: HttpContext, { store }: Services): Promise<void> {
  const id = ctx.params['id'] ?? '';
  const incident = await store.incident(id);
  if (incident === undefined) throw unknownIncident(id);
  linkReason(ctx, incident.reason);
  ctx.body = incidentJson(incident);
}

async function acknowledge(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const until = query.text('until');
  query.done();
  const untilAt = await readAcknowledgedUntil(ctx.req, until, services);
  ctx.body = incidentJson(
    await services.ingest.acknowledge(ctx.params['id'] ?? '', untilAt, actorOf(ctx, services)),
  );
}
