/** Private keys stand in text as blocks of many lines, of which a tail may show the end alone. */

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const ENDS = new RegExp(END, 'g');
/** A line of a key, or of what may stand at its head (`Proc-Type: 4,ENCRYPTED`). */
const KEY_LINE = /^\s*(?:[A-Za-z0-9+/=]*|[A-Za-z-]{1,40}: [^\n]{0,100})\s*$/;
const BASE64_LINE = /^\s*[A-Za-z0-9+/=]{16,}\s*$/;
/** The last line of a key may be short. */
const LAST_LINE = /^\s*[A-Za-z0-9+/]{1,15}={0,2}\s*$/;

/**
 * Returns the text with `replacement` for what stands between the first and the last line of each private key. A key
 * that does not end is hidden for as long as it looks like a key, and so is one that does not begin.
 */
export function redactKeyBlocks(text: string, replacement: string): string {
  if (!text.includes(' PRIVATE KEY')) return text;
  const lines = text.split('\n');
  const ends = nextEnds(lines);
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const begin = BEGIN.exec(line);
    if (begin !== null) {
      index = hideBlock(lines, index, begin, ends[index] ?? null, kept, replacement);
      continue;
    }
    if (END.test(line)) {
      const before = kept.length;
      if (LAST_LINE.test(kept.at(-1) ?? '') && BASE64_LINE.test(kept.at(-2) ?? '')) kept.pop();
      while (BASE64_LINE.test(kept.at(-1) ?? '')) kept.pop();
      if (kept.length < before) kept.push(replacement);
    }
    kept.push(line);
  }
  return kept.join('\n');
}

/**
 * Hides the block that begins in a line.
 * @param endIndex the line of its end; null if there is none
 * @returns the index of the last line that was used up
 */
function hideBlock(
  lines: readonly string[],
  index: number,
  begin: RegExpExecArray,
  endIndex: number | null,
  kept: string[],
  replacement: string,
): number {
  const line = lines[index] ?? '';
  const bodyAt = begin.index + begin[0].length;
  const [head, body] = [line.slice(0, bodyAt), line.slice(bodyAt)];
  if (endIndex === index) {
    // Where several keys stand in one line, everything is hidden up to the end of the last one.
    const endAt = [...body.matchAll(ENDS)].at(-1)?.index ?? 0;
    kept.push(head + replacement + body.slice(endAt));
    return index;
  }
  kept.push(head, replacement);
  if (endIndex !== null) {
    const end = lines[endIndex] ?? '';
    kept.push(end.slice(END.exec(end)?.index ?? 0));
    return endIndex;
  }
  let last = index;
  while (last + 1 < lines.length && KEY_LINE.test(lines[last + 1] ?? '')) last++;
  return last;
}

/**
 * Finds for each line the line in which the key that begins in it ends; null where another key begins before, or none
 * ends.
 */
function nextEnds(lines: readonly string[]): (number | null)[] {
  const ends = lines.map((): number | null => null);
  let next: number | null = null;
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index] ?? '';
    const beginAt = BEGIN.exec(line)?.index ?? null;
    const endAt = END.exec(line)?.index ?? null;
    if (beginAt === null) {
      if (endAt !== null) next = index;
      continue;
    }
    ends[index] = endAt !== null && endAt > beginAt ? index : next;
    next = endAt !== null && endAt < beginAt ? index : null;
  }
  return ends;
}
