import type { Expression } from './expression.ts';
import { DAY_MS } from './units.ts';

/**
 * Limits the search for a day to 50 years. The rarest day, 29 February on a certain weekday, can be 40 years away,
 * because 2100 is no leap year.
 */
const MONTHS_MAX = 50 * 12;

/** The days on which an expression has slots, as days since 1970-01-01 in local time. */
export interface Days {
  /** Returns the first such day at or after `day`, or null if there is none within 50 years. */
  next(day: number): number | null;
  /** Returns the last such day at or before `day`, or null if there is none within 50 years. */
  previous(day: number): number | null;
}

interface Month {
  /** Counts the days from 1970-01-01 to the first day of the month. */
  firstDay: number;
  length: number;
  /** Has a bit for each day that matches; bit 0 is the first of the month. */
  mask: number;
}

/**
 * Finds days month by month, as Debian's cron matches them. A day must match both day fields if one of them starts with
 * `*`, otherwise it must match either.
 */
export function daysOf(expression: Expression): Days {
  const months = new Set(expression.month.values);
  // The days of a month depend only on its length and on the weekday of its first day, so there are 28 kinds of month.
  const masks = new Map<number, number>();
  let month: Month & { index: number } = { index: Number.NaN, firstDay: 0, length: 0, mask: 0 };

  /** Returns the month that lies `index` months after January 1970. */
  const monthAt = (index: number): Month => {
    if (month.index === index) return month;
    const firstDay = Date.UTC(1970, index, 1) / DAY_MS;
    const length = Date.UTC(1970, index + 1, 1) / DAY_MS - firstDay;
    const inYear = (((index % 12) + 12) % 12) + 1;
    month = { index, firstDay, length, mask: months.has(inYear) ? maskOf(firstDay, length) : 0 };
    return month;
  };
  const maskOf = (firstDay: number, length: number): number => {
    const firstWeekday = weekdayOf(firstDay);
    const key = length * 7 + firstWeekday;
    const mask = masks.get(key) ?? monthMask(expression, firstWeekday, length);
    masks.set(key, mask);
    return mask;
  };
  const indexOf = (day: number): number => {
    const inMonth = day - month.firstDay;
    if (inMonth >= 0 && inMonth < month.length) return month.index;
    const date = new Date(day * DAY_MS);
    return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  };

  return {
    next(day) {
      const start = indexOf(day);
      for (let index = start; index < start + MONTHS_MAX; index += 1) {
        const { firstDay, mask } = monthAt(index);
        const from = Math.max(0, day - firstDay);
        const rest = (mask >>> from) << from;
        if (rest !== 0) return firstDay + lowestBit(rest);
      }
      return null;
    },
    previous(day) {
      const start = indexOf(day);
      for (let index = start; index > start - MONTHS_MAX; index -= 1) {
        const { firstDay, mask } = monthAt(index);
        const rest = mask & ((2 << Math.min(30, day - firstDay)) - 1);
        if (rest !== 0) return firstDay + highestBit(rest);
      }
      return null;
    },
  };
}

function monthMask(expression: Expression, firstWeekday: number, length: number): number {
  const { dayOfMonth, dayOfWeek } = expression;
  const both = dayOfMonth.star || dayOfWeek.star;
  let mask = 0;
  for (let day = 1; day <= length; day += 1) {
    const weekday = (firstWeekday + day - 1) % 7;
    const nth = Math.ceil(day / 7);
    const byMonth = dayOfMonth.values.includes(day) || (dayOfMonth.lastDay && day === length);
    const byWeek =
      dayOfWeek.values.includes(weekday) ||
      (dayOfWeek.lastWeekdays.includes(weekday) && day + 7 > length) ||
      dayOfWeek.nthWeekdays.some((item) => item.weekday === weekday && item.nth === nth);
    if (both ? byMonth && byWeek : byMonth || byWeek) mask |= 1 << (day - 1);
  }
  return mask;
}

/** Returns 0 for a Sunday. 1970-01-01 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask);
}
