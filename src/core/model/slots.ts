import { compileCron } from '../../schedule/cron.ts';
import { LIMITS } from './limits.ts';
import type { Spec } from './spec.ts';

/**
 * Returns the first slot after an instant, or null when the job has no slots. For `every` it is one period later,
 * because the period counts from a start, a declaration or a slot that was missed (docs/design.md §3.1).
 */
export function slotAfter(spec: Spec, at: number): number | null {
  if (spec.schedule === null) return null;
  if (spec.schedule.kind === 'every') return at + spec.schedule.everyMs;
  return compileCron(spec.schedule.expression, spec.schedule.timezone).next(at);
}

/** Returns the latest slot of a cron schedule at or before an instant, and null for every other schedule. */
export function slotAtOrBefore(spec: Spec, at: number): number | null {
  if (spec.schedule?.kind !== 'cron') return null;
  return compileCron(spec.schedule.expression, spec.schedule.timezone).previous(at);
}

/**
 * Returns how long before a slot a run may start and still claim it, so that a fast clock raises no alarm
 * (docs/design.md §3.1).
 */
export function earlyMs(spec: Spec, slotAt: number): number {
  const distanceMs =
    spec.schedule?.kind === 'every'
      ? spec.schedule.everyMs
      : slotAt - (slotAtOrBefore(spec, slotAt - 1) ?? Number.NEGATIVE_INFINITY);
  return Math.min(spec.graceMs, distanceMs / 2, LIMITS.earlyMsMax);
}
