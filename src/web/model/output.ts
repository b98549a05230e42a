/** What a job printed, as text that is safe and pleasant to read. */

// Matches what a terminal takes for an order, such as a colour or a window title. One that never ends hides no more than
// its own line.
const ESCAPES =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]{0,200}(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// Matches characters that nobody can see, but tab and line feed, and those that turn the direction of writing.
const UNSEEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Takes out of a text what only a terminal understands. Of a line that was drawn over, the last version stays. */
export function plainText(output: string): string {
  return output
    .replaceAll(ESCAPES, '')
    .replaceAll(/\r+\n/g, '\n')
    .replaceAll(/^.*\r(?=[^\n])/gm, '')
    .replaceAll(UNSEEN, '');
}

/** Returns the last lines that say something. */
export function lastLines(output: string, count: number): string[] {
  const lines = plainText(output)
    .split('\n')
    .map((line) => line.trimEnd());
  return lines.filter((line) => line !== '').slice(-count);
}
