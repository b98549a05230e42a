import { ScheduleError } from './error.ts';
import { parseExpression } from './expression.ts';
import { type LocalTimes, localTimesOf } from './local.ts';
import { type Segment, type Zone, ZONE_FROM_MS, ZONE_TO_MS, zoneOf } from './zone.ts';

/** A cron expression in a time zone. Instants are milliseconds since the Unix epoch. */
export interface Cron {
  /** The first slot strictly after `afterMs`; null if there is none within 50 years or before 2500. */
  next(afterMs: number): number | null;
  /** The latest slot at or before `atMs`; null if there is none since 1970. */
  previous(atMs: number): number | null;
}

/** About two kilobytes each; many more than one server watches. */
const CRONS_MAX = 20_000;
/** By time zone, then by expression. */
const crons = new Map<string, Map<string, Cron>>();
let cronCount = 0;

/**
 * Compiles a cron expression for a time zone: 5 fields, 6 with seconds first, or a macro; slots as Debian's
 * cron runs them (docs/design.md §4). `previous` is the exact mirror of `next`. Answers from a bounded memo.
 * Throws a `ScheduleError` that names the field, the value and what is allowed.
 */
export function compileCron(expression: string, timezone: string): Cron {
  const known = crons.get(timezone)?.get(expression);
  if (known !== undefined) return known;
  const cron = compile(expression, timezone);
  if (cronCount >= CRONS_MAX) {
    crons.clear();
    cronCount = 0;
  }
  const ofZone = crons.get(timezone) ?? new Map<string, Cron>();
  crons.set(timezone, ofZone.set(expression, cron));
  cronCount += 1;
  return cron;
}

function compile(text: string, timezone: string): Cron {
  const expression = parseExpression(text);
  const zone = zoneOf(timezone);
  const times = localTimesOf(expression);
  if (times.next(0) === null) {
    // Such as a first of the month that is a second Monday: it would never be missed, so nobody would know.
    const allowed = 'as one day field starts with *, a day must match both';
    throw new ScheduleError('expression', text, 'matches no day', allowed);
  }
  const fixed = !expression.followsWallClock;
  return {
    next: (afterMs) => nextSlot(zone, times, fixed, afterMs),
    previous: (atMs) => previousSlot(zone, times, fixed, atMs),
  };
}

/** Walks the segments forwards, from change of offset to change of offset. */
function nextSlot(zone: Zone, times: LocalTimes, fixed: boolean, afterMs: number): number | null {
  if (!(afterMs < ZONE_TO_MS - 1)) return null;
  let fromMs = Math.max(ZONE_FROM_MS, Math.floor(afterMs) + 1);
  let lowestMs = Number.POSITIVE_INFINITY;
  let foundMs: number | null = null;
  while (fromMs < ZONE_TO_MS) {
    const segment = zone.segmentAt(fromMs);
    if (fixed && fromMs === segment.startMs && catchesUp(segment, times)) return fromMs;
    const fromLocalMs = Math.max(
      fromMs + segment.offsetMs,
      fixed ? segment.freshLocalMs : fromMs + segment.offsetMs,
    );
    // What was found for the segment before is still the first one, unless the clock went back.
    if (foundMs === null || fromLocalMs < lowestMs || fromLocalMs > foundMs) {
      foundMs = times.next(fromLocalMs);
      if (foundMs === null) return null;
    }
    lowestMs = fromLocalMs;
    const slotMs = foundMs - segment.offsetMs;
    if (slotMs < segment.endMs) return slotMs < ZONE_TO_MS ? slotMs : null;
    fromMs = segment.endMs;
  }
  return null;
}

/** Walks the segments backwards; the mirror image of `nextSlot`. */
function previousSlot(zone: Zone, times: LocalTimes, fixed: boolean, atMs: number): number | null {
  let toMs = Math.min(Math.floor(atMs), ZONE_TO_MS - 1);
  let highestMs = Number.NEGATIVE_INFINITY;
  let foundMs: number | null = null;
  while (toMs >= ZONE_FROM_MS) {
    const segment = zone.segmentAt(toMs);
    const toLocalMs = toMs + segment.offsetMs;
    if (foundMs === null || toLocalMs > highestMs || toLocalMs < foundMs) {
      foundMs = times.previous(toLocalMs);
      if (foundMs === null) return null;
    }
    highestMs = toLocalMs;
    const firstLocalMs = fixed ? Math.max(segment.startLocalMs, segment.freshLocalMs) : segment.startLocalMs;
    if (foundMs >= firstLocalMs) return foundMs - segment.offsetMs;
    if (fixed && catchesUp(segment, times)) return segment.startMs;
    toMs = segment.startMs - 1;
  }
  return null;
}

/** Whether local times that the clock skipped at the start of the segment happen there, all at once. */
function catchesUp(segment: Segment, times: LocalTimes): boolean {
  if (segment.freshLocalMs >= segment.startLocalMs) return false;
  const skippedMs = times.next(segment.freshLocalMs);
  return skippedMs !== null && skippedMs < segment.startLocalMs;
}
