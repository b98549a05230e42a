/** A code point that is no character, so that no name, id or other text that is looked for has it. */
const IN_NO_TEXT = '\u{10ffff}';

/**
 * Returns what the database is asked for where something of a name is looked for. It refuses the character zero, which
 * nothing that it holds has. So what has that character in its name is looked for as something that is not there.
 */
export function sought(text: string): string {
  return text.replaceAll('\0', IN_NO_TEXT);
}

/** Does the same for several names. */
export function soughtAll(texts: Iterable<string>): string[] {
  return Array.from(texts, sought);
}
