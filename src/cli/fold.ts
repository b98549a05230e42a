/** Narrower ones are not served. */
const COLUMNS_MIN = 40;

/**
 * A help text or a report for a terminal of so many columns: what stands beside an option stays beside it. Texts are
 * written for 120 columns; where those are there, and where nobody looks, they stay as they are.
 */
export function folded(text: string, columns: number | undefined): string {
  const lines = text.split('\n');
  if (columns === undefined || lines.every((line) => line.length <= columns)) return text;
  return paragraphsOf(lines)
    .flatMap((paragraph) => foldedParagraph(paragraph, Math.max(columns, COLUMNS_MIN)))
    .join('\n');
}

interface Paragraph {
  /** With what stands before it: an option and its blanks, or blanks. */
  start: string;
  words: string[];
}

/** A line that begins where the text beside an option stands goes on with that; so does prose at the same margin. */
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

/** A line at the margin that begins anew, such as that of the exit codes. */
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
