/** A narrower terminal is treated as one of this width. */
const COLUMNS_MIN = 40;

/**
 * Folds a help text or a report for a terminal of this many columns; the text beside an option stays beside it. Texts
 * are written for 120 columns. They stay as they are where there are that many, or no terminal.
 */
export function folded(text: string, columns: number | undefined): string {
  const lines = text.split('\n');
  if (columns === undefined || lines.every((line) => line.length <= columns)) return text;
  return paragraphsOf(lines)
    .flatMap((paragraph) => foldedParagraph(paragraph, Math.max(columns, COLUMNS_MIN)))
    .join('\n');
}

interface Paragraph {
  /** The text before the words: an option and its blanks, or blanks alone. */
  start: string;
  words: string[];
}

/**
 * Splits lines into paragraphs. A line that begins below the text beside an option continues that text, and prose
 * continues at its own margin.
 */
function paragraphsOf(lines: readonly string[]): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  for (const line of lines) {
    const [, start = '', rest = ''] = /^(\s*\S+(?: \S+)*?\s{2,}|\s*)(.*)$/.exec(line) ?? [];
    const last = paragraphs.at(-1);
    const goesOn = last !== undefined && last.words.length > 0 && start.trim() === '' && rest !== '';
    if (goesOn && start.length === last.start.length && !isListed(last, rest))
      last.words.push(...rest.split(' '));
    else paragraphs.push({ start, words: rest === '' ? [] : rest.split(' ') });
  }
  return paragraphs;
}

/** Tells whether a line at the margin begins a new paragraph, as the exit codes do. */
function isListed({ start }: Paragraph, rest: string): boolean {
  return start === '' && /^(?:Usage|Exit codes|Try)\b/.test(rest);
}

function foldedParagraph({ start, words }: Paragraph, columns: number): string[] {
  const indent = ' '.repeat(start.length);
  const lines = [start.trimEnd() === '' && words.length === 0 ? '' : start];
  for (const word of words) {
    const line = lines.at(-1)!;
    const isFirst = line === start || line === indent;
    if (!isFirst && line.length + 1 + word.length > columns) lines.push(indent + word);
    else lines[lines.length - 1] = isFirst ? line + word : `${line} ${word}`;
  }
  return lines;
}
