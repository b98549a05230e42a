import { CronflowError } from '../../core/model/errors.ts';
import { OUTCOMES } from '../../core/model/reasons.ts';
import type { Row } from '../../core/model/records.ts';
import { shownRow } from '../../core/model/rows.ts';
import type { RunFilter } from '../../store/store.ts';
import { asked, Query } from '../query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { runJson } from '../wire.ts';

/** Declares `/jobs/:name/runs`: the history of a job, newest first. */
export function runRoutes(services: Services): Route[] {
  return [
    { method: 'GET', path: '/jobs/:name/runs', scope: 'read', handle: (ctx) => list(ctx, services) },
    { method: 'GET', path: '/jobs/:name/runs/:id', scope: 'read', handle: (ctx) => show(ctx, services) },
    {
      method: 'GET',
      path: '/jobs/:name/runs/:id/output',
      scope: 'read',
      handle: (ctx) => output(ctx, services),
    },
  ];
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const filter = runFilterOf(query, services.clock.now());
  query.done();
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  const { items, total } = await services.store.runsOf(job.id, filter);
  ctx.set('X-Total-Count', String(total));
  ctx.body = items.map(runJson);
}

/** Reads which rows are asked for. */
function runFilterOf(query: Query, nowAt: number): RunFilter {
  const outcome = query.word('outcome', [...OUTCOMES, 'open'] as const);
  const host = query.text('host');
  const sinceAt = query.instant('since', nowAt);
  const untilAt = query.instant('until', nowAt);
  return {
    ...query.page(),
    ...asked({ outcome, host, since_at: sinceAt, until_at: untilAt }),
  };
}

async function show(ctx: HttpContext, services: Services): Promise<void> {
  ctx.body = runJson(await runOf(ctx, services));
}

/**
 * Answers with the kept end of the output as plain text, because it may hold anything and must never be taken for a
 * page.
 */
async function output(ctx: HttpContext, services: Services): Promise<void> {
  const run = shownRow(await runOf(ctx, services));
  const kept = await services.store.output(run.job_id, run.id);
  ctx.set('X-Output-Dropped-Bytes', String(kept?.dropped_bytes ?? run.output_dropped_bytes));
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = kept?.text ?? '';
}

async function runOf(ctx: HttpContext, services: Services): Promise<Row> {
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  const id = ctx.params['id'] ?? '';
  const run = await services.store.run(job.id, id);
  if (run !== undefined) return run;
  throw new CronflowError(
    'not_found',
    `Job "${job.name}" has no run ${JSON.stringify(id.slice(0, 200))}. GET /jobs/${job.name}/runs lists those that are kept.`,
  );
}
