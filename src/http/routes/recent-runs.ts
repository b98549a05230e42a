import { instantOfRow, isOpen } from '../../core/model/rows.ts';
import type { Row } from '../../core/model/records.ts';
import { HOUR_MS } from '../../schedule/units.ts';
import { toWire } from '../answer/wire.ts';
import { nightOf, type Night } from '../night.ts';
import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** So many runs of each job are as many as a row of bars shows. */
const RUNS_DEFAULT = 30;
const RUNS_MAX = 100;
/** So many jobs may be asked for together: as many as a window shows rows of a list. */
export const JOBS_TOGETHER_MAX = 50;
/** Nobody sees that a summary is a little older, and many look at once after a night. */
const SUMMARY_KEPT_MS = 5_000;

/**
 * Declares `/runs/recent`, how the latest runs of some jobs ended, in short; and `/runs/summary`, what ran since an
 * instant, in numbers.
 */
export function recentRunRoutes(services: Services): Route[] {
  const nights = new Map<number, { atMs: number; night: Promise<Night> }>();
  return [
    { method: 'GET', path: '/runs/recent', scope: 'read', handle: (ctx) => listRecent(ctx, services) },
    { method: 'GET', path: '/runs/summary', scope: 'read', handle: (ctx) => sumUp(ctx, services, nights) },
  ];
}

async function listRecent(ctx: HttpContext, services: Services): Promise<void> {
  const { store, limits } = services;
  const query = new Query(ctx.querystring, limits);
  const limit = query.limit(RUNS_MAX, RUNS_DEFAULT);
  const names = query.texts('job', JOBS_TOGETHER_MAX);
  query.done();
  const jobs = await Promise.all(names.map((name) => store.jobByName(name)));
  const known = jobs.filter((job) => job !== undefined);
  ctx.body = await Promise.all(
    known.map(async ({ id, name }) => {
      const { items } = await store.runsOf(id, { skip: 0, limit });
      return { job_name: name, runs: items.map(shortRun) };
    }),
  );
}

/** Writes of a row what a bar shows. */
function shortRun(row: Row): object {
  const { id, outcome, reason } = row;
  return toWire({
    id,
    outcome,
    reason,
    began_at: instantOfRow(row),
    ended_at: row.ended_at,
    duration_ms: row.kind === 'run' ? row.duration_ms : null,
    limit_at: row.kind === 'run' && isOpen(row) ? row.limit_at : null,
    count: row.kind === 'slots' ? row.count : 1,
  });
}

async function sumUp(
  ctx: HttpContext,
  services: Services,
  nights: Map<number, { atMs: number; night: Promise<Night> }>,
): Promise<void> {
  const { clock, limits } = services;
  const query = new Query(ctx.querystring, limits);
  const sinceAt = query.instant('since', clock.now()) ?? clock.now() - 12 * HOUR_MS;
  query.done();
  const nowMs = clock.monotonic();
  for (const [at, { atMs }] of nights) if (nowMs - atMs >= SUMMARY_KEPT_MS) nights.delete(at);
  const kept = nights.get(sinceAt);
  const night = kept?.night ?? nightOf(sinceAt, services);
  if (kept === undefined) nights.set(sinceAt, { atMs: nowMs, night });
  ctx.body = toWire(await night);
}
