import { unknownIncident } from '../../apply/acknowledge.ts';
import { type Delivery, DELIVERY_STATUSES } from '../../core/model/records.ts';
import { cursorBehind, cursorText, linkNext, placeIn } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { deliveryJson } from '../answer/wire.ts';

/** Declares `/deliveries`: messages that are owed, sent and given up, newest first. */
export function deliveryRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/deliveries', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  const cursor = query.cursor('deliveries');
  const status = query.word('status', DELIVERY_STATUSES);
  // A misspelt name must not look like a notifier that is owed nothing.
  const notifier = query.has('notifier') ? query.word('notifier', await knownNotifiers(services)) : undefined;
  const incident_id = query.text('incident');
  query.done();
  if (incident_id !== undefined && (await services.store.incident(incident_id)) === undefined)
    throw unknownIncident(incident_id);
  const after = placeIn(cursor);
  const { items, total } = await services.store.deliveries({
    ...page,
    ...asked({ status, notifier, incident_id, after }),
  });
  ctx.set('X-Total-Count', String(total));
  linkNext(ctx, cursorBehind(items, page.limit, cursorOf));
  ctx.body = items.map(deliveryJson);
}

function cursorOf({ created_at: at, id }: Delivery): string {
  return cursorText('deliveries', [at, id]);
}

/** Returns the notifiers that are configured, and those of which deliveries are still kept. */
async function knownNotifiers(services: Services): Promise<string[]> {
  const kept = (await services.store.deliveryCounts()).map(({ notifier }) => notifier);
  return [...new Set([...services.globals().notifiers, ...kept])];
}
