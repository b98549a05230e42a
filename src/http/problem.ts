import { CronflowError, ERROR_CODES, type ErrorCode, type Fault } from '../core/model/errors.ts';

/** An error as an answer holds it (RFC 9457). */
export interface Problem {
  /** `urn:cronflow:error:CODE`, which is a name and no address. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The code that scripts should look at; it is stable. */
  code: ErrorCode;
  /** The faults of the input. */
  errors?: readonly Fault[];
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/**
 * Returns the problem to answer with. An error that is not ours is not described, because its message may quote
 * anything.
 */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof CronflowError)) {
    return problem('internal', 'An unexpected error. The log of Cronflow says more.');
  }
  return problem(error.code, error.message, error.faults);
}

export function problem(code: ErrorCode, detail: string, faults: readonly Fault[] = []): Problem {
  const { status, title } = ERROR_CODES[code];
  const errors = faults.length === 0 ? {} : { errors: someFaults(faults) };
  return { type: `urn:cronflow:error:${code}`, title, status, detail: shortened(detail), code, ...errors };
}

/** The most faults that one answer names, because a body of a few kilobytes can hold thousands. */
const FAULTS_MAX = 100;
const DETAIL_LENGTH_MAX = 32_768;

/** Returns the faults that an answer names, and one more that counts the others. */
export function someFaults(faults: readonly Fault[]): readonly Fault[] {
  if (faults.length <= FAULTS_MAX) return faults;
  const message = `and ${faults.length - FAULTS_MAX} more`;
  return [...faults.slice(0, FAULTS_MAX), { code: 'more', path: '', message }];
}

/** Shortens a text to a length that people read, in whole lines, and says how much is left out. */
export function shortened(text: string): string {
  if (text.length <= DETAIL_LENGTH_MAX) return text;
  const end = text.lastIndexOf('\n', DETAIL_LENGTH_MAX);
  const kept = text.slice(0, end === -1 ? DETAIL_LENGTH_MAX : end).toWellFormed();
  return `${kept}\nand ${text.length - kept.length} more characters`;
}
