/**
 * Returns the index at which the command ends and its standard input begins: at the first `%` that no backslash
 * escapes, or at the end. A backslash before any other character, itself included, escapes that one.
 * @param written the text behind the time in a crontab
 * @param hasPercent false for a cron to which a `%` is a character like any other
 */
export function inputAt(written: string, hasPercent = true): number {
  if (!hasPercent) return written.length;
  for (let i = 0; i < written.length; i += 1) {
    if (written[i] === '\\') i += 1;
    else if (written[i] === '%') return i;
  }
  return written.length;
}

/**
 * Returns the command as Debian's cron gives it to the shell: `\%` has become `%`, `\\` has become `\`, and the
 * standard input is gone. cronie leaves `\\` alone, so this serves for reading a command, not for writing one.
 */
export function commandOf(written: string, hasPercent = true): string {
  if (!hasPercent) return written;
  return written.slice(0, inputAt(written)).replace(/\\([%\\])/g, '$1');
}

/** Tells whether a `%` cuts the command in two where a quote or a `$(` is open, so that it can never have run. */
export function isCutInTwo(written: string): boolean {
  const at = inputAt(written);
  if (at === written.length) return false;
  const open: string[] = [];
  for (let i = 0; i < at; i += 1) {
    const [character, top] = [written[i], open.at(-1)];
    // The rest is a comment, whose quotes open nothing.
    if (top === undefined && character === '#' && /^$|[\s;&|(]/.test(written[i - 1] ?? '')) return false;
    if (top === "'") {
      if (character === "'") open.pop();
    } else if (character === '\\') i += 1;
    else if (character === top) open.pop();
    else if (character === '"' || character === '`' || (character === "'" && top !== '"'))
      open.push(character);
    else if (character === '$' && written[i + 1] === '(') {
      open.push(')');
      i += 1;
    }
  }
  return open.length > 0;
}
