import type { Clock } from '../clock.ts';
import type { Message } from './message.ts';
import type { Notifier, SendResult } from './notifier.ts';

/** How long one attempt may take. */
const ATTEMPT_MS_MAX = 10_000;

/** Sends once, past the outbox, within the time of one attempt, whatever the notifier does. */
export async function attempt(notifier: Notifier, message: Message, clock: Clock): Promise<SendResult> {
  const limit = new AbortController();
  const cancel = clock.after(ATTEMPT_MS_MAX, () => limit.abort());
  const timedOut = new Promise<SendResult>((resolve) => {
    const answer = { result: 'retry', detail: `no answer within ${ATTEMPT_MS_MAX / 1_000} s` } as const;
    // Its own answer, if it has one, comes first.
    limit.signal.addEventListener('abort', () => void setImmediate(() => resolve(answer)), { once: true });
  });
  try {
    return await Promise.race([notifier.send(message, limit.signal), timedOut]);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { result: 'retry', detail: `the notifier failed: ${what}` };
  } finally {
    cancel();
  }
}
