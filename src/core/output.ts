import { RE2JS } from 're2js';
import type { ExpectedOutput } from './spec.ts';

/** Compiled expressions; a pattern is at most 1,000 characters long. */
const PATTERNS_MAX = 1_000;
const patterns = new Map<string, RE2JS>();

/**
 * Compiles a regular expression in RE2 syntax, which matches in linear time whatever the output (DESIGN.md
 * §3.2). Answers from a bounded memo.
 * @throws Error that says what is wrong with the pattern
 */
export function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  if (patterns.size >= PATTERNS_MAX) patterns.clear();
  patterns.set(pattern, compiled);
  return compiled;
}

/**
 * What of the expected output is not so, for people; null when all is.
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
