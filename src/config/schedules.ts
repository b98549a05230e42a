import { compileCron } from '../schedule/cron.ts';
import { ScheduleError } from '../schedule/error.ts';
import { type Finding, shownValue } from './faults.ts';
import type { JobContext } from './job-context.ts';
import { pointer } from './yaml/tree.ts';

/**
 * Finds the mistakes in a schedule and in its zone.
 * @param path JSON pointer of the mapping that holds the two
 */
export function scheduleProblems(
  path: string,
  { schedule, timezone }: { schedule: unknown; timezone: unknown },
  context: JobContext,
): Finding[] {
  const at = { schedule: pointer(path, 'schedule'), timezone: pointer(path, 'timezone') };
  const usable = (value: unknown, pointerOf: string): value is string =>
    typeof value === 'string' && !context.broken.has(pointerOf);
  const problems: Finding[] = [];
  // Each is checked by itself, because a zone cannot make an expression wrong.
  if (usable(timezone, at.timezone)) {
    const error = check('0 0 * * *', timezone, context);
    if (error !== null) problems.push(scheduleProblem(error, at.timezone, context));
  }
  if (usable(schedule, at.schedule)) {
    const error = check(schedule, 'UTC', context);
    if (error !== null) problems.push(scheduleProblem(error, at.schedule, context));
  }
  return problems;
}

function check(expression: string, timezone: string, { checked }: JobContext): ScheduleError | null {
  const id = `${timezone} ${expression}`;
  const known = checked.get(id);
  if (known !== undefined) return known;
  let error: ScheduleError | null = null;
  try {
    compileCron(expression, timezone);
  } catch (thrown) {
    if (!(thrown instanceof ScheduleError)) throw thrown;
    error = thrown;
  }
  checked.set(id, error);
  return error;
}

function scheduleProblem(error: ScheduleError, path: string, context: JobContext): Finding {
  const spot = context.spots.get(path);
  const code = error.field === 'timezone' ? 'bad_timezone' : 'bad_schedule';
  if (spot?.variables !== undefined) {
    const from = shownValue('', spot);
    return { code, path, message: `${from} is refused for its ${error.field} (allowed: ${error.allowed})` };
  }
  const time = code === 'bad_schedule' ? /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(error.value.trim()) : null;
  if (time !== null) {
    const suggestion = `${Number(time[2])} ${Number(time[1])} * * *`;
    return { code, path, message: `${error.message}; did you mean "${suggestion}"?`, suggestion };
  }
  const suggestion = error.suggestion === undefined ? {} : { suggestion: error.suggestion };
  return { code, path, message: error.message, ...suggestion };
}
