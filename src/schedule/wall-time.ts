import { memoised } from './memo.ts';

/** An instant as people read it, in the zone of the job that it is about. */
export interface WallTime {
  /** `2026-01-15` */
  date: string;
  /** `02:00`, or `02:00:05` where there are seconds. */
  time: string;
  /** `+01:00`, which tells the two 02:30 of an autumn night apart. */
  offset: string;
}

/** The configuration names few zones; the limit is for those that come over the API. */
const FORMATS_MAX = 500;

/**
 * Splits an instant into date, time and offset.
 * @param at milliseconds since the Unix epoch
 * @param timezone an IANA name; one that the runtime does not know is read as UTC, because a message with the wrong
 * zone is better than none
 */
export function wallTime(at: number, timezone: string): WallTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const seconds = part('second') === '00' ? '' : `:${part('second')}`;
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}${seconds}`,
    offset: part('timeZoneName').replace(/^(?:GMT|UTC)/, '') || '+00:00',
  };
}

/** Writes an instant as `2026-01-15 02:00 +01:00`. */
export function fullTime(at: number, timezone: string): string {
  const { date, time, offset } = wallTime(at, timezone);
  return `${date} ${time} ${offset}`;
}

/** Writes an instant as `02:00`, with the date before it when that differs from the date of `nearAt`. */
export function shortTime(at: number, nearAt: number, timezone: string): string {
  const { date, time } = wallTime(at, timezone);
  return date === wallTime(nearAt, timezone).date ? time : `${date} ${time}`;
}

const formatOf = memoised(FORMATS_MAX, (timezone) => create(timezone) ?? create('UTC')!);

function create(timezone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    });
  } catch {
    return null;
  }
}
