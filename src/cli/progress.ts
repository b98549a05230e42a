import { counted } from '../core/text/counts.ts';
import { SECOND_MS } from '../schedule/units.ts';
import type { Io } from './io.ts';

/** A line about what is under way comes no more often than this. */
const EVERY_MS = 5 * SECOND_MS;

/**
 * Returns a function that is told how many records are done. While it takes long it says so on standard error, so that
 * nobody takes a large store for a command that hangs.
 */
export function progressOf(io: Pick<Io, 'clock' | 'stderr'>, done: string): (records: number) => void {
  let saidMs = io.clock.monotonic();
  return (records) => {
    const nowMs = io.clock.monotonic();
    if (nowMs - saidMs < EVERY_MS) return;
    saidMs = nowMs;
    io.stderr(`${counted(records, 'record')} ${done} so far\n`);
  };
}
