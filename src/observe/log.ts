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
 * Makes a logger that writes one line for each event: `TIME LEVEL MESSAGE key=value ...`, which people read and
 * machines split, or a JSON object. In text, a value is quoted when it holds anything that could be mistaken for
 * another field or line.
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
      write(`${escapedForLog(line(new Date(clock.now()).toISOString(), at, message, fields))}\n`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function textLine(at: string, level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${format(String(value))}`);
  return `${at} ${level.padEnd(5)} ${message}${pairs.join('')}`;
}

/**
 * Writes an event as JSON. The fields have an object of their own, so that none can take the place of the message.
 */
function jsonLine(at: string, level: LogLevel, message: string, fields: LogFields): string {
  return JSON.stringify({ at, level, message, fields });
}

/**
 * Matches controls, line and paragraph separators, and characters that are invisible or turn the direction of
 * writing.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Returns text in which nothing can move a cursor, begin another line or change how the rest of it reads. Such
 * characters are replaced by their codes, as JSON writes them.
 */
export function escapedForLog(text: string): string {
  return text.replace(HIDDEN, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function format(value: string): string {
  return /^[\w.,:;/@+*%()[\]{}?&#~^$!|<>-]+$/.test(value) ? value : JSON.stringify(value);
}
