import { formatDuration } from '../../schedule/duration.ts';
import { wallTime } from '../../schedule/wall-time.ts';

/** Writes instants as people of one time zone read them, and durations. */
export class ClockWords {
  readonly timezone: string;
  readonly #nearAt: number;

  /** @param nearAt the instant that is asked about: others on its day are written without their date */
  constructor(timezone: string, nearAt: number) {
    this.timezone = timezone;
    this.#nearAt = nearAt;
  }

  /** Writes an instant as `02:00:05`, as `Thu 15 Jan 02:00` on another day, and with the year in another year. */
  at(instant: number): string {
    const { date, time } = wallTime(instant, this.timezone);
    const near = wallTime(this.#nearAt, this.timezone).date;
    return date === near ? time : `${dayWords(date, near)} ${time}`;
  }

  /** Writes an instant with its day and its offset: `Thu 15 Jan 2026 02:00 +01:00`. */
  full(instant: number): string {
    const { date, time, offset } = wallTime(instant, this.timezone);
    return `${dayWords(date, null)} ${time} ${offset}`;
  }

  /** Returns words for a sentence about another instant: times of its day stand there without their date. */
  near(instant: number): ClockWords {
    return new ClockWords(this.timezone, instant);
  }

  /** Writes the time between two instants, whichever comes first. */
  between(a: number, b: number): string {
    return formatDuration(Math.abs(a - b));
  }
}

/** Writes `2026-01-15` as `Thu 15 Jan`, with the year unless it is that of the other date. */
function dayWords(date: string, otherDate: string | null): string {
  const isSameYear = otherDate !== null && date.slice(0, 4) === otherDate.slice(0, 4);
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
    ...(isSameYear ? {} : { year: 'numeric' }),
  });
  return format.format(new Date(`${date}T00:00:00Z`)).replace(',', '');
}
