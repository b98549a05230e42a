/**
 * Where the command ends and its standard input begins: at the first `%` that no backslash escapes, or at the
 * end. A backslash before any other character, itself included, escapes that one.
 * @param written what stands behind the time in a crontab
 */
export function inputAt(written: string): number {
  for (let i = 0; i < written.length; i += 1) {
    if (written[i] === '\\') i += 1;
    else if (written[i] === '%') return i;
  }
  return written.length;
}

/**
 * The command as Debian's cron gives it to the shell: `\%` has become `%`, `\\` has become `\`, and the standard
 * input is gone. cronie leaves `\\` alone, so this serves for reading a command, not for writing one.
 */
export function commandOf(written: string): string {
  return written.slice(0, inputAt(written)).replace(/\\([%\\])/g, '$1');
}
