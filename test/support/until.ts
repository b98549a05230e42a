import { setTimeout as sleep } from 'node:timers/promises';
import { WAIT_LIMIT_MS } from './limits.ts';

type Answer<T> = T | undefined | null | false;

/**
 * Asks again and again until there is an answer, and returns it.
 * @param what names in the error what never came
 * @param log returns what the error shows beside it, such as the log of a process
 */
export async function until<T>(
  what: string,
  read: () => Answer<T> | Promise<Answer<T>>,
  log?: () => string,
): Promise<T> {
  const giveUpAt = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const answer = await read();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() > giveUpAt)
      throw new Error(`waited in vain for ${what}${log === undefined ? '' : ` in:\n${log()}`}`);
    await sleep(20);
  }
}
