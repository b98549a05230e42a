import { CronflowError } from '../../core/model/errors.ts';

import type { PingKind } from '../../core/model/reasons.ts';
import { outputBytesMaxOf } from '../../core/model/spec.ts';
import { outputOfBody } from '../ping/ping-body.ts';
import { pingOf } from '../ping/ping.ts';
import { pingRequestOf, readPingBody, recordPing } from '../ping/record-ping.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

/** The last part of an address of the protocol, and the kind of ping that it stands for. */
const SIGNALS: readonly (readonly [path: string, kind: PingKind])[] = [
  ['', 'success'],
  ['/start', 'start'],
  ['/fail', 'failure'],
  ['/log', 'log'],
  // The exit code decides over the kind.
  ['/:exit_code', 'success'],
];

/**
 * Declares the addresses of the ping protocol of Healthchecks.io (its documentation: "Pinging API"), so that its
 * clients work with another base URL alone. The gate has taken a key out of the path before.
 */
export function healthchecksRoutes(services: Services): Route[] {
  return SIGNALS.flatMap(([path, kind]) =>
    (['POST', 'GET'] as const).map((method) => ({
      method,
      path: `/ping/:name${path}`,
      scope: 'ping' as const,
      handle: (ctx: HttpContext) => takePing(ctx, kind, services),
    })),
  );
}

/** Records one ping. In this protocol a body is never anything but output, and `rid` is the only parameter. */
async function takePing(ctx: HttpContext, kind: PingKind, services: Services): Promise<void> {
  const { clock, limits, bodies: budget } = services;
  const exitCode = ctx.params['exit_code'];
  if (exitCode !== undefined && !/^\d{1,10}$/.test(exitCode)) {
    throw new CronflowError(
      'not_found',
      'An address of this protocol ends with the name of a job, or with start, fail, log or an exit code behind it.',
    );
  }
  const request = pingRequestOf(ctx);
  const body = await readPingBody(request, services);
  const rid = new URLSearchParams(ctx.querystring).get('rid');
  const query = new URLSearchParams({
    ...(rid === null ? {} : { rid }),
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
  });
  const output = body === null ? null : await outputOfBody(body, { limits, budget });
  const read = pingOf({
    kind,
    query: query.toString(),
    body: { given: new Map(), output, unreadable: null },
    received_at: clock.now(),
    limits,
  });
  ctx.type = 'text/plain';
  try {
    const { job } = await recordPing(request, read, services);
    ctx.set('Ping-Body-Limit', String(outputBytesMaxOf(job.declaration)));
    ctx.body = 'OK';
  } catch (error) {
    if (!(error instanceof CronflowError && error.code === 'unknown_job')) throw error;
    ctx.status = 404;
    ctx.body = 'not found';
  }
}
