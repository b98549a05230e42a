import { CronflowError } from '../../core/model/errors.ts';
import { LIMITS } from '../../core/model/limits.ts';
import { PING_KINDS, type PingKind } from '../../core/model/reasons.ts';
import type { LogFields } from '../../observe/log.ts';
import { mediaType, noRoom, readBody } from '../body.ts';
import { pingOf } from '../ping.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import type { TailBuffer } from '../tail.ts';

const PATH_LENGTH_MAX = 200;

/** `/jobs/:name/{start,success,failure,log,skip}`, each by `POST`, `GET` and `HEAD`. */
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
 * Records one ping and answers once it is durable. It is dated when its body is complete, immediately before
 * the commit is asked for, so that a tick at the same instant commits after it (docs/design.md §3).
 */
async function takePing(ctx: HttpContext, kind: PingKind, services: Services): Promise<void> {
  const name = ctx.params['name'] ?? '';
  const isJson = mediaType(ctx.req) === 'application/json';
  const body = await readPingBody(ctx, isJson, services);
  const ping = pingOf({
    kind,
    query: ctx.querystring,
    isJson,
    body,
    received_at: services.clock.now(),
    limits: services.limits,
  });
  try {
    const { job, run_id, reason, former_name } = await services.ingest.ping(name, ping);
    services.logger.debug('ping', { job, kind, reason, run_id });
    const answer = { ok: true, job, run_id, reason };
    ctx.body = answer;
    if (former_name === undefined) return;
    services.onFormerName?.(former_name, job, kind);
    ctx.body = { ...answer, warning: formerNameWarning(former_name, job) };
  } catch (error) {
    if (!(error instanceof CronflowError && error.code === 'unknown_job')) throw error;
    services.onUnknownPing?.(name, kind);
    throw await services.unknownJob(name);
  }
}

function formerNameWarning(name: string, job: string): string {
  const names = `Job "${name}" is named "${job}" now`;
  return `${names}; pings under the old name count for 30 days after that. Ping the new name.`;
}

/**
 * Reads the body, whatever it is. One that takes too long, or is too long, counts as what came of it. A
 * client that goes away in the middle has not said all it had to say, and hears no answer: nothing is
 * recorded, so that half an upload never passes for a success.
 */
async function readPingBody(
  ctx: HttpContext,
  isJson: boolean,
  services: Services,
): Promise<TailBuffer | null> {
  const { clock, limits, bodies } = services;
  const { tail, end } = await readBody(ctx.req, {
    clock,
    keepBytes: isJson ? limits.pingJsonBytesMax : LIMITS.outputBytesMaxDefault,
    readBytesMax: limits.pingBodyBytesMax,
    readMsMax: limits.bodyMsMax,
    budget: bodies,
  });
  // Only JSON that is larger than a tail: what its keys say, an exit code too, would be lost with its beginning.
  if (end === 'no_room') throw noRoom();
  if (end === 'aborted') {
    sayOfBody(services, 'ping given up by its client', ctx, { bytes: tail.totalBytes });
    throw new CronflowError('bad_request', 'The body ended in the middle.');
  }
  if (end !== 'complete') {
    sayOfBody(services, 'ping recorded without the rest of its body', ctx, { end, bytes: tail.totalBytes });
  }
  // The rest of a body that is too slow is not waited for; that of one too long is on its way already.
  if (end === 'timeout') ctx.set('Connection', 'close');
  return tail.totalBytes === 0 ? null : tail;
}

/** A line that any client can cause with every request: so many an hour are written, of all paths together. */
function sayOfBody(services: Services, message: string, ctx: HttpContext, fields: LogFields): void {
  const { logger, bodyLines } = services;
  const line = bodyLines.take();
  if (line !== 'no') logger.warn(message, { path: ctx.path.slice(0, PATH_LENGTH_MAX), ...fields });
  if (line === 'last') logger.warn('no more pings with unfinished bodies are logged for an hour');
}
