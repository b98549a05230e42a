import { compileCron } from './cron.ts';
import { parseExpression } from './expression.ts';
import { localTimesOf } from './local-times.ts';
import { type Segment, type Zone, zoneOf } from './zone.ts';
import { HOUR_MS } from './units.ts';

/**
 * A schedule that follows the wall clock loses a slot that people would miss if it has none for this long before and
 * after a change of offset.
 */
const NEAR_MS = 3 * HOUR_MS;

/**
 * A local time that a schedule names and that the clock skips. Local times are written as a clock on UTC would show
 * them.
 */
export interface SkippedTime {
  localMs: number;
  /** The clock skips the local times from this one to `toLocalMs`. */
  fromLocalMs: number;
  toLocalMs: number;
  /** The local time at which Debian's cron runs the job instead, or null where it does not run the job then. */
  insteadLocalMs: number | null;
}

/**
 * Finds the first local time between two instants that a schedule names and a change of offset skips (docs/design.md
 * §4). Schedules that go on around the change, such as one for every five minutes, lose nothing that anybody would
 * miss.
 * @throws ScheduleError for an invalid zone, and for an invalid expression where the zone skips anything
 */
export function firstSkipped(
  expression: string,
  timezone: string,
  fromMs: number,
  toMs: number,
): SkippedTime | null {
  const zone = zoneOf(timezone);
  const changes = changesOf(zone, fromMs, toMs).filter(({ before, after }) => gapOf(before, after) > 0);
  // Most zones have no such change, and then the expression need not be read.
  if (changes.length === 0) return null;
  const parsed = parseExpression(expression);
  const times = localTimesOf(parsed);
  for (const { before, after } of changes) {
    const fromLocalMs = before.endMs + before.offsetMs;
    const toLocalMs = after.startLocalMs;
    const localMs = times.next(fromLocalMs);
    const isSkipped = localMs !== null && localMs < toLocalMs;
    if (isSkipped && (!parsed.followsWallClock || isAlone(expression, timezone, after.startMs))) {
      const catchesUp = !parsed.followsWallClock && after.freshLocalMs < toLocalMs;
      return { localMs, fromLocalMs, toLocalMs, insteadLocalMs: catchesUp ? toLocalMs : null };
    }
  }
  return null;
}

/** Lists the changes of offset between two instants, each with the segments before and after it. */
function changesOf(zone: Zone, fromMs: number, toMs: number): { before: Segment; after: Segment }[] {
  const changes: { before: Segment; after: Segment }[] = [];
  for (let before = zone.segmentAt(fromMs); before.endMs < toMs;) {
    const after = zone.segmentAt(before.endMs);
    changes.push({ before, after });
    before = after;
  }
  return changes;
}

/** Returns how much of the local time a change of offset skips. The result is zero or less where it skips none. */
function gapOf(before: Segment, after: Segment): number {
  return after.startLocalMs - (before.endMs + before.offsetMs);
}

function isAlone(expression: string, timezone: string, changeMs: number): boolean {
  const cron = compileCron(expression, timezone);
  const [previousMs, nextMs] = [cron.previous(changeMs - 1), cron.next(changeMs - 1)];
  return (previousMs ?? -Infinity) < changeMs - NEAR_MS && (nextMs ?? Infinity) > changeMs + NEAR_MS;
}
