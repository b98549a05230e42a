import { compileCron } from '../../schedule/cron.ts';
import { LIMITS } from './limits.ts';
import type { Spec } from './spec.ts';

/**
 * The first slot after an instant. For `every` it is one period later: the period counts from a start, a
 * declaration or a slot that was missed (docs/design.md §3.1). Null when the job has no slots.
 */
export function slotAfter(spec: Spec, at: number): number | null {
  if (spec.schedule === null) return null;
  if (spec.schedule.kind === 'every') return at + spec.schedule.everyMs;
  return compileCron(spec.schedule.expression, spec.schedule.timezone).next(at);
}

/** The latest slot of a cron schedule at or before an instant; null for every other schedule. */
export function slotAtOrBefore(spec: Spec, at: number): number | null {
  if (spec.schedule?.kind !== 'cron') return null;
  return compileCron(spec.schedule.expression, spec.schedule.timezone).previous(at);
}

/** How long before a slot a run may start and still claim it: a fast clock is no alarm (docs/design.md §3.1). */
export function earlyMs(spec: Spec, slotAt: number): number {
  const distanceMs =
    spec.schedule?.kind === 'every'
      ? spec.schedule.everyMs
      : slotAt - (slotAtOrBefore(spec, slotAt - 1) ?? Number.NEGATIVE_INFINITY);
  return Math.min(spec.graceMs, distanceMs / 2, LIMITS.earlyMsMax);
}
