/**
 * Finds the name that was most likely meant: it differs in at most a third of the word's letters. Returns undefined if
 * there is none.
 */
export function nearestByDistance(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(word.length / 3) + 1;
  const lower = word.toLowerCase();
  for (const name of names) {
    // The cheap test comes first, because a zone is looked for among hundreds.
    if (Math.abs(name.length - word.length) >= bestDistance) continue;
    const distance = distanceBetween(lower, name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/**
 * Tells whether two different words are one slip apart: a letter inserted, deleted or replaced, or two neighbours
 * swapped.
 */
export function isOneLetterAway(word: string, other: string): boolean {
  return Math.abs(word.length - other.length) <= 1 && distanceBetween(word, other) === 1;
}

/** Counts the letters to insert, delete, replace or swap with their neighbour to turn one word into the other. */
function distanceBetween(from: string, to: string): number {
  let twoAbove: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i += 1) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (above[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      const isSwapped = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j];
      const swapped = isSwapped ? (twoAbove[j - 1] ?? 0) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    twoAbove = above;
  }
  return row[to.length] ?? from.length;
}
