import type { Clock } from '../../clock.ts';
import { errorText } from '../../core/model/errors.ts';
import type { Logger } from '../../observe/log.ts';

interface Asked {
  method: string | undefined;
  /** The path without what nobody may read, such as a token. */
  path: string;
}

/** Says in the log what the answer must not say. */
export function sayFailed(logger: Logger, { method, path }: Asked, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
  logger.error('request failed', { method, path, error: stack });
}

/**
 * Says in the log how a request was answered.
 * @param startedMs when it came, on the monotonic clock
 */
export function sayAnswered(
  { logger, clock }: { logger: Logger; clock: Clock },
  { method, path, status }: Asked & { status: number },
  startedMs: number,
): void {
  logger.debug('request', { method, path, status, duration_ms: Math.round(clock.monotonic() - startedMs) });
}
