import { createLogger, type Logger } from '../../../src/observe/log.ts';
import type { FakeClock } from '../../support/fake-clock.ts';

/** A logger whose lines go to `lines`, or nowhere. */
export function quiet(clock: FakeClock, lines: string[] = []): Logger {
  return createLogger(clock, 'debug', (line) => lines.push(line));
}
