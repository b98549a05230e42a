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
 * A logger of one line per event, `TIME LEVEL MESSAGE key=value ...`: read by people, split by machines.
 * Values are quoted when they hold anything that could be mistaken for another field or line.
 */
export function createLogger(clock: Clock, level: LogLevel, write: (line: string) => void): Logger {
  const log =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
      const pairs = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => ` ${key}=${format(String(value))}`);
      write(`${new Date(clock.now()).toISOString()} ${at.padEnd(5)} ${message}${pairs.join('')}\n`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

/** A logger that says nothing, for tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function format(value: string): string {
  return /^[\w.,:;/@+*%()[\]{}?&#~^$!|<>-]+$/.test(value) ? value : JSON.stringify(value);
}
