import { nearestByDistance } from '../../schedule/near.ts';

/** Longer words are not compared, because the cost is the product of the lengths. */
const LENGTH_MAX = 64;

/**
 * Finds the known word that was most likely meant, or undefined when none is near. That is the same word in another
 * spelling (`maxRuntime`, `max-runtime`), else the one word that begins with it (`fail`), else a word that differs in
 * at most a third of its letters.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > LENGTH_MAX) return undefined;
  const others = known.filter((candidate) => candidate !== word && candidate.length <= LENGTH_MAX);
  const same = others.find((candidate) => plainSpelling(candidate) === plainSpelling(word));
  if (same !== undefined) return same;
  const longer = word.length < 3 ? [] : others.filter((candidate) => candidate.startsWith(word));
  return longer.length === 1 ? longer[0] : nearestByDistance(word, others);
}

/** Returns a word without what people spell in several ways: capitals, hyphens, underscores, dots and spaces. */
export function plainSpelling(word: string): string {
  return word.replaceAll(/[-_. ]/g, '').toLowerCase();
}
