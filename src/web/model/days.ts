import type { Day } from '../../cli/api-types.ts';

/** The calendar of a job: each of the last 90 days, with how it went. */
export interface CalendarDay {
  /** UTC. */
  date: string;
  /** The worst that happened; null where nothing did. */
  look: 'failure' | 'timeout' | 'missed' | 'unknown' | 'success' | null;
  text: string;
}

const DAY_MS = 86_400_000;
export const CALENDAR_DAYS = 90;

/** Returns the days up to today, the first one first. Days of which there are no figures are there, too. */
export function calendarOf(days: readonly Day[], nowAt: number): CalendarDay[] {
  const byDate = new Map(days.map((day) => [day.date, day]));
  const last = Math.floor(nowAt / DAY_MS);
  return Array.from({ length: CALENDAR_DAYS }, (_, index) => {
    const date = new Date((last - CALENDAR_DAYS + 1 + index) * DAY_MS).toISOString().slice(0, 10);
    return calendarDay(date, byDate.get(date));
  });
}

function calendarDay(date: string, day: Day | undefined): CalendarDay {
  if (day === undefined) return { date, look: null, text: `${date}: nothing` };
  const { outcomes } = day;
  const counts = Object.entries(outcomes).filter(([, count]) => count > 0);
  const text = counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return { date, look: worstOf(outcomes), text: `${date}: ${text === '' ? 'nothing' : text}` };
}

function worstOf(outcomes: Day['outcomes']): CalendarDay['look'] {
  if (outcomes.failure + outcomes.abandoned > 0) return 'failure';
  if (outcomes.timeout > 0) return 'timeout';
  if (outcomes.missed > 0) return 'missed';
  if (outcomes.success > 0) return 'success';
  return outcomes.unknown + outcomes.skipped > 0 ? 'unknown' : null;
}

/** Returns the middle of some numbers; null of none. */
export function medianOf(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return null;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Reads a duration as configurations write it, such as `1h30m`; null for anything else. */
export function durationOf(text: string | undefined): number | null {
  const parts = [...(text ?? '').matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit!] ?? 0), 0);
}
