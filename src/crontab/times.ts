import { compileCron } from '../schedule/cron.ts';
import { isDuration } from '../schedule/duration.ts';
import { ScheduleError } from '../schedule/error.ts';
import type { Dialect } from './crons.ts';
import type { Entry } from './lines.ts';

/** The longest schedule that the schema allows. */
const SCHEDULE_LENGTH_MAX = 256;
/** A macro of FreeBSD's cron. */
const EVERY_MINUTE = '@every_minute';

/** The times of a line, in the words of a configuration. */
export type Times = { schedule: string } | { every: string };

/** Returns the times of a line, or the reason why no job can have them. */
export function timesOf({ schedule, every }: Entry, dialect: Dialect): Times | { problem: string } {
  if (every !== undefined) return everyOf(every, dialect);
  const refused = refusedBy(schedule, dialect);
  if (refused !== undefined) {
    return {
      problem: `${dialect.name} does not understand ${refused}, and ignores the whole crontab for it`,
    };
  }
  const meant = schedule === EVERY_MINUTE ? '* * * * *' : schedule;
  const problem = randomProblem(meant) ?? scheduleProblem(meant);
  return problem === undefined ? { schedule: meant } : { problem };
}

function everyOf(every: string, { name, hasEvery }: Dialect): Times | { problem: string } {
  if (!hasEvery)
    return { problem: `${name} does not understand @every, and ignores the whole crontab for it` };
  if (isDuration(every) && !/^0+[dhms]$/.test(every)) return { every };
  return {
    problem: `@every ${JSON.stringify(every)} is no duration in whole numbers with d, h, m, s, such as 1h30m`,
  };
}

/** Returns the part of a time that only other crons know. */
function refusedBy(schedule: string, { hasEveryMinute, hasLastAndNth }: Dialect): string | undefined {
  if (schedule === EVERY_MINUTE) return hasEveryMinute ? undefined : schedule;
  if (hasLastAndNth || schedule.startsWith('@')) return undefined;
  const [, , dayOfMonth = '', , dayOfWeek = ''] = schedule.split(' ');
  return [dayOfMonth, dayOfWeek].find((field) => /(?:^|[,\d])L(?:$|,)|^[A-Za-z]{3}L$|#/.test(field));
}

/** Refuses `0~59`, a time that cronie and OpenBSD choose by chance. */
function randomProblem(schedule: string): string | undefined {
  const field = schedule.split(' ').find((each) => each.includes('~'));
  if (field === undefined) return undefined;
  return (
    `${JSON.stringify(field)} is a time that cron chooses by chance whenever it reads the crontab, so that no schedule ` +
    'says it; declare the job with the earliest time and a grace as long as the range, or choose a time'
  );
}

function scheduleProblem(schedule: string): string | undefined {
  if (schedule.length > SCHEDULE_LENGTH_MAX) {
    return `the time has ${schedule.length} characters; at most ${SCHEDULE_LENGTH_MAX} are allowed`;
  }
  try {
    compileCron(schedule, 'UTC');
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}
