import { type Dialect, DIALECTS } from './crons.ts';
import { userDoubt, userProblem } from './users.ts';

/** A line of a crontab as cron reads it. */
export type CrontabLine =
  | { kind: 'blank'; text: string }
  /** `comment` is the text behind the `#`. */
  | { kind: 'comment'; text: string; comment: string }
  | { kind: 'environment'; text: string; name: string; value: string }
  | Entry
  /** Cron would refuse it; `problem` says what is wrong and what is allowed. */
  | { kind: 'broken'; text: string; problem: string };

/** A line that says when a command runs. */
export interface Entry {
  kind: 'entry';
  text: string;
  /**
   * Five fields with single blanks between them, or a macro such as `@daily`, as they are written; or six fields,
   * with seconds first. Empty where `every` is set.
   */
  schedule: string;
  /** The interval of `@every 5m`. */
  every?: string;
  /** The user who runs it, in a system crontab. */
  user?: string;
  /** The index in `text` at which the command begins; it goes to the end of the line. */
  commandAt: number;
  /** The reason why it is not certain that this is a job with this command. Such a line is better not rewritten. */
  doubt?: string;
}

/** A remark on a line that is imported or that affects others. */
export interface Note {
  /** The number of the line, 1-based. */
  line: number;
  /** One sentence without the place. */
  message: string;
}

const COMMENT = /^[ \t]*#(.*)$/s;
/** Matches a setting. cron takes a name up to the first blank or `=`, or between quotes. */
const SETTING = /^\s*(?:"([^"=]*)"|'([^'=]*)'|([^\s"'=][^\s=]*))\s*=\s*(.*)$/s;
const MACRO = /^[ \t]*-?(@[^ \t]+)(?:[ \t]+|$)/;
const EVERY = /^[ \t]*-?@every[ \t]+([^ \t]+)(?:[ \t]+|$)/;
/** Matches five fields. A `-` before them is cronie's and keeps the run out of its log. */
const FIELDS = /^[ \t]*(?:-(?=[\d*]))?((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+|$)/;
/** Matches seconds, the five fields, and a year. */
const SEVEN_FIELDS = /^[ \t]*((?:[\d*?][^ \t]*[ \t]+){6}[\d*?][^ \t]*)(?:[ \t]+|$)/;
const USER = /^([^ \t]+)(?:[ \t]+|$)/;
/** Matches a field of a time that stands where the command should. */
const FIELD = /^(?:\?|[*\d][\d*,/-]*)$/;

/**
 * Reads a crontab line by line, as Debian's cron does: no continuation lines, comments only on lines of their own.
 * Joined with line feeds, the texts are the crontab again.
 * @param system true if a user's name stands before each command, as in /etc/crontab
 */
export function readLines(crontab: string, system: boolean, dialect = DIALECTS.any): CrontabLine[] {
  return crontab.split('\n').map((text) => readLine(text, system, dialect));
}

export function readLine(text: string, system: boolean, dialect = DIALECTS.any): CrontabLine {
  if (text.trim() === '') return { kind: 'blank', text };
  const comment = COMMENT.exec(text)?.[1];
  if (comment !== undefined) return { kind: 'comment', text, comment };
  return readSetting(text) ?? readEntry(text, system, dialect);
}

function readSetting(text: string): CrontabLine | undefined {
  const match = SETTING.exec(text);
  if (match === null) return undefined;
  const [, double, single, plain, rest = ''] = match;
  const value = unquote(rest.trimEnd());
  return value === undefined
    ? undefined
    : { kind: 'environment', text, name: double ?? single ?? plain ?? '', value };
}

/**
 * Removes quotes around a value. Returns undefined where a quote is not closed at the end, because then cron takes
 * the line for no setting.
 */
function unquote(value: string): string | undefined {
  const quote = value[0];
  if (quote !== '"' && quote !== "'") return value;
  return value.indexOf(quote, 1) === value.length - 1 && value.length > 1 ? value.slice(1, -1) : undefined;
}

function readEntry(text: string, system: boolean, dialect: Dialect): CrontabLine {
  const broken = (problem: string): CrontabLine => ({ kind: 'broken', text, problem });
  const when = timeOf(text, dialect);
  if (when === null) {
    return broken(
      'neither NAME=value nor a time and a command; a time is 5 fields or a macro such as @daily',
    );
  }
  if (!dialect.hasDash && /^[ \t]*-/.test(text)) {
    return broken(
      `${dialect.name} understands no dash before the time, and ignores the whole crontab for it`,
    );
  }
  const user = system ? USER.exec(text.slice(when.length)) : null;
  if (system && user === null) return broken('the user and the command are missing after the time');
  const wrongUser = user === null ? undefined : userProblem(user[1] ?? '', dialect);
  if (wrongUser !== undefined) return broken(wrongUser);
  const flagsAt = when.length + (user?.[0].length ?? 0);
  const commandAt = flagsAt + flagsLength(text.slice(flagsAt), dialect);
  const command = text.slice(commandAt);
  if (command.trim() === '') {
    const before = system ? 'user' : 'time';
    return broken(`the command is missing after the ${before}`);
  }
  const problem = commandProblem(command, dialect);
  if (problem !== undefined) return broken(problem);
  const { schedule, every } = when;
  const doubt = system ? undefined : userDoubt(command);
  return {
    kind: 'entry',
    text,
    schedule,
    ...(every === undefined ? {} : { every }),
    ...(user === null ? {} : { user: user[1] ?? '' }),
    commandAt,
    ...(doubt === undefined ? {} : { doubt }),
  };
}

/** Returns the time at the start of a line, and how much of the line it takes. */
function timeOf(
  text: string,
  { hasSeconds }: Dialect,
): { schedule: string; every?: string; length: number } | null {
  const interval = EVERY.exec(text);
  if (interval !== null) return { schedule: '', every: interval[1] ?? '', length: interval[0].length };
  const seven = hasSeconds ? SEVEN_FIELDS.exec(text) : null;
  if (seven !== null) {
    const fields = (seven[1] ?? '').split(/[ \t]+/);
    // A schedule of ours cannot name a year, so only a field for any year is dropped.
    const isAnyYear = /^[*?]$/.test(fields[6] ?? '');
    return { schedule: fields.slice(0, isAnyYear ? 6 : 7).join(' '), length: seven[0].length };
  }
  const when = MACRO.exec(text) ?? FIELDS.exec(text);
  return when === null
    ? null
    : { schedule: (when[1] ?? '').split(/[ \t]+/).join(' '), length: when[0].length };
}

/** Returns the length of options such as `-n -q`, which stand between the time and the command on BSD. */
function flagsLength(rest: string, { flags }: Dialect): number {
  return flags === '' ? 0 : (new RegExp(`^(?:-[${flags}]+[ \\t]+)+`).exec(rest)?.[0].length ?? 0);
}

/** Tells of a command that begins as no command does, so that something else must be meant. */
function commandProblem(command: string, { name, hasSeconds }: Dialect): string | undefined {
  const [first = ''] = command.trim().split(/[ \t]+/);
  if (FIELD.test(first)) {
    const other = hasSeconds
      ? 'with six fields some take the first for seconds and some the last for a year: write five, or seven'
      : 'if the time has seconds or a year, as supercronic takes them, say --cron supercronic';
    return `behind the five fields of the time stands ${JSON.stringify(first)}, which is no command; ${other}`;
  }
  if (!first.startsWith('-')) return undefined;
  return `behind the time stands ${JSON.stringify(first)}, which ${name} takes for the command; options are known to the crons of BSD: --cron freebsd or openbsd`;
}
