/** Words for instants and durations. Nothing here reads a clock: whoever asks says when now is. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Reads an instant of the API; null for none. */
export function instantOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** Writes a duration by its two largest units: `850 ms`, `4.2 s`, `4m 12s`, `3h 5m`, `2d 4h`. */
export function durationText(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND_MS) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  return longText(ms);
}

/** Writes a stretch of time that goes on, without parts of a second: `12 s`, `4m 12s`, `3h 5m`. */
export function stretchText(ms: number): string {
  return ms < MINUTE_MS ? `${Math.max(0, Math.floor(ms / SECOND_MS))} s` : longText(ms);
}

function longText(ms: number): string {
  if (ms < HOUR_MS) return pair(ms, [MINUTE_MS, 'm'], [SECOND_MS, 's']);
  if (ms < DAY_MS) return pair(ms, [HOUR_MS, 'h'], [MINUTE_MS, 'm']);
  return pair(ms, [DAY_MS, 'd'], [HOUR_MS, 'h']);
}

function pair(
  ms: number,
  [large, largeUnit]: [number, string],
  [small, smallUnit]: [number, string],
): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}${largeUnit}${rest === 0 ? '' : ` ${rest}${smallUnit}`}`;
}

/** Writes how long ago something was, by one unit, for a column: `now`, `40 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function agoText(at: number, nowAt: number): string {
  const ms = nowAt - at;
  return ms < SECOND_MS ? 'now' : `${unitText(ms)} ago`;
}

/** Writes how far ahead something is: `in 40 s`, `in 5 min`; `now` once it has come. */
export function aheadText(at: number, nowAt: number): string {
  const ms = at - nowAt;
  if (ms <= 0) return 'now';
  return ms < HOUR_MS ? `in ${stretchText(ms)}` : `in ${unitText(ms)}`;
}

function unitText(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/** Writes the time of day of an instant in a zone, and the day where it is not today: `02:14`, `Mon 02:14`, `12 Jan 02:14`. */
export function clockText(at: number, nowAt: number, timeZone: string): string {
  const time = partsText(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, timeZone);
  if (dayText(at, timeZone) === dayText(nowAt, timeZone)) return time;
  const isNear = Math.abs(nowAt - at) < 6 * DAY_MS;
  const day = isNear
    ? partsText(at, { weekday: 'short' }, timeZone)
    : partsText(at, { day: 'numeric', month: 'short' }, timeZone);
  return `${day} ${time}`;
}

/** Writes an instant in full, with its zone, for a tooltip. */
export function fullText(at: number, timeZone: string): string {
  return partsText(
    at,
    {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    },
    timeZone,
  );
}

function dayText(at: number, timeZone: string): string {
  return partsText(at, { day: 'numeric', month: 'numeric', year: 'numeric' }, timeZone);
}

/** Formats are costly to make, and a page uses few of them. */
const formats = new Map<string, Intl.DateTimeFormat>();

function partsText(at: number, parts: Intl.DateTimeFormatOptions, timeZone: string): string {
  const key = `${timeZone} ${JSON.stringify(parts)}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...parts, timeZone });
  formats.set(key, format);
  return format.format(at).replaceAll(',', '');
}
