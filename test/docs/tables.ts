import { readFileSync } from 'node:fs';

/** Returns the text of a file of the repository. */
export const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Returns the first cells of the first table of a page whose head begins with a word, without the head. */
export function firstCells(page: string, head: string): string[] {
  const lines = read(page).split('\n');
  const from = lines.findIndex((line) => new RegExp(`^\\| ${head} +\\|`).test(line));
  if (from < 0) throw new Error(`${page} has no table with the head "${head}"`);
  const end = lines.findIndex((line, at) => at > from && !line.startsWith('|'));
  return lines.slice(from + 2, end).map((line) => line.split(/(?<!\\)\|/)[1]!.trim());
}

/** Returns the words of a text that stand in code, such as `grace`. */
export function inCode(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}
