/** Writes a count with its noun, such as `1 job` and `2 jobs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Joins the first words of a list and says how many more there are, such as `a, b and 3 more`. */
export function firstOf(words: readonly string[], max: number, separator = ', '): string {
  const more = words.length - max;
  return words.slice(0, max).join(separator) + (more > 0 ? ` and ${more} more` : '');
}
