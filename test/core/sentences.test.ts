import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A promise of docs/design.md §3, and the tests that fail when it is broken. */
interface Sentence {
  /** The number of the heading under which it stands: `3`, `3.1` and so on. */
  paragraph: string;
  /** The exact words. A sentence with several promises is several of these. */
  sentence: string;
  /** The names of its tests as vitest tells them: `describe > test`. */
  tests: readonly { file: string; name: string }[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TESTDATA = join(ROOT, 'test', 'testdata');
const sentences = JSON.parse(readFileSync(join(TESTDATA, 'design-3.json'), 'utf8')) as Sentence[];
const design = readFileSync(join(ROOT, 'docs', 'design.md'), 'utf8');
/** The design marks with this what it decides and the code does not have yet, which no test can hold. */
const NOT_BUILT = / ?_Not built yet[^_]*_/g;

/**
 * Returns the text under each heading of §3 in one line, without the marks of lists, code blocks and parts that are not
 * built.
 */
function paragraphsOf(markdown: string): Record<string, string> {
  const paragraphs: Record<string, string> = {};
  let number: string | null = null;
  for (const line of markdown.split('\n')) {
    const heading = /^#+ (\d+(?:\.\d+)?)\.? /.exec(line);
    if (heading !== null) number = /^3(\.|$)/.test(heading[1]!) ? heading[1]! : null;
    else if (number !== null && !line.startsWith('```'))
      paragraphs[number] = `${paragraphs[number] ?? ''} ${line.replace(/^- /, '').replaceAll(NOT_BUILT, '')}`;
  }
  return Object.fromEntries(
    Object.entries(paragraphs).map(([key, words]) => [key, words.trim().replaceAll(/\s+/g, ' ')]),
  );
}

/** Lists the names of the tests in these files but those that are skipped. The files are loaded and not run. */
async function testsIn(files: readonly string[], directory: string): Promise<Set<string>> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const list = join(directory, 'tests.json');
  // The variables that vitest gives its workers are not meant for another vitest.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const args = [vitest, 'list', '--no-isolate', `--json=${list}`, ...files];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  const listed = JSON.parse(readFileSync(list, 'utf8')) as { file: string; name: string }[];
  return new Set(listed.map(({ file, name }) => `${relative(ROOT, file)}: ${name}`));
}

describe('each sentence of docs/design.md §3', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cronflow-sentences-'));
  let known = new Set<string>();
  beforeAll(async () => {
    const files = new Set(sentences.flatMap(({ tests }) => tests.map(({ file }) => file)));
    known = await testsIn([...files], directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('is listed, word for word and in order', () => {
    const listed: Record<string, string> = {};
    for (const { paragraph, sentence } of sentences) {
      listed[paragraph] = paragraph in listed ? `${listed[paragraph]} ${sentence}` : sentence;
    }
    expect(listed).toEqual(paragraphsOf(design));
  });

  test('has a test', () => {
    expect(sentences.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  test('names tests that exist and run', () => {
    const missing = sentences.flatMap(({ paragraph, sentence, tests }) =>
      tests
        .map(({ file, name }) => `${file}: ${name}`)
        .filter((each) => !known.has(each))
        .map((each) => `§${paragraph} ${sentence} -> ${each}`),
    );
    expect(missing, 'test/testdata/design-3.json names them otherwise').toEqual([]);
  });
});
