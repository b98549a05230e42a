import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** CONTRIBUTING.md leads to what is there. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(PROJECT, 'CONTRIBUTING.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Every file and folder that a text names: what ends in a slash or in the ending of a file. */
function pathsIn(text: string): string[] {
  return [
    ...text.matchAll(/(?<![\w./-])\w[\w.-]*(?:\/[\w.-]+)*(?:\/|\.(?:ts|mjs|md|json|yaml|sh))(?![\w/])/g),
  ].map((match) => match[0]);
}

/** The rows of the table below a heading, without its head. */
function rowsBelow(heading: string): string[] {
  const after = page.slice(page.indexOf(`## ${heading}\n`)).split('\n## ')[0]!;
  return after
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
}

function foldersOf(parent: string): string[] {
  return readdirSync(join(PROJECT, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${parent}/${name}/`);
}

describe('CONTRIBUTING.md', () => {
  test('names only files and folders that exist', () => {
    const paths = pathsIn(page);
    expect(paths.length).toBeGreaterThan(60);
    // A drawing leaves `src/` away, and the row of a folder names what is in that folder.
    const bases = ['', 'src', 'scripts', 'src/store', 'src/config', 'src/delivery', 'src/http'];
    const isThere = (path: string): boolean => bases.some((base) => existsSync(join(PROJECT, base, path)));
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });

  test('has a place on its map for every folder of src, every room of the core, and every folder beside src', () => {
    const map = rowsBelow('Where things are').join('\n');
    const beside = ['assets/', 'bench/', 'docs/', 'schemas/', 'scripts/'];
    const folders = [...foldersOf('src'), ...foldersOf('src/core'), ...beside];
    // A row stands for the folders of test/ that mirror those of src/.
    const mirrors = new Set(foldersOf('src').map((folder) => folder.replace('src/', 'test/')));
    const others = foldersOf('test').filter((folder) => !mirrors.has(folder));
    const wanted = [...folders, ...others].filter((folder) => folder !== 'src/core/');
    expect(wanted.filter((folder) => !map.includes(`\`${folder}\``))).toEqual([]);
  });

  test('answers each question with at most three files', () => {
    const rows = rowsBelow('Where do I ...');
    expect(rows.length).toBeGreaterThan(7);
    expect(rows.filter((row) => pathsIn(row).length > 3 || pathsIn(row).length === 0)).toEqual([]);
  });

  test('names only commands of npm that there are', () => {
    const commands = [...page.matchAll(/npm (?:run )?([a-z]+)/g)].map((match) => match[1]!);
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((command) => command !== 'ci' && !(command in scripts))).toEqual([]);
  });
});
