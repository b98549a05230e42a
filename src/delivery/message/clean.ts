/**
 * Cleans text that came from outside, such as the output of a job or the name of its host. Nothing in such text may
 * change how the message around it reads.
 */

// Matches terminal control sequences: colours, cursor movements, window titles. A sequence that never ends hides no
// more than its own line.
const TERMINAL_SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]{0,200}(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// Matches control characters but tab and line feed, invisible characters, and characters that turn the direction of
// writing.
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/**
 * Returns text as it would stand on a terminal: no control sequences, no control, invisible or direction-changing
 * characters, no lone surrogates. Of a line that was overwritten (`\r`) only the last version remains.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(TERMINAL_SEQUENCES, '')
    .replace(/(?<!\r)\r+\n/g, '\n')
    .replace(/^.*\r(?=[^\n])/gm, '')
    .replace(INVISIBLE, '');
}

/**
 * Cleans text as `cleanText` does and puts it on one line, with single spaces, of at most `lengthMax` UTF-16 units.
 */
export function cleanLine(text: string, lengthMax: number): string {
  return shorten(cleanText(text).replace(/\s+/g, ' ').trim(), lengthMax);
}

/**
 * Returns the text, or its beginning and an ellipsis: at most `lengthMax` UTF-16 units, with no character cut in two.
 */
export function shorten(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Returns the last `countMax` lines of a text, cleaned, without empty lines at either end, each cut to `lengthMax`.
 */
export function lastLines(text: string, countMax: number, lengthMax: number): string[] {
  const lines = cleanText(text)
    .split('\n')
    .map((line) => shorten(line.trimEnd(), lengthMax));
  while (lines.at(-1) === '') lines.pop();
  const last = lines.slice(-countMax);
  while (last[0] === '') last.shift();
  return last;
}

/**
 * Returns the first lines of a text, cleaned: at most `countMax` lines of at most `lengthMax` each and `totalMax` in
 * all.
 */
export function firstLines(text: string, countMax: number, lengthMax: number, totalMax: number): string[] {
  const first: string[] = [];
  let total = 0;
  for (const line of lastLines(text, Infinity, lengthMax).slice(0, countMax)) {
    total += line.length + 1;
    if (total > totalMax) break;
    first.push(line);
  }
  return first;
}
