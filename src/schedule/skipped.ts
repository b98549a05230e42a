import { compileCron } from './cron.ts';
import { parseExpression } from './expression.ts';
import { localTimesOf } from './local.ts';
import { type Segment, type Zone, zoneOf } from './zone.ts';

/** Slots of a schedule that follows the wall clock and has none for so long around a change are missed by people. */
const NEAR_MS = 3 * 3_600_000;

/** A local time that a schedule names and that the clock skips. Local times as a clock on UTC would show them. */
export interface SkippedTime {
  localMs: number;
  /** What the clock skips: from this local time to that. */
  fromLocalMs: number;
  toLocalMs: number;
  /** When Debian's cron runs the job instead, as a local time; null where it does not run it then. */
  insteadLocalMs: number | null;
}

/**
 * The first local time that a schedule names and a change of offset skips, between two instants (docs/design.md §4).
 * Schedules that go on around the change, such as each five minutes, lose nothing that anybody would miss.
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
  // Most zones have no such change; what the expression says need not be known then.
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

/** The changes of offset between two instants, by what holds before and after each. */
function changesOf(zone: Zone, fromMs: number, toMs: number): { before: Segment; after: Segment }[] {
  const changes: { before: Segment; after: Segment }[] = [];
  for (let before = zone.segmentAt(fromMs); before.endMs < toMs;) {
    const after = zone.segmentAt(before.endMs);
    changes.push({ before, after });
    before = after;
  }
  return changes;
}

/** How much of the local time a change of offset skips; not above zero where it skips none. */
function gapOf(before: Segment, after: Segment): number {
  return after.startLocalMs - (before.endMs + before.offsetMs);
}

function isAlone(expression: string, timezone: string, changeMs: number): boolean {
  const cron = compileCron(expression, timezone);
  const [previousMs, nextMs] = [cron.previous(changeMs - 1), cron.next(changeMs - 1)];
  return (previousMs ?? -Infinity) < changeMs - NEAR_MS && (nextMs ?? Infinity) > changeMs + NEAR_MS;
}
