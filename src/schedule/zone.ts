import { ScheduleError } from './error.ts';
import { memoised } from './memo.ts';
import { nearest } from './near.ts';
import { HOUR_MS, SECOND_MS } from './units.ts';

/** The instants about which zones are asked; earlier ones have odd offsets, later ones are guesses. */
export const ZONE_FROM_MS = 0;
export const ZONE_TO_MS = Date.UTC(2500, 0, 1);

/**
 * Offsets are probed this often. No zone since 1970 kept one for less than 6.9 days (Brazil's north-east in
 * 2000, Gaza in years to come), so no change hides between two probes.
 */
const PROBE_MS = 4 * 24 * HOUR_MS;
/** Offsets are found and kept in spans of 512 days: one costs 0.2 ms and most questions need no second. */
const SPAN_MS = 128 * PROBE_MS;
/** Debian's cron catches up with a change below this and starts afresh after a greater one. */
const CATCH_UP_MS = 3 * HOUR_MS;

/**
 * A stretch of time without a change of offset. A local time is written as the instant at which a clock on
 * UTC would show it.
 */
export interface Segment {
  startMs: number;
  /** Exclusive. */
  endMs: number;
  /** Local time minus UTC. */
  offsetMs: number;
  /** The local time it starts with. */
  startLocalMs: number;
  /**
   * From where on local times are new to fixed-time jobs, Debian's virtual time. Less than `startLocalMs` if
   * the clock went forward: what lies between happens at once. More if it went back: what lies between has
   * happened. Equal if nothing changed or the change is one of 3 hours or more.
   */
  freshLocalMs: number;
}

export interface Zone {
  /** The segment that contains the instant, which lies within `ZONE_FROM_MS` and `ZONE_TO_MS`. */
  segmentAt(ms: number): Segment;
}

const ZONES_MAX = 1024;

/**
 * The offsets of an IANA time zone, from Intl. Throws a `ScheduleError` with the nearest known name if there
 * is no such zone.
 */
export const zoneOf = memoised(ZONES_MAX, (timezone): Zone => buildZone(offsetReader(timezone)));

/** Local time minus UTC, in milliseconds, at an instant. Throws a `ScheduleError` for an unknown zone. */
export function offsetMsAt(timezone: string, ms: number): number {
  const inRangeMs = Math.min(Math.max(ms, ZONE_FROM_MS), ZONE_TO_MS - 1);
  return zoneOf(timezone).segmentAt(inRangeMs).offsetMs;
}

type OffsetReader = (ms: number) => number;

function offsetReader(timezone: string): OffsetReader {
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
    // Newer engines take bare offsets for zones, older ones do not; a configuration must mean the same on both.
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
  // People write the city alone, or "New York".
  const city = timezone.trim().replaceAll(' ', '_').toLowerCase();
  return names.find((name) => name.toLowerCase().endsWith(`/${city}`)) ?? nearest(timezone, names);
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

/** The segments of one span. Its ends cut segments in two, which changes nothing about them. */
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

/** The first whole second in `(fromMs, toMs]` at which the offset is no longer `offsetMs`. */
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
  // Debian compares minutes since its last wake-up, so that 3 hours back are caught up with and 3 hours
  // forward are not. No zone changes twice within 3 hours, so the change before this one plays no part.
  const changeMs = offsetMs - offsetBeforeMs;
  const catchesUp = changeMs < CATCH_UP_MS && changeMs >= -CATCH_UP_MS;
  const freshLocalMs = catchesUp ? startMs + offsetBeforeMs : startLocalMs;
  return { startMs, endMs, offsetMs, startLocalMs, freshLocalMs };
}
