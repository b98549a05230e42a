import { maskUrls } from '../secrets/mask.ts';

/** A plain JSON value as it was read, with the place of each of its parts. */
export interface Tree {
  value: unknown;
  /** The spots by JSON pointer. */
  spots: ReadonlyMap<string, Spot>;
}

/** The place of a value in its text, as offsets. */
export interface Spot {
  /** Offset of the value. */
  at: number;
  /** Offset of its key, where it is part of a mapping. */
  keyAt?: number;
  /** The variables whose values are part of it. The value is not shown, because it may be a secret. */
  variables?: readonly string[];
  /**
   * Set where the value depends on an environment of which nothing is known. The value stands in for any other and is
   * not judged.
   */
  isUnknown?: boolean;
  /** Set where nothing is known of the environment. The value holds defaults of variables, so it may be another. */
  isByDefault?: boolean;
  /** Knows by their places which values are or may be secret. */
  secrets?: { isAt(offset: number): boolean };
  /** The text as it is written, where it holds a `$`. */
  raw?: string;
}

/** Adds a step to a JSON pointer (RFC 6901). */
export function pointer(parent: string, step: string | number): string {
  const text = String(step);
  const escaped = /[~/]/.test(text) ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text;
  return `${parent}/${escaped}`;
}

/** Returns the steps of a JSON pointer. */
export function steps(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Turns a JSON pointer into the path that people read: `jobs.backup.tags[0]`. Steps with dots or spaces are quoted.
 */
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
