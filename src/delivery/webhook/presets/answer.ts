import { cleanLine } from '../../message/clean.ts';
import type { SendResult } from '../../notifier.ts';
import type { HttpAnswer } from '../../transport/http-answer.ts';

const DETAIL_LENGTH_MAX = 100;

/**
 * Reads from the JSON of a 429 how long the receiver wants to be left alone. It is exact to a fraction of a second,
 * and it arrives where a proxy drops the header.
 * @param secondsIn finds the seconds in the parsed body
 * @returns null where the body does not say
 */
export function retryAfterIn(
  receiver: string,
  answer: HttpAnswer,
  secondsIn: (body: unknown) => unknown,
): SendResult | null {
  if (answer.status !== 429) return null;
  const seconds = secondsIn(jsonOf(answer.body));
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) return null;
  const detail = `${receiver} answered 429 ${cleanLine(answer.body, DETAIL_LENGTH_MAX)}`;
  return { result: 'retry', detail, afterMs: Math.ceil(seconds * 1_000) };
}

/** Parses a body as JSON; returns null where it is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
