import { compilePattern, patternProblem } from '../core/model/output.ts';
import { type Finding, shownValue } from './faults.ts';
import type { JobContext } from './job-context.ts';
import { pointer } from './yaml/tree.ts';

/**
 * Checks that the pattern of `expect.output` is a regular expression.
 * @param path JSON pointer of `expect`
 */
export function expectProblems(path: string, expect: unknown, context: JobContext): Finding[] {
  const pattern = (expect as { output?: { matches?: unknown } | null } | null | undefined)?.output?.matches;
  return patternProblems(pointer(pointer(path, 'output'), 'matches'), pattern, context);
}

/** Checks that the patterns of `redact` are regular expressions. */
export function redactProblems(patterns: unknown, context: JobContext): Finding[] {
  if (!Array.isArray(patterns)) return [];
  return patterns.flatMap((pattern: unknown, i) => patternProblems(pointer('/redact', i), pattern, context));
}

function patternProblems(path: string, pattern: unknown, { spots, broken }: JobContext): Finding[] {
  if (typeof pattern !== 'string' || broken.has(path)) return [];
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    const spot = spots.get(path);
    // The reason quotes the pattern, and the value of a variable must not be shown.
    const reason = spot?.variables === undefined ? patternProblem(error) : null;
    const why = reason === null ? '' : ` (${reason})`;
    const message = `${shownValue(pattern, spot)} is not a regular expression in RE2 syntax${why}`;
    return [{ code: 'bad_pattern', path, message }];
  }
}
