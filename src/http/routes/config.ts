import { readWritten } from '../../apply/configuration.ts';
import type { Fault } from '../../core/model/errors.ts';
import { actorOf } from '../client.ts';
import type { ConfigStatus } from '../deps.ts';
import { shortened, someFaults } from '../answer/problem.ts';
import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../answer/wire.ts';

/** Declares `/config`: shows which configuration is applied, and reads it again. */
export function configRoutes(services: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/config',
      scope: 'read',
      handle: (ctx) => showStatus(ctx, services),
    },
    { method: 'GET', path: '/config/jobs', scope: 'read', handle: (ctx) => listForPlan(ctx, services) },
    { method: 'POST', path: '/config/reload', scope: 'all', handle: (ctx) => reload(ctx, services) },
  ];
}

/**
 * Shows the status. The faults of the file come a page at a time, because they can be more than anybody reads at
 * once.
 */
function showStatus(ctx: HttpContext, services: Services): void {
  const query = new Query(ctx.querystring, services.limits);
  const { skip, limit } = query.page();
  query.done();
  const status = services.configStatus();
  const faults = status.last_error?.faults ?? [];
  ctx.set('X-Total-Count', String(faults.length));
  ctx.body = statusJson(status, faults.slice(skip, skip + limit));
}

/**
 * Writes the status.
 * @param faults the faults of the file that are to be shown
 */
function statusJson(status: ConfigStatus, faults: readonly Fault[]): object {
  const { last_error: error, held } = status;
  return toWire({
    ...status,
    last_error: error === null ? null : { ...error, detail: shortened(error.detail), faults },
    held: held === null ? null : { ...held, detail: shortened(held.detail) },
  });
}

/**
 * Lists the state that a plan is made against: all jobs as they are declared now, removed ones included, a page at a
 * time; or one of them.
 */
async function listForPlan(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const { skip, limit } = query.page();
  const only = query.text('job');
  query.done();
  // A misspelt name must not look like a job that nobody declared.
  if (only !== undefined) await services.jobNamed(only);
  const { jobs, written } = await services.store.view({ all: true }, (view) => ({
    jobs: view.jobs().filter(({ name }) => only === undefined || name === only),
    written: readWritten(view),
  }));
  const { notifiers, replayWindowMs } = services.globals();
  ctx.set('X-Total-Count', String(jobs.length));
  const page = jobs.slice(skip, skip + limit);
  ctx.body = toWire({
    total: jobs.length,
    revision: services.configStatus().revision,
    notifiers,
    replay_window_ms: replayWindowMs,
    settings: written ?? null,
    jobs: page.map(({ id, name, source, place, declared, declaration, removed_at, renamed, state }) => ({
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
  const by = actorOf(ctx, services);
  const status = await services.reload(confirm === undefined ? { by } : { by, confirm });
  ctx.body = statusJson(status, someFaults(status.last_error?.faults ?? []));
}
