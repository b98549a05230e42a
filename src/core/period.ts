import { cronPeriodMs } from '../schedule/period.ts';
import { LIMITS } from './limits.ts';
import type { Overlap, Schedule } from './spec.ts';

/** How far apart a job's starts are at least: its `every`, or the shortest time between two slots; null without either. */
export function periodMsOf(schedule: Schedule | null): number | null {
  if (schedule === null) return null;
  return schedule.kind === 'every' ? schedule.everyMs : cronPeriodMs(schedule.expression);
}

/**
 * The limit of runs of a job that declares none (docs/design.md §3.2). Where an open run hides that the next one does
 * not come, with `every` or `overlap: skip`, it is four periods, within bounds: else a host that dies in the middle of
 * a run would mean silence for a day.
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
