import { CronflowError, ERROR_CODES, type ErrorCode, type Fault } from '../../core/model/errors.ts';

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

/** The time after which a client should try again when its request could not be stored. */
const RETRY_AFTER_S = 5;

/** An answer that says why a request failed. */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Returns the answer to a request that failed with an error. */
export function problemAnswer(error: unknown): ProblemAnswer {
  const told = problemOf(error);
  const { status } = told;
  const headers: Record<string, string> = { 'Content-Type': PROBLEM_TYPE };
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="cronflow"';
  if (status === 503) headers['Retry-After'] = String(RETRY_AFTER_S);
  // Node reads the rest of any other body and throws it away. The rest of this one is too slow to wait for.
  if (status === 408) headers['Connection'] = 'close';
  return { status, headers, body: JSON.stringify(told) };
}

/** The most faults that one answer names, because a body of a few kilobytes can hold thousands. */
const FAULTS_MAX = 100;
const DETAIL_LENGTH_MAX = 32_768;

/** Returns the faults that an answer names, and one more that counts the others. */
export function someFaults(faults: readonly Fault[], countMax = FAULTS_MAX): readonly Fault[] {
  if (faults.length <= countMax) return faults;
  const message = `and ${faults.length - countMax} more`;
  return [...faults.slice(0, countMax), { code: 'more', path: '', message }];
}

/** Shortens a text to a length that people read, in whole lines, and says how much is left out. */
export function shortened(text: string): string {
  if (text.length <= DETAIL_LENGTH_MAX) return text;
  const end = text.lastIndexOf('\n', DETAIL_LENGTH_MAX);
  const kept = text.slice(0, end === -1 ? DETAIL_LENGTH_MAX : end).toWellFormed();
  return `${kept}\nand ${text.length - kept.length} more characters`;
}
