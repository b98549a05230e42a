import { maskUrls } from './mask.ts';

/** A plain JSON value as it was read, and where each part of it stands. */
export interface Tree {
  value: unknown;
  /** By JSON pointer. */
  spots: ReadonlyMap<string, Spot>;
}

/** Where a value stands in its text, as offsets. */
export interface Spot {
  /** Of the value. */
  at: number;
  /** Of its key, for values of a mapping. */
  keyAt?: number;
  /** The variables that went into it: its value is not shown, it may be a secret. */
  variables?: readonly string[];
  /** It comes from an environment of which nothing is known: it stands in for any value, and is not judged. */
  isUnknown?: boolean;
  /** It is what holds where a variable is not set, and nothing is known of the environment: it may be another. */
  isByDefault?: boolean;
  /** Knows which values are or may be secret, by where they stand. */
  secrets?: { isAt(offset: number): boolean };
  /** The text as it is written, where it holds a `$`. */
  raw?: string;
}

/** One more step of a JSON pointer (RFC 6901). */
export function pointer(parent: string, step: string | number): string {
  const text = String(step);
  const escaped = /[~/]/.test(text) ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text;
  return `${parent}/${escaped}`;
}

/** The steps of a JSON pointer. */
export function steps(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A JSON pointer as people read it: `jobs.backup.tags[0]`. Steps with dots or spaces are quoted. */
export function dotted(path: string): string {
  return steps(path)
    .map((step) => {
      if (/^\d+$/.test(step)) return `[${step}]`;
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(shortened(step))}]`;
    })
    .join('')
    .replace(/^\./, '');
}

function shortened(text: string): string {
  const shown = maskUrls(text);
  return shown.length > 64 ? `${shown.slice(0, 64)}...` : shown;
}
