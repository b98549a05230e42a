import { type Days, daysOf } from './days.ts';
import type { Expression } from './expression.ts';
import { DAY_MS, SECOND_MS } from './units.ts';

const DAY_SECONDS = 86_400;

/**
 * The local times that an expression names, in no zone. A local time is written as the instant at which a clock on UTC
 * would show it.
 */
export interface LocalTimes {
  /** Returns the first such time at or after `localMs`, or null if there is none within 50 years. */
  next(localMs: number): number | null;
  /** Returns the last such time at or before `localMs`, or null if there is none within 50 years. */
  previous(localMs: number): number | null;
}

/** Puts the days and the times of day of an expression together. */
export function localTimesOf(expression: Expression): LocalTimes {
  const days: Days = daysOf(expression);
  const times = timesOfDay(expression);
  return {
    next(localMs) {
      const seconds = Math.ceil(localMs / SECOND_MS);
      const day = Math.floor(seconds / DAY_SECONDS);
      const found = days.next(day);
      if (found === null) return null;
      if (found > day) return found * DAY_MS + times.first * SECOND_MS;
      const time = times.next(seconds - day * DAY_SECONDS);
      if (time !== null) return day * DAY_MS + time * SECOND_MS;
      const later = days.next(day + 1);
      return later === null ? null : later * DAY_MS + times.first * SECOND_MS;
    },
    previous(localMs) {
      const seconds = Math.floor(localMs / SECOND_MS);
      const day = Math.floor(seconds / DAY_SECONDS);
      const found = days.previous(day);
      if (found === null) return null;
      if (found < day) return found * DAY_MS + times.last * SECOND_MS;
      const time = times.previous(seconds - day * DAY_SECONDS);
      if (time !== null) return day * DAY_MS + time * SECOND_MS;
      const earlier = days.previous(day - 1);
      return earlier === null ? null : earlier * DAY_MS + times.last * SECOND_MS;
    },
  };
}

/** Times of day in seconds since local midnight. */
interface TimesOfDay {
  first: number;
  last: number;
  /** Returns the first such time at or after `second` on the same day. */
  next(second: number): number | null;
  /** Returns the last such time at or before `second` on the same day. */
  previous(second: number): number | null;
}

function timesOfDay({ second, minute, hour }: Expression): TimesOfDay {
  const [hours, minutes, seconds] = [hour.values, minute.values, second.values];
  const first = lowest(hours) * 3600 + lowest(minutes) * 60 + lowest(seconds);
  const last = highest(hours) * 3600 + highest(minutes) * 60 + highest(seconds);

  const next = (from: number): number | null => {
    const inHour = Math.floor(from / 3600);
    const foundHour = atOrAfter(hours, inHour);
    if (foundHour === null) return null;
    if (foundHour > inHour) return foundHour * 3600 + lowest(minutes) * 60 + lowest(seconds);
    const inMinute = minuteOf(from);
    const foundMinute = atOrAfter(minutes, inMinute);
    if (foundMinute === null) return next((inHour + 1) * 3600);
    if (foundMinute > inMinute) return inHour * 3600 + foundMinute * 60 + lowest(seconds);
    const foundSecond = atOrAfter(seconds, from % 60);
    if (foundSecond === null) return next(inHour * 3600 + (inMinute + 1) * 60);
    return inHour * 3600 + inMinute * 60 + foundSecond;
  };
  const previous = (to: number): number | null => {
    if (to < 0) return null;
    const inHour = Math.floor(to / 3600);
    const foundHour = atOrBefore(hours, inHour);
    if (foundHour === null) return null;
    if (foundHour < inHour) return foundHour * 3600 + highest(minutes) * 60 + highest(seconds);
    const inMinute = minuteOf(to);
    const foundMinute = atOrBefore(minutes, inMinute);
    if (foundMinute === null) return previous(inHour * 3600 - 1);
    if (foundMinute < inMinute) return inHour * 3600 + foundMinute * 60 + highest(seconds);
    const foundSecond = atOrBefore(seconds, to % 60);
    if (foundSecond === null) return previous(inHour * 3600 + inMinute * 60 - 1);
    return inHour * 3600 + inMinute * 60 + foundSecond;
  };
  return { first, last, next, previous };
}

function minuteOf(secondOfDay: number): number {
  return Math.floor(secondOfDay / 60) % 60;
}

function atOrAfter(ascending: readonly number[], value: number): number | null {
  for (const candidate of ascending) if (candidate >= value) return candidate;
  return null;
}

function atOrBefore(ascending: readonly number[], value: number): number | null {
  for (let i = ascending.length - 1; i >= 0; i -= 1) {
    const candidate = ascending[i];
    if (candidate !== undefined && candidate <= value) return candidate;
  }
  return null;
}

function lowest(ascending: readonly number[]): number {
  return ascending[0] ?? 0;
}

function highest(ascending: readonly number[]): number {
  return ascending.at(-1) ?? 0;
}
