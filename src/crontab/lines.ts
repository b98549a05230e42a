import { type Dialect, DIALECTS } from './crons.ts';
import { userDoubt, userProblem } from './users.ts';

/** What cron makes of a line of a crontab. */
export type CrontabLine =
  | { kind: 'blank'; text: string }
  /** `comment` is what stands behind the `#`. */
  | { kind: 'comment'; text: string; comment: string }
  | { kind: 'environment'; text: string; name: string; value: string }
  | Entry
  /** Cron would refuse it; `problem` says what is wrong and what is allowed. */
  | { kind: 'broken'; text: string; problem: string };

/** A line that says when a command runs. */
export interface Entry {
  kind: 'entry';
  text: string;
  /** Five fields with single blanks between them, or a macro such as `@daily`, as they are written; or six, with
   * seconds first. Empty where `every` says it. */
  schedule: string;
  /** Of `@every 5m`. */
  every?: string;
  /** Who runs it, in a system crontab. */
  user?: string;
  /** Where the command begins in `text`; it goes to the end of the line. */
  commandAt: number;
  /** Why it is not certain that this is a job with this command. It is better not rewritten then. */
  doubt?: string;
}

/** Something to know about a line that is imported or holds for others. */
export interface Note {
  /** 1-based. */
  line: number;
  /** One sentence without the place. */
  message: string;
}

const COMMENT = /^[ \t]*#(.*)$/s;
/** cron takes a name up to the first blank or `=`, or between quotes. */
const SETTING = /^\s*(?:"([^"=]*)"|'([^'=]*)'|([^\s"'=][^\s=]*))\s*=\s*(.*)$/s;
const MACRO = /^[ \t]*-?(@[^ \t]+)(?:[ \t]+|$)/;
const EVERY = /^[ \t]*-?@every[ \t]+([^ \t]+)(?:[ \t]+|$)/;
/** `-` before the time is cronie's: the run is not logged. */
const FIELDS = /^[ \t]*(?:-(?=[\d*]))?((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+|$)/;
/** Seconds, the five fields, and a year. */
const SEVEN_FIELDS = /^[ \t]*((?:[\d*?][^ \t]*[ \t]+){6}[\d*?][^ \t]*)(?:[ \t]+|$)/;
const USER = /^([^ \t]+)(?:[ \t]+|$)/;
/** A field of a time where a command should stand. */
const FIELD = /^(?:\?|[*\d][\d*,/-]*)$/;

/**
 * Reads a crontab line by line, as Debian's cron does: no continuation lines, comments only on lines of their own.
 * Joined with line feeds, the texts are the crontab again.
 * @param system whether a user's name stands before each command, as in /etc/crontab
 */
export function readLines(crontab: string, system: boolean, dialect = DIALECTS.any): CrontabLine[] {
  return crontab.split('\n').map((text) => readLine(text, system, dialect));
}

/** Reads one line. */
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

/** Undefined where a quote is opened and not closed at the end: then cron takes the line for no setting. */
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

/** The time at the start of a line, and how much of the line it takes. */
function timeOf(
  text: string,
  { hasSeconds }: Dialect,
): { schedule: string; every?: string; length: number } | null {
  const interval = EVERY.exec(text);
  if (interval !== null) return { schedule: '', every: interval[1] ?? '', length: interval[0].length };
  const seven = hasSeconds ? SEVEN_FIELDS.exec(text) : null;
  if (seven !== null) {
    const fields = (seven[1] ?? '').split(/[ \t]+/);
    // Of a year other than any, no schedule of ours can tell.
    const isAnyYear = /^[*?]$/.test(fields[6] ?? '');
    return { schedule: fields.slice(0, isAnyYear ? 6 : 7).join(' '), length: seven[0].length };
  }
  const when = MACRO.exec(text) ?? FIELDS.exec(text);
  return when === null
    ? null
    : { schedule: (when[1] ?? '').split(/[ \t]+/).join(' '), length: when[0].length };
}

/** Options such as `-n -q`, which stand between the time and the command on BSD. */
function flagsLength(rest: string, { flags }: Dialect): number {
  return flags === '' ? 0 : (new RegExp(`^(?:-[${flags}]+[ \\t]+)+`).exec(rest)?.[0].length ?? 0);
}

/** What no command begins with, so that something else than a command is meant. */
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
