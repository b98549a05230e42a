import { wallTime } from '../schedule/wall-time.ts';
import type { Io } from './io.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../schedule/units.ts';

const WIDTH_DEFAULT = 80;
/** A narrower terminal breaks the lines of a table. */
const WIDTH_MIN = 57;
const COLOURS = { red: 31, yellow: 33, dim: 2 } as const;
const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', 1_000],
] as const;

/** The look of output to the person who called a command. */
export interface View {
  /** Columns of the terminal, or a width that everybody has. */
  width: number;
  /** Writes an instant from the API in the reader's zone and as seen from now; `-` for none. */
  instant(iso: string | null): string;
  /** Tells whether an instant from the API is still to come. */
  isAhead(iso: string): boolean;
  /** Writes the time of day now, to the second, in the reader's zone. */
  time(): string;
  /** Colours a text, on a terminal only. */
  paint(colour: keyof typeof COLOURS | null, text: string): string;
}

/**
 * Returns the view of the caller: the zone of TZ, else of this machine, and colours on a terminal without NO_COLOR.
 */
export function viewOf({ env, clock, terminal }: Io): View {
  const nowAt = clock.now();
  const timezone = env['TZ'] || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hasColours = terminal !== undefined && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    width: Math.max(WIDTH_MIN, terminal?.columns ?? WIDTH_DEFAULT),
    isAhead: (iso) => Date.parse(iso) > nowAt,
    time: () => wallTime(nowAt, timezone).time,
    instant: (iso) =>
      iso === null ? '-' : `${near(Date.parse(iso), nowAt, timezone)}, ${distance(Date.parse(iso), nowAt)}`,
    paint: (colour, text) =>
      // Each line is coloured by itself, so that a pager that shows only some of them has their colour.
      colour === null || !hasColours
        ? text
        : text.replaceAll(/^.+$/gm, (line) => `\u001B[${COLOURS[colour]}m${line}\u001B[0m`),
  };
}

/** Writes an instant as `02:00` for today, `Thu 02:00` within some days, and else `15 Jan 02:00`. */
function near(at: number, nowAt: number, timezone: string): string {
  const [then, now] = [wallTime(at, timezone), wallTime(nowAt, timezone)];
  const time = then.time.slice(0, 5);
  if (then.date === now.date) return time;
  const date = new Date(`${then.date}T00:00:00Z`);
  const isNear = Math.abs(at - nowAt) < 6 * DAY_MS;
  const format = isNear ? ({ weekday: 'short' } as const) : ({ day: 'numeric', month: 'short' } as const);
  return `${new Intl.DateTimeFormat('en-GB', { ...format, timeZone: 'UTC' }).format(date)} ${time}`;
}

/**
 * Writes a distance as `7h ago` or `in 3m`, in the largest unit that fits into it. Of what is ahead, half of the next
 * smaller unit is made up for: a pause that was begun a moment ago for 4h ends in 4h, and not in 3h.
 */
function distance(at: number, nowAt: number): string {
  const ms = Math.abs(at - nowAt);
  const aheadMs = (index: number): number => (at > nowAt ? ms + (UNITS[index + 1]?.[1] ?? 0) / 2 : ms);
  const found = UNITS.findIndex(([, unitMs], index) => aheadMs(index) >= unitMs);
  const index = found === -1 ? UNITS.length - 1 : found;
  const [unit, unitMs] = UNITS[index]!;
  const count = `${Math.floor(aheadMs(index) / unitMs)}${unit}`;
  return at > nowAt ? `in ${count}` : `${count} ago`;
}
