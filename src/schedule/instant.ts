import { ZONE_FROM_MS, ZONE_TO_MS, zoneOf } from './zone.ts';
import { DAY_MS, MINUTE_MS } from './units.ts';

const LOCAL = String.raw`(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?`;
const INSTANT = new RegExp(`^${LOCAL.replace('[T ]', 'T')}(?:Z|([+-])(\\d\\d):(\\d\\d))$`);
const LOCAL_TIME = new RegExp(`^${LOCAL}$`);

/** Tells people in messages which texts `parseInstant` takes. */
export const INSTANT_ALLOWED = 'ISO 8601 with a zone, such as 2024-03-09T20:17Z or 2024-03-09T21:17:00+01:00';

/**
 * Reads an instant as milliseconds since the Unix epoch, or returns undefined if the text is none. The text is ISO 8601
 * to the minute or finer, and only with `Z` or an offset, because without one it would mean another instant on every
 * host.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const localMs = localMsOf(match);
  const [hours, minutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (localMs === undefined || hours > 23 || minutes > 59) return undefined;
  const offsetMs = (hours * 60 + minutes) * MINUTE_MS;
  return match[8] === '-' ? localMs + offsetMs : localMs - offsetMs;
}

/** Tells people in messages which texts `parseInstantIn` takes. */
export const INSTANT_IN_ALLOWED =
  'a local time such as 2026-12-24 18:00, or an instant with its zone such as 2026-12-24T17:00Z';

/**
 * Reads an instant as `parseInstant` does, or a local time of a zone. A local time that the clock repeats means the
 * first of the two instants. One that the clock skips means the first instant after the gap, as for schedules
 * (docs/design.md §4).
 * @param timezone a known IANA zone
 */
export function parseInstantIn(text: string, timezone: string): number | undefined {
  const match = LOCAL_TIME.exec(text);
  if (match === null) return parseInstant(text);
  const localMs = localMsOf(match);
  if (localMs === undefined || localMs < ZONE_FROM_MS + 2 * DAY_MS || localMs > ZONE_TO_MS - 2 * DAY_MS) {
    return undefined;
  }
  const zone = zoneOf(timezone);
  const offsetsMs = [-DAY_MS, DAY_MS].map((aside) => zone.segmentAt(localMs + aside).offsetMs);
  const fits = offsetsMs
    .map((offsetMs) => localMs - offsetMs)
    .filter((at, i) => zone.segmentAt(at).offsetMs === offsetsMs[i]);
  if (fits.length > 0) return Math.min(...fits);
  return zone.segmentAt(localMs - (offsetsMs[0] ?? 0)).startMs;
}

/**
 * Returns the instant at which a clock on UTC would show the matched local time, or undefined for a date like 30
 * February.
 */
function localMsOf(match: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as Six;
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, fractionMs);
  // Date.UTC takes 30 February for 1 March, and years below 100 for those of the last century.
  const written = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6] ?? '00'}`;
  return new Date(localMs).toISOString().startsWith(written) ? localMs : undefined;
}

type Six = [number, number, number, number, number, number];
