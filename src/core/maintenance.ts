import { compileCron } from '../schedule/cron.ts';
import type { MaintenanceWindow, Spec } from './spec.ts';

/** Windows that follow each other without a break are walked so far; then it is looked at again. */
const STEPS_MAX = 1_000;

/**
 * When people may be told of an outcome that falls into a maintenance window: `grace` after its end, or if
 * that lies in another window, `grace` after that one's (DESIGN.md §3.3). What ended in a window, or began in
 * one, falls into it.
 * @param instants when it ended, and when its run or slot began
 * @returns null when nothing is in the way at the latest of these instants
 */
export function announceAt(spec: Spec, instants: readonly number[]): number | null {
  const ends = instants.map((at) => windowEndAt(spec, at)).filter((end) => end !== null);
  if (ends.length === 0) return null;
  let at = Math.max(...ends) + spec.graceMs;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const end = windowEndAt(spec, at);
    if (end === null) break;
    at = end + spec.graceMs;
  }
  return at > Math.max(...instants) ? at : null;
}

/** The end of the maintenance that covers an instant; overlapping and consecutive windows are one. */
export function windowEndAt(spec: Spec, at: number): number | null {
  let end: number | null = null;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const covering = spec.maintenance
      .map((window) => endOf(window, end ?? at))
      .filter((each) => each !== null);
    if (covering.length === 0) break;
    end = Math.max(...covering);
  }
  return end;
}

/** The end of one window if it covers the instant. */
function endOf(window: MaintenanceWindow, at: number): number | null {
  if (window.kind === 'single') return window.fromAt <= at && at < window.toAt ? window.toAt : null;
  const fromAt = compileCron(window.expression, window.timezone).previous(at);
  return fromAt !== null && at < fromAt + window.durationMs ? fromAt + window.durationMs : null;
}
