import { cleanLine } from '../message/clean.ts';
import type { SendResult } from '../notifier.ts';

/** A receiver's answer over HTTP, with as much of its body as was read. */
export interface HttpAnswer {
  status: number;
  body: string;
  /** The `Retry-After` header as it came. */
  retryAfter: string | undefined;
}

/** Client errors that pass by themselves: timeouts and rate limits of the receiver or of a proxy before it. */
const PASSING_STATUSES = new Set([408, 421, 425, 429]);
/** The wait when a receiver says "slow down" and not for how long. */
export const RETRY_AFTER_MS_DEFAULT = 30_000;
const BODY_LENGTH_MAX = 100;

/**
 * Reads an answer: 2xx is taken, 429 names its delay, 5xx and timeouts pass, and every other status stays until
 * somebody changes something.
 * @param receiver its name for people, e.g. `Slack`
 * @param nowAt for a `Retry-After` that is a date
 */
export function resultOf(receiver: string, answer: HttpAnswer, nowAt: number): SendResult {
  const { status } = answer;
  if (status >= 200 && status < 300) return { result: 'ok' };
  const body = cleanLine(answer.body, BODY_LENGTH_MAX);
  const detail = `${receiver} answered ${status}${body === '' ? '' : ` ${body}`}`;
  if (status < 500 && !PASSING_STATUSES.has(status)) return { result: 'permanent', detail };
  const afterMs = retryAfterMs(answer.retryAfter, nowAt) ?? (status === 429 ? RETRY_AFTER_MS_DEFAULT : null);
  return afterMs === null ? { result: 'retry', detail } : { result: 'retry', detail, afterMs };
}

/**
 * Returns `Retry-After` in milliseconds, from seconds or an HTTP date (RFC 9110, 10.2.3); null when it is neither.
 */
export function retryAfterMs(header: string | undefined, nowAt: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowAt);
}
