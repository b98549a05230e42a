import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../answer/wire.ts';

/** Declares `/pings/unknown`: names that ping and that no job has, each with the name that was probably meant. */
export function unknownPingRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/pings/unknown', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const { skip, limit } = query.page();
  query.done();
  const { store } = services;
  const found = await Promise.all(
    services.unknownPings().map(async (ping) => ({ ping, job: await store.jobByName(ping.name) })),
  );
  // A name that was declared since then is left out here, although the log still has it.
  const unknown = found.filter(({ job }) => job === undefined).map(({ ping }) => ping);
  const shown = unknown.slice(skip, skip + limit);
  ctx.set('X-Total-Count', String(unknown.length));
  ctx.body = await Promise.all(
    shown.map(async (ping) => toWire({ ...ping, nearest: (await services.nearestName(ping.name)) ?? null })),
  );
}
