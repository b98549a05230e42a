import { CronflowError } from '../../core/model/errors.ts';
import { OUTCOMES } from '../../core/model/reasons.ts';
import type { Row } from '../../core/model/records.ts';
import { shownRow } from '../../core/model/rows.ts';
import type { RowSelection, RunPlace } from '../../store/store.ts';
import { cursorBehind, type CursorPlace, cursorText, linkNext } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import { linkReason } from '../answer/links.ts';
import type { HttpContext, Route } from '../router.ts';
import { type Searched, searchOutputs } from '../search.ts';
import type { Services } from '../services.ts';
import { Turns } from '../turns.ts';
import { runJson } from '../answer/wire.ts';

/** Declares `/jobs/:name/runs` and `/runs`: the history of a job and that of all jobs, newest first. */
export function runRoutes(services: Services): Route[] {
  const { searchesWaitingMax } = services.limits;
  const turns = new Turns(searchesWaitingMax, 'Too many searches of outputs wait already. Try again soon.');
  return [
    { method: 'GET', path: '/runs', scope: 'read', handle: (ctx) => listAll(ctx, services, turns) },
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
  const page = query.page();
  const cursor = query.cursor('runs of a job');
  const selection = selectionOf(query, services.clock.now());
  query.done();
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  const { items, total } = await services.store.runsOf(job.id, {
    ...page,
    ...selection,
    ...asked({ after: cursor?.[0] }),
  });
  ctx.set('X-Total-Count', String(total));
  const behind = cursorBehind(items, page.limit, ({ number }) => cursorText('runs of a job', [number]));
  linkNext(ctx, behind, instantsOf(selection));
  ctx.body = items.map(runJson);
}

/** Lists what ran, over all jobs, those that began last first, or those of them whose output has a text. */
async function listAll(ctx: HttpContext, services: Services, turns: Turns): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const limit = query.limit();
  const cursor = query.cursor('runs');
  const [name, group, tag] = [query.text('job'), query.text('group'), query.text('tag')];
  const text = query.text('output');
  const selection = selectionOf(query, services.clock.now());
  query.done();
  const job = name === undefined ? undefined : await services.jobNamed(name);
  const after = cursor === undefined ? undefined : placeOf(cursor);
  const filter = { limit, ...selection, ...asked({ job_id: job?.id, group, tag, after }) };
  const isGone = (): boolean => ctx.req.socket.destroyed;
  const { items, next } =
    text === undefined
      ? await services.store.runs(filter)
      : told(ctx, await turns.take(() => searchOutputs(filter, { text, isGone }, services)));
  const behind = next === null ? null : cursorText('runs', [next.began_at, next.job_id, next.number]);
  linkNext(ctx, behind, instantsOf(selection));
  ctx.body = items.map(({ job: { name: jobName }, row, ...found }) => ({
    job_name: jobName,
    ...runJson(row),
    ...('line' in found ? { output_line: found.line } : {}),
  }));
}

/** Says in headers how far a search got. */
function told(ctx: HttpContext, searched: Searched): Searched {
  ctx.set('X-Searched-Outputs', String(searched.outputCount));
  ctx.set('X-Searched-Bytes', String(searched.bytes));
  const { next } = searched;
  if (next !== null) ctx.set('X-Searched-Until', new Date(next.began_at).toISOString());
  return searched;
}

function placeOf([beganAt, jobId, number]: CursorPlace<'runs'>): RunPlace {
  return { began_at: beganAt, job_id: jobId, number };
}

/** Reads which rows are asked for. */
function selectionOf(query: Query, nowAt: number): RowSelection {
  const outcome = query.word('outcome', [...OUTCOMES, 'open'] as const);
  const host = query.text('host');
  const sinceAt = query.instant('since', nowAt);
  const untilAt = query.instant('until', nowAt);
  return asked({ outcome, host, since_at: sinceAt, until_at: untilAt });
}

function instantsOf({ since_at: since, until_at: until }: RowSelection): Record<string, number | undefined> {
  return { since, until };
}

async function show(ctx: HttpContext, services: Services): Promise<void> {
  const run = await runOf(ctx, services);
  linkReason(ctx, run.reason);
  ctx.body = runJson(run);
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
