import { parseExpression } from './expression.ts';
import { type LocalTimes, localTimesOf } from './local.ts';
import { memoised } from './memo.ts';
import { DAY_MS, SECOND_MS } from './units.ts';

/** Where the days begin that are looked at: the same in every run of Cronflow, so that a period never changes. */
const FROM_MS = Date.UTC(2025, 0, 1);
/** A year and a bit has every distance between days that comes regularly. */
const DAYS_MAX = 400;
/** So many times of one day are looked at: twice a day of minutes, and of seconds those of almost an hour. */
const TIMES_MAX = 3_000;
const PERIODS_MAX = 20_000;

/**
 * The period of a cron expression: the shortest time between two of its slots, changes of the clocks left aside.
 * That of `0 8-20 * * *` is an hour, that of `0 9 * * 1-5` a day. Answers from a bounded memo.
 * @throws ScheduleError that says what is wrong with the expression
 */
export const cronPeriodMs = memoised(PERIODS_MAX, (expression) => {
  const times = localTimesOf(parseExpression(expression));
  const firstMs = times.next(FROM_MS);
  return firstMs === null ? Infinity : Math.min(withinDayMs(times, firstMs), overnightMs(times, firstMs));
});

/** The shortest time between two slots of one day; every day that has slots has the same times. */
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

/** The shortest time between the last slot of a day and the first one of the next day that has any. */
function overnightMs(times: LocalTimes, firstMs: number): number {
  let fewestDays = Infinity;
  let day = dayOf(firstMs);
  while (fewestDays > 1) {
    const next = times.next((day + 1) * DAY_MS);
    if (next === null) break;
    fewestDays = Math.min(fewestDays, dayOf(next) - day);
    day = dayOf(next);
    // Days that come every few years have one distance at least.
    if (day - dayOf(FROM_MS) > DAYS_MAX) break;
  }
  const lastMs = times.previous((dayOf(firstMs) + 1) * DAY_MS - 1) ?? firstMs;
  return fewestDays * DAY_MS - (lastMs - firstMs);
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
