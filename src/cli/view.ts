import { wallTime } from '../delivery/message/wall-time.ts';
import type { Io } from './io.ts';
import { DAY_MS } from '../schedule/units.ts';

const WIDTH_DEFAULT = 80;
const COLOURS = { red: 31, yellow: 33, dim: 2 } as const;
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** How something is shown to the person who called a command. */
export interface View {
  /** Columns of the terminal, or as many as anybody has. */
  width: number;
  /** An instant as the API writes it, in the reader's zone and seen from now; `-` for none. */
  instant(iso: string | null): string;
  /** On a terminal, text in a colour. */
  paint(colour: keyof typeof COLOURS | null, text: string): string;
}

/** The view of whoever called: the zone of TZ, else of this machine; colours on a terminal without NO_COLOR. */
export function viewOf({ env, clock, terminal }: Io): View {
  const nowAt = clock.now();
  const timezone = env['TZ'] || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hasColours = terminal !== undefined && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    width: Math.max(WIDTH_DEFAULT, terminal?.columns ?? WIDTH_DEFAULT),
    instant: (iso) =>
      iso === null ? '-' : `${near(Date.parse(iso), nowAt, timezone)}, ${distance(Date.parse(iso), nowAt)}`,
    paint: (colour, text) =>
      // A line at a time: a pager that shows some of them shows them in their colour.
      colour === null || !hasColours
        ? text
        : text.replaceAll(/^.+$/gm, (line) => `\u001B[${COLOURS[colour]}m${line}\u001B[0m`),
  };
}

/** `02:00` for today, `Thu 02:00` within some days, `15 Jan 02:00` else. */
function near(at: number, nowAt: number, timezone: string): string {
  const [then, now] = [wallTime(at, timezone), wallTime(nowAt, timezone)];
  const time = then.time.slice(0, 5);
  if (then.date === now.date) return time;
  const date = new Date(`${then.date}T00:00:00Z`);
  const isNear = Math.abs(at - nowAt) < 6 * DAY_MS;
  const format = isNear ? ({ weekday: 'short' } as const) : ({ day: 'numeric', month: 'short' } as const);
  return `${new Intl.DateTimeFormat('en-GB', { ...format, timeZone: 'UTC' }).format(date)} ${time}`;
}

/** `7h ago`, `in 3m`, in the largest unit of which there is one. */
function distance(at: number, nowAt: number): string {
  const [unit, unitMs] = UNITS.find(([, ms]) => Math.abs(at - nowAt) >= ms) ?? UNITS[3];
  const count = `${Math.floor(Math.abs(at - nowAt) / unitMs)}${unit}`;
  return at > nowAt ? `in ${count}` : `${count} ago`;
}
