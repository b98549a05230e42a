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
  /** Five fields with single blanks between them, or a macro such as `@daily`, as they are written. */
  schedule: string;
  /** Who runs it, in a system crontab. */
  user?: string;
  /** Where the command begins in `text`; it goes to the end of the line. */
  commandAt: number;
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
const MACRO = /^[ \t]*(@[^ \t]+)(?:[ \t]+|$)/;
/** `-` before the minute is cronie's: the run is not logged. */
const FIELDS = /^[ \t]*(?:-(?=[\d*]))?((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+|$)/;
const USER = /^([^ \t]+)(?:[ \t]+|$)/;

/**
 * Reads a crontab line by line, as Debian's cron does: no continuation lines, comments only on lines of their own.
 * Joined with line feeds, the texts are the crontab again.
 * @param system whether a user's name stands before each command, as in /etc/crontab
 */
export function readLines(crontab: string, system: boolean): CrontabLine[] {
  return crontab.split('\n').map((text) => readLine(text, system));
}

/** Reads one line. */
export function readLine(text: string, system: boolean): CrontabLine {
  if (text.trim() === '') return { kind: 'blank', text };
  const comment = COMMENT.exec(text)?.[1];
  if (comment !== undefined) return { kind: 'comment', text, comment };
  return readSetting(text) ?? readEntry(text, system);
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

function readEntry(text: string, system: boolean): CrontabLine {
  const broken = (problem: string): CrontabLine => ({ kind: 'broken', text, problem });
  const when = MACRO.exec(text) ?? FIELDS.exec(text);
  if (when === null) {
    return broken(
      'neither NAME=value nor a time and a command; a time is 5 fields or a macro such as @daily',
    );
  }
  const schedule = (when[1] ?? '').split(/[ \t]+/).join(' ');
  const user = system ? USER.exec(text.slice(when[0].length)) : null;
  if (system && user === null) return broken('the user and the command are missing after the time');
  const commandAt = when[0].length + (user?.[0].length ?? 0);
  if (text.slice(commandAt).trim() === '') {
    const before = system ? 'user' : 'time';
    return broken(`the command is missing after the ${before}`);
  }
  return { kind: 'entry', text, schedule, ...(user === null ? {} : { user: user[1] ?? '' }), commandAt };
}
