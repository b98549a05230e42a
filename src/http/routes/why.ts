import { ASKED_ALLOWED, explain, instantAskedAbout, sourceOf } from '../../apply/why.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { Told, Why } from '../../core/why/explanation.ts';
import { reasonLink } from '../answer/links.ts';
import { Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { Turns } from '../turns.ts';
import { toWire } from '../answer/wire.ts';

/** The log and the snapshots in it have at most about that much, and a read may not take the disk for longer. */
const SERVER_LIMITS = { bytes_max: 4 * 2 ** 30, ms_max: 20_000 };
const WAITING_MAX = 16;

/** Declares `/jobs/:name/why`: explains a job from the log of commits. */
export function whyRoutes(services: Services): Route[] {
  const turns = new Turns(WAITING_MAX, 'Too many explanations are being read from the log. Try again soon.');
  return [
    { method: 'GET', path: '/jobs/:name/why', scope: 'read', handle: (ctx) => answer(ctx, services, turns) },
  ];
}

async function answer(ctx: HttpContext, services: Services, turns: Turns): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const asked = query.text('at');
  query.done();
  const { store, clock } = services;
  const job = await services.jobNamed(ctx.params['name'] ?? '');
  const nowAt = clock.now();
  const at = readAt(asked, nowAt, job.declaration.timezone ?? 'UTC');
  const globals = services.globals();
  const found = await turns.take(() =>
    explain(sourceOf(store), job, { at, nowAt, globals, limits: SERVER_LIMITS }),
  );
  ctx.body = whyJson(found, ctx.state.basePath);
}

function readAt(asked: string | undefined, nowAt: number, timezone: string): number {
  if (asked === undefined) return nowAt;
  // The plus of an offset is a space in a query, unless its sender encodes it.
  const at =
    instantAskedAbout(asked, nowAt, timezone) ?? instantAskedAbout(asked.replace(' ', '+'), nowAt, timezone);
  if (at !== undefined && at <= nowAt) return at;
  const shown = JSON.stringify(asked.slice(0, 64));
  const message =
    at === undefined
      ? `${shown} is none of these: ${ASKED_ALLOWED}`
      : `${shown} is after now, and only the past can be explained`;
  throw new CronflowError('invalid', 'The query has values that are not allowed.', {
    faults: [{ code: 'invalid_value', path: 'at', message }],
  });
}

/**
 * Writes an explanation. Each thing that is told has a link to what docs/reasons.md says of its reason.
 * @param basePath what links begin with
 */
export function whyJson(why: Why, basePath: string): object {
  const linked = (told: Told): object => ({ ...told, link: reasonLink(told.reason, basePath) });
  return toWire({
    ...why,
    verdict: why.verdict.map(linked),
    parts: why.parts.map(({ part, told }) => ({ part, told: told.map(linked) })),
  });
}
