import { readWritten } from '../../apply/stored-configuration.ts';
import type { Fault } from '../../core/model/errors.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { Job } from '../../core/model/records.ts';
import { CONFIGURATION_KEY, type Store } from '../../store/store.ts';
import { readJson } from '../request/body.ts';
import { Turns } from '../turns.ts';
import { actorOf } from '../client.ts';
import type { ConfigStatus } from '../deps.ts';
import { shortened, someFaults } from '../answer/problem.ts';
import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../answer/wire.ts';

/** Lints that an answer names at most. Many jobs often have the same one, and a page shows it once with their names. */
const LINTS_MAX = 1_000;

/** More jobs than a store has. */
const IDS_MAX = 2 ** 31 - 1;

/** Declares `/config`: shows which configuration is applied, and reads it again. */
export function configRoutes(services: Services): Route[] {
  const turns = new Turns(services.limits.checksWaitingMax, 'Too many checks wait already. Try again soon.');
  return [
    {
      method: 'GET',
      path: '/config',
      scope: 'read',
      handle: (ctx) => showStatus(ctx, services),
    },
    { method: 'GET', path: '/config/jobs', scope: 'read', handle: (ctx) => listForPlan(ctx, services) },
    { method: 'GET', path: '/config/lints', scope: 'read', handle: (ctx) => listLints(ctx, services) },
    { method: 'POST', path: '/config/check', scope: 'read', handle: (ctx) => check(ctx, services, turns) },
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
  const { page, total, written } = await jobsForPlan(services.store, { only, skip, limit });
  const { notifiers, replayWindowMs } = services.globals();
  ctx.set('X-Total-Count', String(total));
  ctx.body = toWire({
    total,
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

interface JobsForPlan {
  page: readonly Job[];
  total: number;
  written: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a page of all jobs, also removed ones. A store that instances share would load all jobs for each page, so it is
 * asked for their ids, and then for the jobs of the page.
 */
async function jobsForPlan(
  store: Store,
  { only, skip, limit }: { only: string | undefined; skip: number; limit: number },
): Promise<JobsForPlan> {
  if (only !== undefined)
    return store.view({ names: [only], meta: [CONFIGURATION_KEY] }, (view) => {
      const page = [view.jobByName(only)].filter((job) => job !== undefined);
      return { page, total: page.length, written: readWritten(view) };
    });
  if (store.isShared !== true)
    return store.view({ all: true }, (view) => {
      const jobs = view.jobs();
      return { page: jobs.slice(skip, skip + limit), total: jobs.length, written: readWritten(view) };
    });
  const all = await store.jobIdsAfter(null, IDS_MAX);
  const ids = all.slice(skip, skip + limit);
  return store.view({ ids, meta: [CONFIGURATION_KEY] }, (view) => ({
    page: ids.flatMap((id) => view.jobById(id) ?? []),
    total: all.length,
    written: readWritten(view),
  }));
}

/** Shows what is probably not meant in the configuration that is applied. */
function listLints(ctx: HttpContext, services: Services): void {
  const { lints, text, is_too_long: isTooLong } = services.configLints();
  ctx.body = { lints: someFaults(lints, LINTS_MAX), text: shortened(text), is_too_long: isTooLong };
}

/**
 * Says what a configuration is worth that is sent as `{"text": ...}`: its errors, its lints, and what it would change.
 * Nothing is changed.
 */
async function check(ctx: HttpContext, services: Services, turns: Turns): Promise<void> {
  const input = await readJson(ctx.req, services);
  const text = typeof input === 'object' && input !== null ? (input as { text?: unknown }).text : undefined;
  if (typeof text !== 'string')
    throw new CronflowError('bad_request', 'Send the configuration as JSON: {"text": "jobs: ..."}.');
  const { checkedLengthMax: lengthMax } = services.limits;
  if (text.length > lengthMax) {
    const detail = `The text is longer than the ${lengthMax} characters allowed. "cronflow check" checks any file.`;
    throw new CronflowError('body_too_large', detail);
  }
  const trial = await turns.take(() => services.tryConfig(text));
  ctx.body = {
    ...trial,
    errors: someFaults(trial.errors),
    lints: someFaults(trial.lints, LINTS_MAX),
    text: shortened(trial.text),
    backtest: trial.backtest === null ? null : shortened(trial.backtest),
  };
}

async function reload(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const confirm = query.text('confirm');
  query.done();
  const by = actorOf(ctx, services);
  const status = await services.reload(confirm === undefined ? { by } : { by, confirm });
  ctx.body = statusJson(status, someFaults(status.last_error?.faults ?? []));
}
