import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LINTS } from '../../src/core/model/errors.ts';

/**
 * The lists that the documentation has of what the code has. A failure names what is missing in the page, or is in the
 * page and nowhere else.
 */
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The first cells of the table whose head begins with a word, without its head. */
function firstCells(page: string, head: string): string[] {
  const lines = read(page).split('\n');
  const from = lines.findIndex((line) => new RegExp(`^\\| ${head} +\\|`).test(line));
  if (from < 0) throw new Error(`${page} has no table with the head "${head}"`);
  const end = lines.findIndex((line, at) => at > from && !line.startsWith('|'));
  return lines.slice(from + 2, end).map((line) => line.split(/(?<!\\)\|/)[1]!.trim());
}

/** The words of a text that stand in code, such as `grace`. */
const inCode = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

describe('docs/changes.md', () => {
  test('lists every lint', () => {
    expect(firstCells('docs/changes.md', 'lint').flatMap(inCode).sort()).toEqual([...LINTS].sort());
  });
});
