import { CronflowError, type Fault } from '../../core/model/errors.ts';
import { isDuration, parseDuration } from '../../schedule/duration.ts';
import { INSTANT_ALLOWED, parseInstant } from '../../schedule/instant.ts';
import { nearest } from '../../core/text/nearest.ts';
import { type CursorOf, type CursorPlace, readCursor } from './cursor.ts';
import type { HttpLimits } from '../limits.ts';

/** No place of any list needs a longer text. */
const CURSOR_LENGTH_MAX = 1_024;
/** Refuses what is looked for with a character that no store keeps in a name. */
const HAS_ZERO = 'has the character \\u0000, which nothing here has';

export interface PageQuery {
  skip: number;
  limit: number;
}

/**
 * Reads the query of a list. Unlike that of a ping it is judged, because a filter that is silently ignored shows
 * people jobs that they did not ask for. Faults are collected, and `done()` throws them together.
 */
export class Query {
  readonly #search: URLSearchParams;
  readonly #limits: HttpLimits;
  readonly #faults: Fault[] = [];

  constructor(query: string, limits: HttpLimits) {
    this.#search = new URLSearchParams(query);
    this.#limits = limits;
  }

  page(): PageQuery {
    return {
      skip: this.#integer('skip', 0, Number.MAX_SAFE_INTEGER, 0),
      limit: this.limit(),
    };
  }

  /** Reads the size of a page of a list that is read by cursor alone. */
  limit(max: number = this.#limits.pageItemsMax, otherwise: number = this.#limits.pageItemsDefault): number {
    return this.#integer('limit', 1, max, otherwise);
  }

  /** Reads the place after which a page begins; undefined for the first page. */
  cursor<Of extends CursorOf>(of: Of): CursorPlace<Of> | undefined {
    const value = this.#search.get('cursor') ?? '';
    if (value === '') return undefined;
    const place = value.length > CURSOR_LENGTH_MAX ? undefined : readCursor(of, value);
    if (place === undefined)
      this.refuse('cursor', `${quote(value)} is no cursor of this list; take the one of the Link header`);
    else if ((this.#search.get('skip') ?? '') !== '')
      this.refuse('skip', 'does not go together with a cursor');
    return place;
  }

  /** Tells whether a value is given, be it empty. */
  has(key: string): boolean {
    return this.#search.has(key);
  }

  /** Reads one of a closed set of words; undefined when absent or empty. */
  word<T extends string>(key: string, words: readonly T[]): T | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const known = words.find((word) => word === value);
    if (known === undefined) {
      const suggestion = nearest(value, words);
      this.refuse(key, `${quote(value)} is not one of ${words.join(', ')}`, suggestion);
    }
    return known;
  }

  /** Reads any text; undefined when absent or empty, as a form sends a field that nobody filled in. */
  text(key: string): string | undefined {
    const value = this.#search.get(key) ?? '';
    if (value.length > this.#limits.filterLengthMax) {
      this.refuse(key, `is longer than the ${this.#limits.filterLengthMax} characters allowed`);
      return undefined;
    }
    if (value.includes('\0')) {
      this.refuse(key, HAS_ZERO);
      return undefined;
    }
    return value === '' ? undefined : value;
  }

  /** Reads a value that may be given several times, each at most once; empty ones do not count. */
  texts(key: string, countMax: number): string[] {
    const values = new Set(this.#search.getAll(key).filter((value) => value !== ''));
    if (values.size > countMax)
      this.refuse(key, `is given ${values.size} times, and ${countMax} are allowed`);
    const isLong = [...values].some((value) => value.length > this.#limits.filterLengthMax);
    if (isLong) this.refuse(key, `is longer than the ${this.#limits.filterLengthMax} characters allowed`);
    if ([...values].some((value) => value.includes('\0'))) this.refuse(key, HAS_ZERO);
    return [...values];
  }

  /**
   * Reads an instant, or how long ago it was, such as `24h`; undefined when absent or empty.
   * @param direction `ahead` where a duration means how far ahead the instant is
   */
  instant(key: string, nowAt: number, direction: 'ago' | 'ahead' = 'ago'): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const sign = direction === 'ago' ? -1 : 1;
    // The plus of an offset is a space in a query, unless its sender encodes it.
    const at = isDuration(value)
      ? nowAt + sign * parseDuration(value)
      : parseInstant(value.replace(' ', '+'));
    if (at === undefined)
      this.refuse(
        key,
        `${quote(value)} is neither an instant, ${INSTANT_ALLOWED}, nor a time ${direction} such as 24h`,
      );
    return at;
  }

  /** Reads a duration, also of no length; undefined when absent or empty. */
  duration(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (value === '0' || value === '0s') return 0;
    if (isDuration(value)) return parseDuration(value);
    this.refuse(key, `${quote(value)} is not a duration such as 90s, 15m or 1h`);
    return undefined;
  }

  /** Notes that a value is not allowed. */
  refuse(path: string, message: string, suggestion?: string): void {
    this.#faults.push({
      code: 'invalid_value',
      path,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /**
   * Ends the reading.
   * @throws CronflowError `invalid` with everything that was wrong
   */
  done(): void {
    if (this.#faults.length === 0) return;
    throw new CronflowError('invalid', 'The query has values that are not allowed.', {
      faults: this.#faults,
    });
  }

  #integer(key: string, min: number, max: number, otherwise: number): number {
    const value = this.text(key);
    if (value === undefined) return otherwise;
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    const allowed = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    this.refuse(key, `${quote(value)} is not a whole number ${allowed}`);
    return otherwise;
  }
}

/** Returns the parts of a filter that were asked for. One that is undefined does not select. */
export function asked<T extends object>(filter: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function quote(value: string): string {
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}...` : value);
}
