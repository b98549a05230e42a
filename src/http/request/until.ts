import type { IncomingMessage } from 'node:http';
import { CronflowError, type Fault } from '../../core/model/errors.ts';
import { nearest } from '../../core/text/nearest.ts';
import { isDuration, parseDuration } from '../../schedule/duration.ts';
import { INSTANT_ALLOWED, parseInstant } from '../../schedule/instant.ts';
import { hasBody, readJson } from './body.ts';
import type { Services } from '../services.ts';

const ALLOWED = `a duration such as 4h or 2d, or an instant: ${INSTANT_ALLOWED}`;

/**
 * Reads until when an incident is acknowledged, from `?until=` or a JSON body; the query wins.
 * @throws CronflowError `invalid` when it is missing, malformed, past or more than a year ahead, and the errors of
 * `readJson`
 */
export async function readAcknowledgedUntil(
  req: IncomingMessage,
  inQuery: string | undefined,
  services: Services,
): Promise<number> {
  const detail = `Say until when the incident is acknowledged: ${ALLOWED}.`;
  const untilAt = await readUntil(req, inQuery, services, detail);
  if (untilAt !== null) return untilAt;
  throw new CronflowError('invalid', detail, {
    faults: [{ code: 'missing_key', path: 'until', message: `takes ${ALLOWED}` }],
  });
}

/**
 * Reads until when a job is paused, as `readAcknowledgedUntil` does.
 * @returns null where it is left out, so that the pause lasts until somebody ends it
 */
export function readPausedUntil(
  req: IncomingMessage,
  inQuery: string | undefined,
  services: Services,
): Promise<number | null> {
  const detail = `Say until when the job is paused: ${ALLOWED}. Without it the pause lasts until somebody resumes the job.`;
  return readUntil(req, inQuery, services, detail);
}

async function readUntil(
  req: IncomingMessage,
  inQuery: string | undefined,
  services: Services,
  detail: string,
): Promise<number | null> {
  const invalid = (faults: readonly Fault[]): CronflowError =>
    new CronflowError('invalid', detail, { faults });
  const wrong = (message: string): CronflowError =>
    invalid([{ code: 'invalid_value', path: 'until', message }]);
  const inBody = hasBody(req) ? await untilInBody(req, services, invalid) : undefined;
  // In a query a plus sign means a space, and no instant has a space.
  const until = inQuery?.replace(' ', '+') ?? inBody;
  if (until === undefined) return null;
  const nowAt = services.clock.now();
  const at = typeof until === 'string' ? instantOf(until, nowAt) : undefined;
  const shown = JSON.stringify(until).slice(0, 64);
  if (at === undefined) throw wrong(`${shown} is not ${ALLOWED}`);
  if (at <= nowAt) throw wrong(`${shown} is not after now, ${new Date(nowAt).toISOString()}`);
  const maxAt = nowAt + services.limits.acknowledgedMsMax;
  if (at > maxAt) throw wrong(`${shown} is too far ahead; at most ${new Date(maxAt).toISOString()}`);
  return at;
}

async function untilInBody(
  req: IncomingMessage,
  services: Services,
  invalid: (faults: readonly Fault[]) => CronflowError,
): Promise<unknown> {
  const body = await readJson(req, services);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ code: 'wrong_type', path: '', message: 'must be an object such as {"until": "4h"}' }]);
  }
  const unknown = Object.keys(body).filter((key) => key !== 'until');
  if (unknown.length > 0) throw invalid(unknown.map(unknownKey));
  return (body as { until?: unknown }).until;
}

function unknownKey(key: string): Fault {
  const suggestion = nearest(key, ['until']);
  const message = 'unknown key; only "until" is known here';
  return { code: 'unknown_key', path: key, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

function instantOf(text: string, nowAt: number): number | undefined {
  return isDuration(text) ? nowAt + parseDuration(text) : parseInstant(text);
}
