import { CronflowError, type Fault } from '../../core/model/errors.ts';
import { STATUSES } from '../../core/model/reasons.ts';
import type { Job, JobIncident } from '../../core/model/records.ts';
import type { Page } from '../../store/store.ts';
import { JOBS_TOGETHER_MAX } from './recent-runs.ts';
import { readJson } from '../request/body.ts';
import { cursorBehind, cursorText, linkNext } from '../request/cursor.ts';
import { actorOf } from '../client.ts';
import type { ValidDeclaration } from '../deps.ts';
import { isKnownToClient } from '../answer/etag.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { readPausedUntil } from '../request/until.ts';
import { jobJson } from '../answer/wire.ts';

/** Declares `/jobs`: register, list, look at, change, pause, resume, remove. */
export function jobRoutes(services: Services): Route[] {
  return [
    { method: 'POST', path: '/jobs', scope: 'all', handle: (ctx) => register(ctx, services) },
    { method: 'GET', path: '/jobs', scope: 'read', handle: (ctx) => list(ctx, services) },
    { method: 'GET', path: '/jobs/:name', scope: 'read', handle: (ctx) => show(ctx, services) },
    { method: 'POST', path: '/jobs/:name/pause', scope: 'all', handle: (ctx) => pause(ctx, services) },
    { method: 'POST', path: '/jobs/:name/resume', scope: 'all', handle: (ctx) => resume(ctx, services) },
    { method: 'PUT', path: '/jobs/:name', scope: 'all', handle: (ctx) => declare(ctx, services) },
    { method: 'PATCH', path: '/jobs/:name', scope: 'all', handle: (ctx) => patch(ctx, services) },
    { method: 'DELETE', path: '/jobs/:name', scope: 'all', handle: (ctx) => remove(ctx, services) },
  ];
}

async function register(ctx: HttpContext, services: Services): Promise<void> {
  const { name, declared } = validated(await inputOf(ctx, services), services);
  await answerCreated(ctx, await services.ingest.register(name, declared, actorOf(ctx, services)), services);
}

async function answerCreated(ctx: HttpContext, job: Job, services: Services): Promise<void> {
  ctx.status = 201;
  ctx.set('Location', `${ctx.state.basePath}/jobs/${encodeURIComponent(job.name)}`);
  ctx.body = await withIncident(job, services);
}

/** Declares the job as the body says, whether it existed or not, so that the same request twice changes nothing. */
async function declare(ctx: HttpContext, services: Services): Promise<void> {
  const name = ctx.params['name'] ?? '';
  const { declared } = validated(named(name, await inputOf(ctx, services)), services);
  const { job, isNew } = await services.ingest.declare(name, declared, actorOf(ctx, services));
  if (isNew) await answerCreated(ctx, job, services);
  else ctx.body = await withIncident(job, services);
}

/** Changes the keys that the body names; null takes a key out (RFC 7396, whole keys at a time). */
async function patch(ctx: HttpContext, services: Services): Promise<void> {
  const { name } = await services.jobNamed(ctx.params['name'] ?? '');
  const changes = named(name, await inputOf(ctx, services));
  const job = await services.ingest.change(
    name,
    (declared) => {
      const merged = Object.entries({ ...declared, ...(changes as object) });
      const kept = merged.filter(([, value]) => value !== null);
      return validated(Object.fromEntries(kept), services).declared;
    },
    actorOf(ctx, services),
  );
  ctx.body = await withIncident(job, services);
}

function inputOf(ctx: HttpContext, services: Services): Promise<unknown> {
  return readJson(ctx.req, services);
}

/** Returns the keys of a job with the name of the path, which the body may repeat. */
function named(name: string, input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const given = (input as { name?: unknown }).name ?? name;
  if (given === name) return { ...input, name };
  const message = `must be ${JSON.stringify(name)}, as in the path; POST /jobs with renamed_from renames a job`;
  const fault: Fault = { code: 'bad_name', path: 'name', message };
  throw new CronflowError('invalid', 'The declaration of the job is not valid.', { faults: [fault] });
}

/**
 * Returns the valid declaration.
 * @throws CronflowError `invalid` with every fault
 */
function validated(input: unknown, services: Services): ValidDeclaration {
  const valid = services.validateDeclaration(input);
  if ('declared' in valid) return valid;
  throw new CronflowError('invalid', 'The declaration of the job is not valid.', { faults: valid });
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const page = query.page();
  const cursor = query.cursor('jobs');
  const [status, incident, tag, group, q] = [
    query.word('status', STATUSES),
    query.word('incident', ['open', 'none']),
    query.text('tag'),
    query.text('group'),
    query.text('q'),
  ];
  const names = query.texts('name', JOBS_TOGETHER_MAX);
  const filter = asked({ status, incident, tag, group, q, after: cursor?.[0] });
  if (names.length > 0 && (page.skip > 0 || Object.keys(filter).length > 0))
    query.refuse('name', 'does not go together with another filter, a cursor or skip');
  query.done();
  const { items, total } =
    names.length > 0
      ? await jobsNamed(names, services)
      : await services.store.listJobs({ ...page, ...filter });
  const incidents = await openIncidents(items, services);
  const nowAt = services.clock.now();
  const globals = services.globals();
  ctx.set('X-Total-Count', String(total));
  linkNext(
    ctx,
    names.length > 0 ? null : cursorBehind(items, page.limit, ({ name }) => cursorText('jobs', [name])),
  );
  const shown = items.map((job) => services.jobTexts.show(job, incidents.get(job.id), globals, nowAt));
  if (isKnownToClient(ctx, shown.map(({ digest }) => digest).join(''))) return;
  ctx.type = 'application/json; charset=utf-8';
  ctx.body = `[${shown.map(({ text }) => text).join(',')}]`;
}

/** Returns the jobs of these names that there are, in the order of the list. */
async function jobsNamed(names: readonly string[], { store }: Services): Promise<Page<Job>> {
  const found = await Promise.all(
    names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => store.jobByName(name)),
  );
  const items = found.filter((job) => job !== undefined);
  return { items, total: items.length };
}

async function show(ctx: HttpContext, services: Services): Promise<void> {
  ctx.body = await withIncident(await services.jobNamed(ctx.params['name'] ?? ''), services);
}

async function pause(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const until = query.text('until');
  query.done();
  const { name } = await services.jobNamed(ctx.params['name'] ?? '');
  const untilAt = await readPausedUntil(ctx.req, until, services);
  const job = await services.ingest.pause(name, untilAt, actorOf(ctx, services));
  ctx.body = await withIncident(job, services);
}

async function resume(ctx: HttpContext, services: Services): Promise<void> {
  const { name } = await services.jobNamed(ctx.params['name'] ?? '');
  ctx.body = await withIncident(await services.ingest.resume(name, actorOf(ctx, services)), services);
}

async function remove(ctx: HttpContext, services: Services): Promise<void> {
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  await services.ingest.remove(job.name, actorOf(ctx, services));
  ctx.status = 204;
}

async function withIncident(job: Job, services: Services): Promise<object> {
  const incident = await services.store.openIncidentOf(job.id);
  return jobJson(job, incident, services.globals(), services.clock.now());
}

/** Returns the open incidents of these jobs by job, in one read for a whole list instead of one for each. */
async function openIncidents(
  jobs: readonly Job[],
  { store }: Services,
): Promise<ReadonlyMap<string, JobIncident>> {
  const ids = jobs.map(({ id }) => id);
  return store.view({ ids }, (view) => {
    const byJob = new Map<string, JobIncident>();
    for (const id of ids) {
      const incident = view.openIncidentOf(id);
      if (incident !== undefined) byJob.set(id, incident);
    }
    return byJob;
  });
}
