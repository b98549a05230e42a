import { CronExpressionParser } from 'cron-parser';
import { ScheduleError } from './error.ts';
import { nearestByDistance } from './near.ts';

export type FieldName = 'second' | 'minute' | 'hour' | 'day-of-month' | 'month' | 'day-of-week';

/** The values that one field of an expression allows. */
export interface Field {
  /** Says that the field starts with `*`. Debian's cron decides two of its rules by that character alone. */
  star: boolean;
  /** The values in ascending order; Sunday is 0. */
  values: number[];
  /** `L` stands for the last day of the month. */
  lastDay: boolean;
  /** `nL` stands for the last such weekday of the month; Sunday is 0. */
  lastWeekdays: number[];
  /** `n#k` stands for the k-th such weekday of the month; Sunday is 0. */
  nthWeekdays: { weekday: number; nth: number }[];
}

interface Rule {
  /** The place of the field in an expression of six fields. */
  position: number;
  min: number;
  max: number;
  names: readonly string[];
  /** The number that the first of the names stands for. */
  firstName: number;
  /** Tells people in messages what is allowed. */
  allowed: string;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const NO_NAMES = { names: [], firstName: 0 };

const RULES: Record<FieldName, Rule> = {
  second: { position: 0, min: 0, max: 59, ...NO_NAMES, allowed: '0-59' },
  minute: { position: 1, min: 0, max: 59, ...NO_NAMES, allowed: '0-59' },
  hour: { position: 2, min: 0, max: 23, ...NO_NAMES, allowed: '0-23' },
  'day-of-month': { position: 3, min: 1, max: 31, ...NO_NAMES, allowed: '1-31 or L' },
  month: { position: 4, min: 1, max: 12, names: MONTHS, firstName: 1, allowed: '1-12 or JAN-DEC' },
  'day-of-week': {
    position: 5,
    min: 0,
    max: 7,
    names: WEEKDAYS,
    firstName: 0,
    allowed: '0-7 (0 and 7 are Sunday), SUN-SAT, 5L (last Friday) or 5#2 (second Friday)',
  },
};

/**
 * Lists the shapes that a field may have. It follows the values in a message where the shape is wrong and not a number.
 */
const SHAPES = ', *, lists (1,3), ranges (1-5), steps (*/2, 1-5/2)';
const WEEKDAY_OF_MONTH = /^([0-9]+|[a-z]{3})(?:L|#([0-9]+))$/i;
const ITEM = /^(?:(\*)|([0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?)(?:\/([0-9]+))?$/i;

/**
 * Reads one field of a cron expression as Debian's cron does (names in any case, 0 and 7 for Sunday, lists, ranges,
 * steps), and also `L`, `nL` and `n#k`, which Debian's cron does not know.
 * @throws ScheduleError for what Debian refuses (reversed ranges, a step of 0 or on a single number, empty list items)
 * and for other dialects (`H`, `?`, `W`)
 */
export function parseField(name: FieldName, text: string): Field {
  const field: Field = {
    star: text.startsWith('*'),
    values: [],
    lastDay: false,
    lastWeekdays: [],
    nthWeekdays: [],
  };
  const values = new Set<number>();
  for (const item of text.split(',')) {
    if (item === '') {
      throw new ScheduleError(name, text, 'has an empty item', RULES[name].allowed + SHAPES);
    }
    const parsed = parseItem(name, item);
    for (const value of parsed.values) values.add(value);
    if (parsed.lastDay) field.lastDay = true;
    field.lastWeekdays.push(...parsed.lastWeekdays);
    field.nthWeekdays.push(...parsed.nthWeekdays);
  }
  field.values = [...values].sort((a, b) => a - b);
  return field;
}

type Item = Omit<Field, 'star'>;

/** Items are kept, because most recur from job to job and the library takes its time for each. */
const ITEMS_MAX = 4096;
const items = new Map<string, Item>();

function parseItem(name: FieldName, text: string): Item {
  const key = `${name} ${text}`;
  const known = items.get(key);
  if (known !== undefined) return known;
  checkItem(name, text);
  const item = readItem(name, text);
  if (items.size >= ITEMS_MAX) items.clear();
  items.set(key, item);
  return item;
}

/** Refuses what Debian's cron refuses and the library takes, so that the text has only one reading afterwards. */
function checkItem(name: FieldName, text: string): void {
  const rule = RULES[name];
  if (text.includes('?')) {
    throw new ScheduleError(name, text, 'is not cron ("?" is of Quartz)', `write * instead; ${rule.allowed}`);
  }
  if (/^H\b/i.test(text)) {
    const problem = 'says no certain time ("H" is of Jenkins)';
    throw new ScheduleError(name, text, problem, `${rule.allowed}${SHAPES}`);
  }
  if (name === 'day-of-month' && text === 'L') return;
  if (name === 'day-of-week' && WEEKDAY_OF_MONTH.test(text)) return checkWeekdayOfMonth(text);
  const match = ITEM.exec(text);
  if (match === null) {
    const meant = withNames(text, rule.names);
    throw new ScheduleError(name, text, 'is not understood', rule.allowed + SHAPES, meant);
  }
  const [, star, first, last, step] = match;
  const from = star === undefined ? checkNumber(name, text, first ?? '') : rule.min;
  const to = last === undefined ? rule.max : checkNumber(name, text, last);
  if (from > to) throw reversed(name, text, from, to);
  if (step === undefined) return;
  if (Number(step) === 0) throw new ScheduleError(name, text, 'has a step of 0', '1 or more');
  if (star === undefined && last === undefined) {
    // Debian's cron takes no step here, and others read such a step in two ways.
    throw new ScheduleError(name, text, 'has a step without a range', `write ${first}-${rule.max}/${step}`);
  }
}

function checkWeekdayOfMonth(text: string): void {
  const [, weekday = '', nth] = WEEKDAY_OF_MONTH.exec(text) ?? [];
  checkNumber('day-of-week', text, weekday);
  if (nth !== undefined && !/^[1-5]$/.test(nth)) {
    throw new ScheduleError('day-of-week', text, 'is no week of a month', '#1 to #5');
  }
}

/**
 * Writes an item with the names that its words were meant for, such as MON for Monday. Returns undefined if a word
 * resembles no name.
 */
function withNames(item: string, names: readonly string[]): string | undefined {
  let isClear = names.length > 0;
  const meant = item.toUpperCase().replaceAll(/[A-Z]+/g, (word) => {
    const name = names.find((known) => word.startsWith(known)) ?? nearestByDistance(word, names);
    if (name === undefined) isClear = false;
    return name ?? word;
  });
  return isClear && meant !== item.toUpperCase() ? meant : undefined;
}

/**
 * Returns the number that a numeral or a name stands for.
 * @throws ScheduleError if the field has no such value
 */
function checkNumber(name: FieldName, item: string, text: string): number {
  const rule = RULES[name];
  if (/^[a-z]/i.test(text)) {
    const index = rule.names.indexOf(text.toUpperCase());
    if (index >= 0) return index + rule.firstName;
    const meant = withNames(item, rule.names);
    throw new ScheduleError(name, item, 'is not understood', rule.allowed + SHAPES, meant);
  }
  const value = Number(text);
  if (value >= rule.min && value <= rule.max) return value;
  throw new ScheduleError(name, item, 'is out of range', rule.allowed);
}

function reversed(name: FieldName, text: string, from: number, to: number): ScheduleError {
  const problem = 'is a range that runs backwards';
  if (name === 'day-of-week' && to === 0) {
    return new ScheduleError(name, text, problem, `Sunday at the end of a range is 7, write ${from}-7`);
  }
  const { min, max } = RULES[name];
  // People who write 22-2 most often mean a range that wraps around, which Debian's cron does not have.
  return new ScheduleError(name, text, problem, `write ${part(from, max)},${part(min, to)}`);
}

function part(from: number, to: number): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

/**
 * Hands one checked item to the library. Items go one at a time, because the library refuses lists that name a value
 * twice (`0,7`, `1-5,3`) and lists of `n#k`, and drops days that the month beside them does not have.
 */
function readItem(name: FieldName, text: string): Item {
  const simple = simpleValues(name, text);
  if (simple !== null) return { values: simple, lastDay: false, lastWeekdays: [], nthWeekdays: [] };
  const fields = ['0', '*', '*', '*', '*', '*'];
  fields[RULES[name].position] = text;
  const parsed = CronExpressionParser.parse(fields.join(' ')).fields;
  const item: Item = { values: [], lastDay: false, lastWeekdays: [], nthWeekdays: [] };
  if (name === 'day-of-week') return readWeekdays(parsed.dayOfWeek.values, parsed.dayOfWeek.nthDay, item);
  const byName = {
    second: parsed.second,
    minute: parsed.minute,
    hour: parsed.hour,
    'day-of-month': parsed.dayOfMonth,
    month: parsed.month,
  };
  for (const value of byName[name].values) {
    if (typeof value === 'number') item.values.push(value);
    else item.lastDay = true;
  }
  return item;
}

/**
 * Reads a number or a star by itself, which most items are and which has one meaning. Returns null for any other item.
 */
function simpleValues(name: FieldName, text: string): number[] | null {
  const { min, max } = RULES[name];
  const isWeekday = name === 'day-of-week';
  if (/^\d+$/.test(text)) return [isWeekday ? Number(text) % 7 : Number(text)];
  if (text !== '*') return null;
  // 0 and 7 are the same day.
  return Array.from({ length: (isWeekday ? 6 : max) - min + 1 }, (_, i) => min + i);
}

function readWeekdays(values: readonly (number | string)[], nth: number, item: Item): Item {
  for (const value of values) {
    if (typeof value === 'string') item.lastWeekdays.push(Number.parseInt(value, 10) % 7);
    else if (nth > 0) item.nthWeekdays.push({ weekday: value % 7, nth });
    else item.values.push(value % 7);
  }
  return item;
}
