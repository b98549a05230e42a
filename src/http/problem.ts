import { CronflowError, ERROR_CODES, type ErrorCode, type Fault } from '../core/errors.ts';

/** An error on the wire (RFC 9457). */
export interface Problem {
  /** `urn:cronflow:error:CODE`: a name, not an address. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable; what a script should look at. */
  code: ErrorCode;
  /** Each thing that is wrong with the input. */
  errors?: readonly Fault[];
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The problem to answer with. Of an error that is not ours nothing is told: it may quote anything. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof CronflowError)) {
    return problem('internal', 'An unexpected error. The log of Cronflow says more.');
  }
  return problem(error.code, error.message, error.faults);
}

export function problem(code: ErrorCode, detail: string, faults: readonly Fault[] = []): Problem {
  const { status, title } = ERROR_CODES[code];
  const errors = faults.length === 0 ? {} : { errors: faults };
  return { type: `urn:cronflow:error:${code}`, title, status, detail, code, ...errors };
}
