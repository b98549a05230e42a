import type { Clock } from '../../clock.ts';
import type { Message } from '../message/message.ts';
import type { Notifier, SendResult } from '../notifier.ts';
import { errorText } from '../../core/model/errors.ts';

/** The time that one attempt may take. */
export const ATTEMPT_MS_MAX = 10_000;

/**
 * Sends once, within the time of one attempt, whatever the notifier does.
 * @param limitMs a shorter time, where there is less
 * @param limit aborted when the time is up; a caller that aborts it earlier ends the attempt
 */
export async function attempt(
  notifier: Notifier,
  message: Message,
  clock: Clock,
  limitMs = ATTEMPT_MS_MAX,
  // One controller serves both ends, because a signal combined of two would live as long as the process once it has a
  // listener.
  limit = new AbortController(),
): Promise<SendResult> {
  const cancel = clock.after(Math.min(limitMs, ATTEMPT_MS_MAX), () => limit.abort());
  const timedOut = new Promise<SendResult>((resolve) => {
    const answer = { result: 'retry', detail: `no answer within ${ATTEMPT_MS_MAX / 1_000} s` } as const;
    // If the notifier has an answer of its own at this instant, that comes first.
    const giveUp = (): void => void setImmediate(() => resolve(answer));
    if (limit.signal.aborted) giveUp();
    else limit.signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([notifier.send(message, limit.signal), timedOut]);
  } catch (error) {
    return { result: 'retry', detail: `the notifier failed: ${errorText(error)}` };
  } finally {
    cancel();
  }
}
