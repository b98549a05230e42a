import { readWritten } from '../../ingest/configuration.ts';
import { Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../wire.ts';

/** `/config`: which configuration counts, and reading it again. */
export function configRoutes(services: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/config',
      scope: 'read',
      handle(ctx) {
        ctx.body = toWire(services.configStatus());
      },
    },
    { method: 'GET', path: '/config/jobs', scope: 'read', handle: (ctx) => listForPlan(ctx, services) },
    { method: 'POST', path: '/config/reload', scope: 'all', handle: (ctx) => reload(ctx, services) },
  ];
}

/** What a plan is made against: every job as it is declared now, removed ones included. */
async function listForPlan(ctx: HttpContext, services: Services): Promise<void> {
  new Query(ctx.querystring, services.limits).done();
  const { jobs, written } = await services.store.transact({ all: true }, (tx) => ({
    jobs: tx.jobs(),
    written: readWritten(tx),
  }));
  const { notifiers, replayWindowMs } = services.globals();
  ctx.body = toWire({
    revision: services.configStatus().revision,
    notifiers,
    replay_window_ms: replayWindowMs,
    settings: written ?? null,
    jobs: jobs.map(({ id, name, source, place, declared, declaration, removed_at, renamed, state }) => ({
      id,
      name,
      source,
      place,
      declared,
      declaration,
      removed_at,
      renamed: renamed ?? [],
      run_count: state.run_count,
    })),
  });
}

async function reload(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const confirm = query.text('confirm');
  query.done();
  ctx.body = toWire(await services.reload(confirm === undefined ? {} : { confirm }));
}
