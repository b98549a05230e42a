import { parseDuration } from '../../schedule/duration.ts';
import { cronPeriodMs } from '../../schedule/period.ts';
import type { Declaration } from './declaration.ts';
import { LIMITS } from './limits.ts';

/** Says when a job should run: by a cron expression in a zone, or a period after its last start. */
export type Schedule =
  { kind: 'cron'; expression: string; timezone: string } | { kind: 'every'; everyMs: number };

export type Overlap = NonNullable<Declaration['overlap']>;

/** Reads the schedule of a valid declaration; null where it has none. */
export function scheduleOf(declaration: Declaration): Schedule | null {
  if (declaration.every !== undefined) return { kind: 'every', everyMs: parseDuration(declaration.every) };
  if (declaration.schedule === undefined) return null;
  return { kind: 'cron', expression: declaration.schedule, timezone: declaration.timezone ?? 'UTC' };
}

/**
 * Returns the shortest time between two starts of a job: its `every`, or the shortest time between two slots. Returns
 * null for a job without either.
 */
export function periodMsOf(schedule: Schedule | null): number | null {
  if (schedule === null) return null;
  return schedule.kind === 'every' ? schedule.everyMs : cronPeriodMs(schedule.expression);
}

/**
 * Returns the limit of runs of a job that declares none (docs/design.md §3.2). With `every` or `overlap: skip` an
 * open run hides that the next one does not come, so the limit is four periods, within bounds. Otherwise a host that
 * dies in the middle of a run would mean silence for a day.
 */
export function defaultMaxRuntimeMs(schedule: Schedule | null, overlap: Overlap): number {
  const {
    maxRuntimeMsDefault: longest,
    hidingRuntimeMsMin: shortest,
    hidingRuntimePeriods: periods,
  } = LIMITS;
  const isHiding = schedule?.kind === 'every' || overlap === 'skip';
  const periodMs = isHiding ? periodMsOf(schedule) : null;
  return periodMs === null ? longest : Math.min(longest, Math.max(shortest, periods * periodMs));
}
