import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** The design and the comments that cite it by section, such as `docs/design.md §3.1`, lead to each other. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['src', 'test', 'scripts', 'bench', 'schemas', 'docs'];
const IS_TEXT = /\.(ts|mjs|sh|json|yaml|md)$/;

const files = [
  ...readdirSync(PROJECT).filter((name) => name.endsWith('.md')),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile() && IS_TEXT.test(entry.name))
      .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name))),
  ),
];

const design = readFileSync(join(PROJECT, 'docs', 'design.md'), 'utf8');
const headings = [...design.matchAll(/^#{2,3} (.*)$/gm)].map((match) => match[1]!);
const sections = headings.map((heading) => /^(\d+(?:\.\d+)?)/.exec(heading)?.[1] ?? heading);

/** Every match of a pattern in the files of the repository, each with the line on which it stands. */
function found(pattern: RegExp): { place: string; match: RegExpExecArray }[] {
  return files.flatMap((file) =>
    readFileSync(join(PROJECT, file), 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        [...line.matchAll(pattern)].map((match) => ({ place: `${file}:${at + 1}: ${match[0]}`, match })),
      ),
  );
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('docs/design.md', () => {
  test('has every section that something in the repository cites', () => {
    const cited = found(/§(\d+(?:\.\d+)?)/g);
    expect(cited.length).toBeGreaterThan(150);
    expect(cited.filter(({ match }) => !sections.includes(match[1]!)).map(({ place }) => place)).toEqual([]);
  });

  test('is the page that is cited, and no other stands in for it', () => {
    const other = found(/[\w./-]*design\.md/gi).filter(
      ({ match }) => match[0] !== 'docs/design.md' && match[0] !== 'design.md',
    );
    expect(other.map(({ place }) => place)).toEqual([]);
  });

  test('numbers its sections in order, and lists each with a link to it', () => {
    expect(sections).toEqual(
      sections.toSorted((a, b) => {
        const [left, right] = [a, b].map((section) => section.split('.').map(Number));
        return left![0]! - right![0]! || (left![1] ?? 0) - (right![1] ?? 0);
      }),
    );
    const links = [...design.matchAll(/\[§(\d+(?:\.\d+)?) [^\]]*\]\(#([^)]*)\)/g)];
    expect(links.map(([, section, anchor]) => [section, anchor])).toEqual(
      headings.map((heading, at) => [sections[at], anchorOf(heading)]),
    );
  });
});
