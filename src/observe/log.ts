import type { Clock } from '../clock.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Record<string, string | number | boolean | null | undefined>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * A logger of one line per event: `TIME LEVEL MESSAGE key=value ...`, read by people and split by machines, or a JSON
 * object. In the text, values are quoted when they hold anything that could be mistaken for another field or line.
 */
export function createLogger(
  clock: Clock,
  level: LogLevel,
  write: (line: string) => void,
  form: 'text' | 'json' = 'text',
): Logger {
  const line = form === 'json' ? jsonLine : textLine;
  const log =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
      write(`${visible(line(new Date(clock.now()).toISOString(), at, message, fields))}\n`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function textLine(at: string, level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${format(String(value))}`);
  return `${at} ${level.padEnd(5)} ${message}${pairs.join('')}`;
}

/** What is said stands first, and no field can take its place. */
function jsonLine(at: string, level: LogLevel, message: string, fields: LogFields): string {
  return JSON.stringify({ at, level, message, fields });
}

/** Controls, line and paragraph separators, and what is invisible or turns the direction of writing. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text in which nothing can move a cursor, begin another line or change how the rest of it reads: such characters stand
 * as their codes, as JSON writes them.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A logger that says nothing, for tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function format(value: string): string {
  return /^[\w.,:;/@+*%()[\]{}?&#~^$!|<>-]+$/.test(value) ? value : JSON.stringify(value);
}
