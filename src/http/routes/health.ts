import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Declares `/healthz`, which says that the process answers, and `/readyz`, which says whether it can take pings. */
export function healthRoutes(services: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      scope: 'open',
      handle(ctx) {
        ctx.body = { status: 'ok' };
      },
    },
    { method: 'GET', path: '/readyz', scope: 'open', handle: (ctx) => ready(ctx, services) },
  ];
}

/**
 * Answers whether Cronflow is ready. The reason and the warnings are for clients that may read; a probe sees the
 * status alone.
 */
function ready(ctx: HttpContext, services: Services): void {
  const health = services.store.health();
  const scopes = ctx.state.access?.scopes;
  // Without their outputs pings are taken, and a balancer must go on sending them here.
  const isReady = health.ok || health.refuses === 'outputs';
  ctx.status = isReady ? 200 : 503;
  const status = isReady ? 'ready' : 'not_ready';
  if (scopes?.has('all') === true || scopes?.has('read') === true) {
    ctx.body = { status, detail: health.ok ? null : health.detail, warnings: [...services.notices()] };
  } else {
    ctx.body = { status };
  }
}
