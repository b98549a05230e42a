import { RE2JS, RE2JSSyntaxException } from 're2js';
import { memoised } from '../../schedule/memo.ts';
import type { ExpectedOutput } from './spec.ts';

/** This many compiled expressions are kept. A pattern is at most 1,000 characters long. */
const PATTERNS_MAX = 1_000;

/**
 * Compiles a regular expression in RE2 syntax, which matches any output in linear time (docs/design.md §3.2). Answers
 * come from a bounded memo.
 * @throws Error that says what is wrong with the pattern
 */
export const compilePattern = memoised(PATTERNS_MAX, (pattern): RE2JS => RE2JS.compile(pattern));

/**
 * Maps the words of the library for a problem of a pattern to our own. The words of the library are never passed on,
 * because they quote the pattern.
 */
const PATTERN_PROBLEMS: Readonly<Record<string, string>> = {
  'invalid character class range': 'a range within [] ends before it begins, or is not known',
  'invalid escape sequence': 'a backslash stands before a character that it means nothing before',
  'invalid named capture': 'a group begins with (? and is none that RE2 knows',
  'invalid or unsupported Perl syntax':
    'a group begins with (? and is none that RE2 knows, such as one that looks ahead or behind',
  'invalid nested repetition operator': 'a repetition such as * stands behind another one',
  'invalid repeat count': 'a repetition {} has an invalid count; at most 1000 are allowed',
  'missing closing ]': 'a [ is not closed',
  'missing closing )': 'a ( is not closed',
  'missing argument to repetition operator': 'a repetition such as * has nothing before it',
  'trailing backslash at end of expression': 'it ends with a backslash',
  'duplicate capture group name': 'two groups have one name',
  'unexpected )': 'a ) closes nothing',
  'expression nests too deeply': 'it is nested too deeply',
  'expression too large': 'it is too large',
  'invalid capture in lookbehind': 'RE2 does not look behind',
};

/** Says why `compilePattern` threw, in words that quote nothing. Returns null where no more is known. */
export function patternProblem(error: unknown): string | null {
  if (!(error instanceof RE2JSSyntaxException)) return null;
  return PATTERN_PROBLEMS[error.getDescription()] ?? null;
}

/**
 * Says for people which expectation the output does not meet. Returns null when it meets all.
 * @param output the kept end of the output, empty for none
 */
export function outputMismatch(expected: ExpectedOutput, output: string): string | null {
  const missing = expected.contains.find((text) => !output.includes(text));
  if (missing !== undefined) return `the output does not contain ${quoted(missing)}`;
  const unwanted = expected.notContains.find((text) => output.includes(text));
  if (unwanted !== undefined) return `the output contains ${quoted(unwanted)}`;
  if (expected.matches !== null && !compilePattern(expected.matches).matcher(output).find()) {
    return `the output does not match ${quoted(expected.matches)}`;
  }
  return null;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
