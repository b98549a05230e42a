import { compilePattern } from '../core/output.ts';
import { type Problem, shownValue } from './faults.ts';
import type { JobContext } from './job-context.ts';
import { pointer } from './tree.ts';

/**
 * Whether the pattern of `expect.output` can be read.
 * @param path JSON pointer of `expect`
 */
export function expectProblems(path: string, expect: unknown, context: JobContext): Problem[] {
  const pattern = (expect as { output?: { matches?: unknown } | null } | null | undefined)?.output?.matches;
  const at = pointer(pointer(path, 'output'), 'matches');
  if (typeof pattern !== 'string' || context.broken.has(at)) return [];
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    const spot = context.spots.get(at);
    // The library quotes the pattern, which may come from a secret.
    const why = spot?.variables === undefined && error instanceof Error ? ` (${error.message})` : '';
    const message = `${shownValue(pattern, spot)} is not a regular expression in RE2 syntax${why}`;
    return [{ code: 'bad_pattern', path: at, message }];
  }
}
