import { ScheduleError } from './error.ts';
import { type Field, type FieldName, parseField } from './field.ts';
import { nearestByDistance } from './near.ts';

/** A cron expression that has been read and checked, and is not yet in any time zone. */
export interface Expression {
  second: Field;
  minute: Field;
  hour: Field;
  dayOfMonth: Field;
  month: Field;
  dayOfWeek: Field;
  /**
   * Says that slots follow the wall clock over a change of offset. They do if the minute or the hour starts with `*`
   * (Debian's wildcard jobs), or if there are seconds. Otherwise it is a fixed-time job.
   */
  followsWallClock: boolean;
}

const MACROS = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);
const MACRO_NAMES = [...MACROS.keys()].join(', ');
const FIELDS = '5 (minute hour day-of-month month day-of-week), 6 (with seconds first)';
/** No expression that lists every value is longer, so a longer text need not be read at all. */
const LENGTH_MAX = 1000;
const DAYS_OF_MONTH_MAX = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron expression: 5 fields, 6 with seconds first, or a macro such as `@daily` (docs/design.md §4).
 * @throws ScheduleError that names the field, the value and what is allowed
 */
export function parseExpression(text: string): Expression {
  if (text.length > LENGTH_MAX) {
    const start = `${text.trim().slice(0, 40)}...`;
    throw new ScheduleError('expression', start, 'is too long', `at most ${LENGTH_MAX} characters`);
  }
  // No other blanks are taken away, because cron does not take a byte order mark or a no-break space for a blank.
  const fields = split(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
  const [seconds, minutes, hours, daysOfMonth, months, daysOfWeek] =
    fields.length === 5 ? ['0', ...fields] : fields;
  const expression: Expression = {
    second: read('second', seconds),
    minute: read('minute', minutes),
    hour: read('hour', hours),
    dayOfMonth: read('day-of-month', daysOfMonth),
    month: read('month', months),
    dayOfWeek: read('day-of-week', daysOfWeek),
    followsWallClock: false,
  };
  expression.followsWallClock = fields.length === 6 || expression.minute.star || expression.hour.star;
  checkDays(expression, daysOfMonth ?? '', months ?? '');
  return expression;
}

function split(text: string): string[] {
  if (text.startsWith('@')) return splitMacro(text);
  if (/^(?:CRON_)?TZ=/.test(text)) {
    throw new ScheduleError('expression', text, 'contains a time zone', 'the zone goes into timezone');
  }
  const fields = text === '' ? [] : text.split(/[ \t]+/);
  if (fields.length === 5 || fields.length === 6) return fields;
  const count = `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`;
  throw new ScheduleError('expression', text, count, `${FIELDS}, or one of ${MACRO_NAMES}`);
}

function splitMacro(text: string): string[] {
  const meaning = MACROS.get(text);
  if (meaning !== undefined) return meaning.split(' ');
  if (text === '@reboot') {
    throw new ScheduleError('expression', text, 'says no time', `${MACRO_NAMES}, or no schedule at all`);
  }
  const every = /^@every\s+(\S+)$/.exec(text)?.[1];
  if (every !== undefined) {
    throw new ScheduleError(
      'expression',
      text,
      'is not cron',
      `write every: ${every} in place of a schedule`,
    );
  }
  const allowed = `${MACRO_NAMES}, or ${FIELDS} fields`;
  const meant = nearestByDistance(text, [...MACROS.keys()]);
  throw new ScheduleError('expression', text, 'is not understood', allowed, meant);
}

/** Reads one field, which is there because `split` has counted the fields. */
function read(name: FieldName, field: string | undefined): Field {
  return parseField(name, field ?? '');
}

/** Refuses a day that none of the months has (`0 0 31 2 *`), unless the weekdays alone make slots. */
function checkDays(expression: Expression, daysOfMonth: string, months: string): void {
  const { dayOfMonth, month, dayOfWeek } = expression;
  if (!dayOfMonth.star && !dayOfWeek.star) return;
  const dayMax = Math.max(...month.values.map((value) => DAYS_OF_MONTH_MAX[value - 1] ?? 0));
  if (dayOfMonth.lastDay || dayOfMonth.values.some((day) => day <= dayMax)) return;
  const problem = `is a day that month ${JSON.stringify(months)} never has`;
  throw new ScheduleError('day-of-month', daysOfMonth, problem, `1-${dayMax} or L`);
}
