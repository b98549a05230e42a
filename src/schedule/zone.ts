import { ScheduleError } from './error.ts';
import { memoised } from './memo.ts';
import { nearestByDistance } from './near.ts';
import { HOUR_MS, SECOND_MS } from './units.ts';

/** Zones are asked only about instants between these two: earlier ones have odd offsets, and later ones are guesses. */
export const ZONE_FROM_MS = 0;
export const ZONE_TO_MS = Date.UTC(2500, 0, 1);

/**
 * Offsets are probed this often. No zone since 1970 kept an offset for less than 6.9 days (Brazil's north-east in 2000,
 * Gaza in years to come), so no change hides between two probes.
 */
const PROBE_MS = 4 * 24 * HOUR_MS;
/** Offsets are found and kept in spans of 512 days, because one span costs 0.2 ms and most questions need only one. */
const SPAN_MS = 128 * PROBE_MS;
/** Debian's cron catches up with a change below this and starts afresh after a greater one. */
const CATCH_UP_MS = 3 * HOUR_MS;

/**
 * A stretch of time without a change of offset. A local time is written as the instant at which a clock on UTC would
 * show it.
 */
export interface Segment {
  startMs: number;
  /** The first instant after the segment. */
  endMs: number;
  /** Local time minus UTC. */
  offsetMs: number;
  /** The local time at which the segment starts. */
  startLocalMs: number;
  /**
   * Local times from this one on are new to fixed-time jobs; it is the virtual time of Debian's cron. It is less than
   * `startLocalMs` if the clock went forward: the local times between the two happen at once. It is more if the clock
   * went back: the local times between the two have happened already. Both are equal if nothing changed, or if the
   * change is greater than Debian's cron catches up with.
   */
  freshLocalMs: number;
}

export interface Zone {
  /** Returns the segment that contains the instant, which lies within `ZONE_FROM_MS` and `ZONE_TO_MS`. */
  segmentAt(ms: number): Segment;
}

const ZONES_MAX = 1024;

/**
 * Reads the offsets of an IANA time zone from Intl.
 * @throws ScheduleError with the nearestByDistance known name if there is no such zone
 */
export const zoneOf = memoised(ZONES_MAX, (timezone): Zone => buildZone(offsetReader(timezone)));

/**
 * Returns local time minus UTC at an instant, in milliseconds.
 * @throws ScheduleError for an unknown zone
 */
export function offsetMsAt(timezone: string, ms: number): number {
  const inRangeMs = Math.min(Math.max(ms, ZONE_FROM_MS), ZONE_TO_MS - 1);
  return zoneOf(timezone).segmentAt(inRangeMs).offsetMs;
}

type OffsetReader = (ms: number) => number;

function offsetReader(timezone: string): OffsetReader {
  // Intl takes 20 ms to load, as long as half a start of Node, and most schedules of people who need no zone are in UTC.
  if (timezone === 'UTC') return () => 0;
  const format = formatOf(timezone);
  return (ms) => {
    const text = format.format(ms);
    const match = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(text);
    if (match === null) throw new Error(`Intl wrote a local time in an unexpected form: ${text}`);
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    const localMs = Date.UTC(year, month - 1, day, hour, minute, second);
    return localMs - Math.floor(ms / SECOND_MS) * SECOND_MS;
  };
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  try {
    // Newer engines take a bare offset for a zone, and older ones do not. A configuration must mean the same on both.
    if (/^[+-]/.test(timezone)) throw new RangeError('a bare offset');
    return new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    const allowed = 'a name of the IANA database, such as UTC or Europe/Berlin';
    throw new ScheduleError('timezone', timezone, 'is unknown', allowed, nearestZone(timezone));
  }
}

function nearestZone(timezone: string): string | undefined {
  const names = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  // People write a city alone, or "New York" with a space.
  const city = timezone.trim().replaceAll(' ', '_').toLowerCase();
  return names.find((name) => name.toLowerCase().endsWith(`/${city}`)) ?? nearestByDistance(timezone, names);
}

function buildZone(offsetAt: OffsetReader): Zone {
  const spans = new Map<number, Segment[]>();
  const spanAt = (index: number): Segment[] => {
    const known = spans.get(index);
    if (known !== undefined) return known;
    const span = buildSpan(offsetAt, index * SPAN_MS);
    spans.set(index, span);
    return span;
  };
  return {
    segmentAt(ms) {
      const span = spanAt(Math.floor(ms / SPAN_MS));
      for (const segment of span) if (ms < segment.endMs) return segment;
      throw new RangeError(`No offset is known at ${ms}`);
    },
  };
}

/** Finds the segments of one span. The ends of a span cut segments in two, which changes nothing about them. */
function buildSpan(offsetAt: OffsetReader, spanMs: number): Segment[] {
  const segments: Segment[] = [];
  let startMs = spanMs;
  let beforeMs = offsetAt(spanMs - SECOND_MS);
  let offsetMs = offsetAt(spanMs);
  for (let probedMs = spanMs; probedMs < spanMs + SPAN_MS; probedMs += PROBE_MS) {
    const nextMs = probedMs + PROBE_MS;
    const laterMs = offsetAt(nextMs);
    if (laterMs === offsetMs) continue;
    const changeMs = changeBetween(offsetAt, probedMs, nextMs, offsetMs);
    segments.push(segmentOf(startMs, changeMs, beforeMs, offsetMs));
    [startMs, beforeMs, offsetMs] = [changeMs, offsetMs, laterMs];
  }
  segments.push(segmentOf(startMs, spanMs + SPAN_MS, beforeMs, offsetMs));
  return segments;
}

/** Finds the first whole second in `(fromMs, toMs]` at which the offset is no longer `offsetMs`. */
function changeBetween(offsetAt: OffsetReader, fromMs: number, toMs: number, offsetMs: number): number {
  let [sameMs, otherMs] = [fromMs, toMs];
  while (otherMs - sameMs > SECOND_MS) {
    const middleMs = Math.floor((sameMs + otherMs) / 2 / SECOND_MS) * SECOND_MS;
    if (offsetAt(middleMs) === offsetMs) sameMs = middleMs;
    else otherMs = middleMs;
  }
  return otherMs;
}

function segmentOf(startMs: number, endMs: number, offsetBeforeMs: number, offsetMs: number): Segment {
  const startLocalMs = startMs + offsetMs;
  // Debian compares minutes since its last wake-up. So it catches up with a change of exactly 3 hours back, and not
  // with one of 3 hours forward. No zone changes twice within 3 hours, so the change before this one plays no part.
  const changeMs = offsetMs - offsetBeforeMs;
  const catchesUp = changeMs < CATCH_UP_MS && changeMs >= -CATCH_UP_MS;
  const freshLocalMs = catchesUp ? startMs + offsetBeforeMs : startLocalMs;
  return { startMs, endMs, offsetMs, startLocalMs, freshLocalMs };
}
