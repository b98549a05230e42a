import { CronflowError } from '../core/model/errors.ts';

/** A read meets this many prunes in a row only if something else is wrong. */
const TRIES_MAX = 5;

/**
 * What was being read went away meanwhile, since the log of commits is pruned beside its readers. A new read begins
 * with what is there then.
 */
export class ReadAgainError extends CronflowError {
  /** @param message what went away, with no advice, since the error gives it */
  constructor(message: string, options?: { cause: unknown }) {
    super('store_damaged', `${message} Try again.`, options);
  }
}

/**
 * Reads the log of commits from its beginning to its end, and once more where a part of it was pruned meanwhile.
 * @param read opens what it reads anew each time, and has no effect but what it returns
 * @throws the error of the last try; any other error at once
 */
export async function readAgain<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ReadAgainError) || tries === TRIES_MAX) throw error;
    }
  }
}
