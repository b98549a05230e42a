import { ScheduleError } from './error.ts';
import { parseExpression } from './expression.ts';
import { type LocalTimes, localTimesOf } from './local-times.ts';
import { type Segment, type Zone, ZONE_FROM_MS, ZONE_TO_MS, zoneOf } from './zone.ts';

/** A cron expression in a time zone. Instants are milliseconds since the Unix epoch. */
export interface Cron {
  /** Returns the first slot strictly after `afterMs`, or null if there is none within 50 years or before 2500. */
  next(afterMs: number): number | null;
  /** Returns the latest slot at or before `atMs`, or null if there is none since 1970. */
  previous(atMs: number): number | null;
}

/** Bounds the memory of the memo: a cron takes about two kilobytes, and one server watches far fewer. */
const CRONS_MAX = 20_000;
/** Maps a time zone to its crons, and these are found by their expression. */
const crons = new Map<string, Map<string, Cron>>();
let cronCount = 0;

/**
 * Compiles a cron expression for a time zone: 5 fields, 6 with seconds first, or a macro. Its slots are those at which
 * Debian's cron runs a job (docs/design.md §4), and `previous` is the exact mirror of `next`. Answers come from a
 * bounded memo.
 * @throws ScheduleError that names the field, the value and what is allowed
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
    // An expression can match no day at all, such as a first of the month that is a second Monday. It is refused,
    // because a job that never has a slot is never missed, and nobody would notice.
    const allowed = 'as one day field starts with *, a day must match both';
    throw new ScheduleError('expression', text, 'matches no day', allowed);
  }
  const fixed = !expression.followsWallClock;
  return {
    next: nextRemembered((afterMs) => nextSlot(zone, times, fixed, afterMs)),
    previous: previousRemembered((atMs) => previousSlot(zone, times, fixed, atMs)),
  };
}

/**
 * Remembers the last answer, which is that of all instants from the one that was asked about up to the slot. Many jobs
 * share an expression and are pinged at once, and a slot that is a year away takes a while to find.
 */
function nextRemembered(find: (afterMs: number) => number | null): Cron['next'] {
  let fromMs = 0;
  let slotMs = -Infinity;
  return (afterMs) => {
    if (afterMs >= fromMs && afterMs < slotMs) return slotMs;
    const found = find(afterMs);
    if (found !== null) [fromMs, slotMs] = [afterMs, found];
    return found;
  };
}

/** Does the same backwards: the last answer is that of all instants from the slot up to the one that was asked about. */
function previousRemembered(find: (atMs: number) => number | null): Cron['previous'] {
  let slotMs = Infinity;
  let toMs = 0;
  return (atMs) => {
    if (atMs >= slotMs && atMs <= toMs) return slotMs;
    const found = find(atMs);
    if (found !== null) [slotMs, toMs] = [found, atMs];
    return found;
  };
}

/** Walks forwards through the segments, from one change of offset to the next. */
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
    // The local time found for the segment before is still the first one, unless the clock went back.
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

/** Walks backwards through the segments, as the mirror image of `nextSlot`. */
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

/** Tells whether local times that the clock skipped at the start of the segment happen there, all at once. */
function catchesUp(segment: Segment, times: LocalTimes): boolean {
  if (segment.freshLocalMs >= segment.startLocalMs) return false;
  const skippedMs = times.next(segment.freshLocalMs);
  return skippedMs !== null && skippedMs < segment.startLocalMs;
}
