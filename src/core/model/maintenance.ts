import { compileCron } from '../../schedule/cron.ts';
import type { MaintenanceWindow, Spec } from './spec.ts';
import { DAY_MS } from '../../schedule/units.ts';

/**
 * At most this many windows are walked through at a time, because some follow each other without end. Then the caller
 * looks again.
 */
const WINDOWS_MAX = 100;
/** The lint walks through more, to tell windows without end from windows that only cover a few days. */
const WINDOWS_MAX_LINT = 1_000;

/**
 * Returns when people may be told of an outcome that falls into a maintenance window: `grace` after the end of the
 * window, or if that lies in another window, `grace` after that one's (docs/design.md §3.3). An outcome falls into a
 * window if it came in it, or if its run or slot began in it.
 * @param instants when it ended, and when its run or slot began
 * @param windowsMax how many windows are looked at
 * @returns null when nothing is in the way at the latest of these instants
 */
export function announceAt(spec: Spec, instants: readonly number[], windowsMax = WINDOWS_MAX): number | null {
  const walk = { windowsLeft: windowsMax };
  const ends = instants.map((at) => windowEndAt(spec, at, walk)).filter((end) => end !== null);
  if (ends.length === 0) return null;
  let at = Math.max(...ends) + spec.graceMs;
  for (;;) {
    const end = windowEndAt(spec, at, walk);
    if (end === null) break;
    at = end + spec.graceMs;
  }
  return at > Math.max(...instants) ? at : null;
}

/**
 * The lint looks this far ahead for an instant at which trouble of a window is told. Nobody hears of a job whose
 * recurring windows leave no time for that.
 */
const HEARD_WITHIN_MS = 31 * DAY_MS;

/** Tells whether windows follow each other so closely that trouble in one is announced after a month or never. */
export function isNeverHeard(spec: Spec, nowAt: number): boolean {
  const maintenance = spec.maintenance.filter((window) => window.kind === 'recurring');
  return maintenance.some((window) => {
    const fromAt = compileCron(window.expression, window.timezone).next(nowAt);
    const heardAt = fromAt === null ? null : announceAt({ ...spec, maintenance }, [fromAt], WINDOWS_MAX_LINT);
    if (fromAt === null || heardAt === null) return false;
    const isCovered = maintenance.some((each) => endOf(each, heardAt) !== null);
    return isCovered || heardAt - fromAt > HEARD_WITHIN_MS;
  });
}

/**
 * Returns the end of the maintenance that covers an instant; overlapping and consecutive windows are one. Null when
 * there is none, and once as many windows as may be were walked through.
 */
function windowEndAt(spec: Spec, at: number, walk: { windowsLeft: number }): number | null {
  let end: number | null = null;
  while (walk.windowsLeft > 0) {
    const covering = spec.maintenance
      .map((window) => endOf(window, end ?? at))
      .filter((each) => each !== null);
    if (covering.length === 0) break;
    end = Math.max(...covering);
    walk.windowsLeft -= 1;
  }
  return end;
}

/** Returns the end of one window if that covers the instant. */
function endOf(window: MaintenanceWindow, at: number): number | null {
  if (window.kind === 'single') return window.fromAt <= at && at < window.toAt ? window.toAt : null;
  const fromAt = compileCron(window.expression, window.timezone).previous(at);
  return fromAt !== null && at < fromAt + window.durationMs ? fromAt + window.durationMs : null;
}
