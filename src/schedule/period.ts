import { parseExpression } from './expression.ts';
import { type LocalTimes, localTimesOf } from './local-times.ts';
import { memoised } from './memo.ts';
import { DAY_MS, SECOND_MS } from './units.ts';

/** Days are looked at from this one on. It is the same in every run of Cronflow, so that a period never changes. */
const FROM_MS = Date.UTC(2025, 0, 1);
/** A year and a bit holds every distance between days that comes regularly. */
const DAYS_MAX = 400;
/**
 * At most this many times of one day are looked at: twice as many as a day has minutes, or the seconds of almost an
 * hour.
 */
const TIMES_MAX = 3_000;
const PERIODS_MAX = 20_000;

/**
 * Returns the period of a cron expression: the shortest time between two of its slots, leaving changes of the clocks
 * aside. The period of `0 8-20 * * *` is an hour, and that of `0 9 * * 1-5` is a day. Answers come from a bounded memo.
 * @throws ScheduleError that says what is wrong with the expression
 */
export const cronPeriodMs = memoised(PERIODS_MAX, (expression) => {
  const times = localTimesOf(parseExpression(expression));
  const firstMs = times.next(FROM_MS);
  return firstMs === null ? Infinity : Math.min(withinDayMs(times, firstMs), overnightMs(times, firstMs));
});

/** Returns the shortest time between two slots of one day. Every day that has slots has the same times of day. */
function withinDayMs(times: LocalTimes, firstMs: number): number {
  let shortest = Infinity;
  let before = firstMs;
  for (let count = 1; count < TIMES_MAX && shortest > SECOND_MS; count += 1) {
    const next = times.next(before + SECOND_MS);
    if (next === null || dayOf(next) !== dayOf(firstMs)) break;
    shortest = Math.min(shortest, next - before);
    before = next;
  }
  return shortest;
}

/** Returns the shortest time between the last slot of a day and the first slot of the next day that has any. */
function overnightMs(times: LocalTimes, firstMs: number): number {
  let fewestDays = Infinity;
  let day = dayOf(firstMs);
  while (fewestDays > 1) {
    const next = times.next((day + 1) * DAY_MS);
    if (next === null) break;
    fewestDays = Math.min(fewestDays, dayOf(next) - day);
    day = dayOf(next);
    // Days that come every few years have been seen twice by then, so one distance is known.
    if (day - dayOf(FROM_MS) > DAYS_MAX) break;
  }
  const lastMs = times.previous((dayOf(firstMs) + 1) * DAY_MS - 1) ?? firstMs;
  return fewestDays * DAY_MS - (lastMs - firstMs);
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
