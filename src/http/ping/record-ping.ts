import type { IncomingMessage, ServerResponse } from 'node:http';
import { CronflowError } from '../../core/model/errors.ts';
import { LIMITS } from '../../core/model/limits.ts';
import type { PingKind } from '../../core/model/reasons.ts';
import type { PingResult } from '../../ingest/ingest.ts';
import type { LogFields } from '../../observe/log.ts';
import type { Access } from '../access/access.ts';
import { hasBody, noRoom, readBody } from '../request/body.ts';
import { isStructured, type PingBody, understandBody } from './ping-body.ts';
import { requireMayPing } from '../access/ping-limits.ts';
import { isToldBy, type PingRead, pingOf } from './ping.ts';
import type { HttpContext } from '../router.ts';
import type { Services } from '../services.ts';
import { jobInBrief } from '../answer/wire.ts';

const PATH_LENGTH_MAX = 200;

/** The request of a ping, whichever way it came to its handler. */
export interface PingRequest {
  req: IncomingMessage;
  res: ServerResponse;
  /** What its token allows; null for an anonymous request. */
  access: Access | null;
  /** The name that the client pings. */
  name: string;
  /** The path as the log shows it. */
  path: string;
  /** The query without `?`. */
  query: string;
}

/** Returns the request of a ping that came by way of the router. */
export function pingRequestOf(ctx: HttpContext): PingRequest {
  const { req, res, state, params, path, querystring: query } = ctx;
  return { req, res, access: state.access, name: params['name'] ?? '', path, query };
}

/**
 * Takes one ping as Cronflow's own routes do, and returns what to answer once it is durable. The ping is dated when its
 * body is complete, immediately before the commit is asked for, so that a tick at the same instant commits after it
 * (docs/design.md §3).
 * @throws what `recordPing` throws
 */
export async function takePing(
  request: PingRequest,
  kind: PingKind,
  services: Services,
): Promise<Record<string, unknown>> {
  const { clock, limits, bodies: budget } = services;
  const { query } = request;
  const body = await readPingBody(request, services);
  const understood =
    body === null ? null : await understandBody(body, { limits, budget, isToldByQuery: isToldBy(query) });
  const read = pingOf({ kind, query, body: understood, received_at: clock.now(), limits });
  const { job, run_id, reason, warnings } = await recordPing(request, read, services);
  const warning = warnings.length === 0 ? {} : { warning: warnings.join('; ') };
  return { ok: true, job: job.name, run_id, reason, ...jobInBrief(job), ...warning };
}

/**
 * Has a ping recorded, and says in the log what of it cannot be read.
 * @returns once it is durable, with the warnings for its client, also of an output that was not kept
 * @throws CronflowError `unknown_job` with the name that was probably meant, `forbidden` for a job that the token may not
 * ping, `store_unavailable`, `stopping`
 */
export async function recordPing(
  request: PingRequest,
  { ping, warnings }: PingRead,
  services: Services,
): Promise<PingResult & { warnings: string[] }> {
  const { access, name } = request;
  const { kind } = ping;
  if (access !== null && access.only !== null)
    await requireMayPing(name, kind, { only: access.only, token: access.name }, services);
  try {
    const result = await services.ingest.ping(name, ping);
    const { run_id, reason, former_name, output_lost_bytes: lostBytes } = result;
    const job = result.job.name;
    services.counts.notePing(kind, reason === 'duplicate' ? 'duplicate' : 'recorded');
    services.logger.debug('ping', { job, kind, reason, run_id });
    if (warnings.length > 0)
      sayOfBody(services, 'ping that cannot be read in full', request, { job, warning: warnings.join('; ') });
    const all = [...warnings];
    if (lostBytes !== undefined) {
      sayOfBody(services, 'ping whose output could not be kept', request, { job, bytes: lostBytes });
      all.push(`the output (${lostBytes} bytes) could not be kept; the ping counts`);
    }
    if (former_name !== undefined) {
      services.onFormerName(former_name, job, kind);
      all.push(formerNameWarning(former_name, job));
    }
    return { ...result, warnings: all };
  } catch (error) {
    if (!(error instanceof CronflowError && error.code === 'unknown_job')) {
      services.counts.notePing(kind, 'unavailable');
      throw error;
    }
    services.counts.notePing(kind, 'unknown_job');
    services.onUnknownPing(name, kind);
    throw await services.unknownJob(name);
  }
}

function formerNameWarning(name: string, job: string): string {
  const names = `Job "${name}" is named "${job}" now`;
  return `${names}; pings under the old name count for 30 days after that. Ping the new name.`;
}

/**
 * Reads the body, whatever it is. A body that takes too long, or is too long, counts as the part that came. If the
 * client goes away in the middle, nothing is recorded, so that half an upload never passes for a success. The client
 * hears no answer then.
 */
export async function readPingBody(request: PingRequest, services: Services): Promise<PingBody | null> {
  const { clock, limits, bodies } = services;
  const { req, res } = request;
  // Most pings have no body, and what is not waited for costs them nothing.
  if (!hasBody(req)) return null;
  const type = req.headers['content-type'] ?? '';
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? '';
  const hasKeys = isStructured(type, encoding);
  const { tail, end } = await readBody(req, {
    clock,
    keepBytes: hasKeys ? limits.pingJsonBytesMax : LIMITS.outputBytesMax,
    readBytesMax: limits.pingBodyBytesMax,
    readMsMax: limits.bodyMsMax,
    budget: bodies,
    // A ping is never refused for its output.
    keepsLess: !hasKeys,
  });
  // Only a body that has keys and is larger than a tail gets here. The keys, an exit code too, would be lost with its
  // beginning.
  if (end === 'no_room') throw noRoom();
  if (end === 'aborted') {
    sayOfBody(services, 'a client went away in the middle of a ping', request, { bytes: tail.totalBytes });
    throw new CronflowError('bad_request', 'The body ended in the middle.');
  }
  if (end !== 'complete') {
    sayOfBody(services, 'ping recorded without the rest of its body', request, {
      end,
      bytes: tail.totalBytes,
    });
  }
  // The rest of a body that is too slow is not waited for; that of one too long is on its way already.
  if (end === 'timeout') res.setHeader('Connection', 'close');
  return tail.totalBytes === 0 ? null : { tail, type, encoding };
}

/**
 * Writes a line to the log. Any client can cause one with every request, so their number in an hour is limited, for
 * all paths together.
 */
function sayOfBody(services: Services, message: string, { path }: PingRequest, fields: LogFields): void {
  const { logger, bodyLines } = services;
  const line = bodyLines.take();
  if (line !== 'no') logger.warn(message, { path: path.slice(0, PATH_LENGTH_MAX), ...fields });
  if (line === 'last')
    logger.warn('no more pings that came in part or cannot be read are logged for an hour');
}
