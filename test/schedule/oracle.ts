/**
 * A second, slow reading of the same rules: Debian cron's main loop, minute by minute, with its virtual time
 * against the clock's time, over offsets that Intl gives for every single minute. It shares no code with
 * `src/schedule/`.
 */
export interface Matcher {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  months: ReadonlySet<number>;
  daysOfWeek: ReadonlySet<number>;
  eitherDay: boolean;
  wildcard: boolean;
}

const MINUTE_MS = 60_000;

/** Local minutes (as a clock on UTC would count them) for each minute of `[fromMs, toMs)`. */
export function clockOf(timezone: string, fromMs: number, toMs: number): number[] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const clock: number[] = [];
  for (let ms = fromMs; ms < toMs; ms += MINUTE_MS) {
    clock.push(Math.floor(Date.parse(`${format.format(ms).replace(' ', 'T')}Z`) / MINUTE_MS));
  }
  return clock;
}

/** The instants at which the job starts, given what the clock showed each minute from `fromMs` on. */
export function runsOf(job: Matcher, clock: readonly number[], fromMs: number): number[] {
  const runs: number[] = [];
  let virtual = (clock[0] ?? 0) - 1;
  clock.forEach((now, index) => {
    const behind = now - virtual;
    let runsNow = false;
    if (behind === 1 || behind > 180 || behind <= -180) {
      virtual = now;
      runsNow = matches(job, now);
    } else if (behind <= 0) {
      runsNow = job.wildcard && matches(job, now);
    } else {
      runsNow = job.wildcard && matches(job, now);
      while (virtual < now) {
        virtual += 1;
        if (!job.wildcard && matches(job, virtual)) runsNow = true;
      }
    }
    if (runsNow) runs.push(fromMs + index * MINUTE_MS);
  });
  return runs;
}

function matches(job: Matcher, localMinute: number): boolean {
  const date = new Date(localMinute * MINUTE_MS);
  if (!job.minutes.has(date.getUTCMinutes()) || !job.hours.has(date.getUTCHours())) return false;
  if (!job.months.has(date.getUTCMonth() + 1)) return false;
  const byMonth = job.daysOfMonth.has(date.getUTCDate());
  const byWeek = job.daysOfWeek.has(date.getUTCDay());
  return job.eitherDay ? byMonth || byWeek : byMonth && byWeek;
}
