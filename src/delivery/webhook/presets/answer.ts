import { cleanLine } from '../../message/clean.ts';
import type { SendResult } from '../../notifier.ts';
import type { HttpAnswer } from '../../transport/http-answer.ts';

const DETAIL_LENGTH_MAX = 100;

/**
 * How long a receiver that answers 429 wants to be left alone, where its JSON says so: to a fraction of a second,
 * and not only in a header, which proxies drop.
 * @param secondsIn finds the seconds in the parsed body
 * @returns null where there is nothing of the kind
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

/** The body as JSON; null where it is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
