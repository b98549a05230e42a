import { cronPeriodMs } from '../../schedule/period.ts';
import { LIMITS } from './limits.ts';
import type { Overlap, Schedule } from './spec.ts';

/**
 * Returns how far apart a job's starts are at least: its `every`, or the shortest time between two slots; null
 * without either.
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
