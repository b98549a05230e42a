import { PING_KINDS, type PingKind } from '../../core/model/reasons.ts';
import { understandBody } from '../ping-body.ts';
import { isToldBy, pingOf } from '../ping.ts';
import { jobInBrief } from '../wire.ts';
import { readPingBody, recordPing } from '../record-ping.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Declares `/jobs/:name/KIND` for each kind of ping, by `POST`, `GET` and `HEAD`. */
export function pingRoutes(services: Services): Route[] {
  return PING_KINDS.flatMap((kind) =>
    (['POST', 'GET'] as const).map((method) => ({
      method,
      path: `/jobs/:name/${kind}`,
      scope: 'ping' as const,
      handle: (ctx: HttpContext) => takePing(ctx, kind, services),
    })),
  );
}

/**
 * Records one ping and answers once it is durable. The ping is dated when its body is complete, immediately before
 * the commit is asked for, so that a tick at the same instant commits after it (docs/design.md §3).
 */
async function takePing(ctx: HttpContext, kind: PingKind, services: Services): Promise<void> {
  const { clock, limits, bodies: budget } = services;
  const body = await readPingBody(ctx, services);
  const understood =
    body === null
      ? null
      : await understandBody(body, { limits, budget, isToldByQuery: isToldBy(ctx.querystring) });
  const input = { kind, query: ctx.querystring, body: understood, received_at: clock.now(), limits };
  const { job, run_id, reason, warnings } = await recordPing(ctx, pingOf(input), services);
  const warning = warnings.length === 0 ? {} : { warning: warnings.join('; ') };
  ctx.body = { ok: true, job: job.name, run_id, reason, ...jobInBrief(job), ...warning };
}
