import { LINTS } from '../core/model/errors.ts';
import { nearest } from '../core/text/nearest.ts';

/**
 * Returns the names of lints in these words.
 * @throws Error for a word that is the name of no lint
 */
export function lintNames(words: readonly string[]): string[] {
  const names = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  for (const name of names) {
    if (LINTS.some((each) => each === name)) continue;
    const meant = nearest(name, LINTS);
    const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
    throw new Error(`--allow "${name}" is no lint${hint} (allowed: ${LINTS.join(', ')})`);
  }
  return names;
}
