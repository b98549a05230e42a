import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mutated, readSources, type Sources } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = readSources(root);

/** Returns what the compiler says of the syntax of files. Their imports and types do not matter. */
function syntaxErrors(files: readonly string[]): string {
  const options = ['--noCheck', '--noResolve', '--noEmit', '--allowImportingTsExtensions'];
  const target = ['--ignoreConfig', '--target', 'es2023', '--module', 'nodenext'];
  const tsc = join(root, 'node_modules/.bin/tsc');
  return spawnSync(tsc, [...options, ...target, ...files], { encoding: 'utf8' }).stdout;
}

test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
  'the mutation "%s" applies',
  (_name, mutation) => {
    expect(() => mutated(mutation, sources)).not.toThrow();
    expect(mutation.replace).not.toBe(mutation.find);
  },
);

test('the README says of each mutation which promise it breaks', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(MUTATIONS.map(({ name }) => name).filter((name) => !readme.includes(name))).toEqual([]);
});

test('no two mutations have the same name or do the same', () => {
  expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
  expect(new Set(MUTATIONS.map(({ in: place, find, replace }) => place + find + replace)).size).toBe(
    MUTATIONS.length,
  );
});

test('a mutated file is still a program', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cronflow-mutations-'));
  try {
    const files = MUTATIONS.map((mutation, index) => {
      const path = join(directory, `${index}.ts`);
      writeFileSync(path, mutated(mutation, sources).text);
      return path;
    });
    expect(syntaxErrors(files)).toBe('');
    const broken = join(directory, 'broken.ts');
    writeFileSync(broken, 'const = 1;');
    expect(syntaxErrors([broken])).toMatch(/error TS/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const EXAMPLE = [
  'export function first(a: number, b: number): number {',
  '  if (a > b) return a;',
  '  return twice(a, b);',
  '}',
  '',
  'export class Counter {',
  '  add(a: number): number {',
  '    return twice(a, 1);',
  '  }',
  '',
  '  #take(a: number): number {',
  '    return twice(a, 1);',
  '  }',
  '}',
].join('\n');

/** Applies a mutation to files made up here, and returns what it changed. */
function breakIn(
  wanted: { in: string; find: string; replace?: string },
  files: Record<string, string>,
): string {
  const given: Sources = new Map(Object.entries(files));
  const { file, text } = mutated({ name: 'x', promise: 'x', replace: 'broken', ...wanted }, given);
  return `${file}:\n${text}`;
}

describe('a mutation', () => {
  test('is found wherever its function has been moved to', () => {
    const mutation = MUTATIONS[0]!;
    const { file, text } = mutated(mutation, sources);
    const moved = new Map([...sources].map(([name, each]) => [name === file ? 'src/moved.ts' : name, each]));
    expect(mutated(mutation, moved)).toEqual({ file: 'src/moved.ts', text });
  });

  test('changes nothing but the function that it names', () => {
    const first = EXAMPLE.replace('return twice(a, b)', 'broken');
    expect(breakIn({ in: 'first', find: 'return twice(a, b)' }, { 'src/a.ts': EXAMPLE })).toBe(
      `src/a.ts:\n${first}`,
    );
    const wanted = { in: 'Counter.#take', find: 'twice(a, 1)' };
    const [before, after] = EXAMPLE.split('#take') as [string, string];
    const taken = `${before}#take${after.replace('twice(a, 1)', 'broken')}`;
    expect(breakIn(wanted, { 'src/a.ts': EXAMPLE, 'src/b.ts': 'first(1, 2);' })).toBe(`src/a.ts:\n${taken}`);
    expect(() => breakIn({ in: 'Counter', find: 'twice(a, 1)' }, { 'src/a.ts': EXAMPLE })).toThrow(
      '"x" does not apply: `Counter` (src/a.ts) has 2 times, not once:\ntwice(a, 1)',
    );
  });

  test('applies however its function is broken into lines', () => {
    const long = EXAMPLE.replace('twice(a, b)', 'twice(\n    a,\n    b,\n  )');
    const expected = EXAMPLE.replace('return twice(a, b)', 'broken');
    expect(breakIn({ in: 'first', find: 'return  twice( a, b )' }, { 'src/a.ts': long })).toBe(
      `src/a.ts:\n${expected}`,
    );
    const header = 'first(\n  a: number,\n  b: number,\n): number {';
    const head = EXAMPLE.replace('first(a: number, b: number): number {', header);
    expect(breakIn({ in: 'first', find: 'return a;' }, { 'src/a.ts': head })).toContain('if (a > b) broken');
  });

  test('does not match a part of a word', () => {
    expect(() => breakIn({ in: 'first', find: 'eturn twice' }, { 'src/a.ts': EXAMPLE })).toThrow(
      /has 0 times/,
    );
    expect(() => breakIn({ in: 'first', find: 'return tw' }, { 'src/a.ts': EXAMPLE })).toThrow(/has 0 times/);
  });

  test('does not apply where its text is gone, or there twice', () => {
    const given = { name: 'x', promise: 'x', in: 'earlyMs', replace: 'y' };
    expect(() => mutated({ ...given, find: 'no such text' }, sources)).toThrow(/has 0 times, not once/);
    expect(() => mutated({ ...given, find: '(' }, sources)).toThrow(/times, not once/);
  });

  test('does not apply, and says so, where its function is declared nowhere, or twice', () => {
    const files = { 'src/a.ts': EXAMPLE, 'src/b.ts': 'const first = 1;' };
    expect(() => breakIn({ in: 'second', find: '(' }, files)).toThrow(
      '"x" does not apply: `second` is declared nowhere in src/, not once',
    );
    expect(() => breakIn({ in: 'Counter.remove', find: '(' }, files)).toThrow(/declared nowhere in src/);
    expect(() => breakIn({ in: 'first', find: '(' }, files)).toThrow(
      '"x" does not apply: `first` is declared 2 times, in src/a.ts, src/b.ts, not once',
    );
  });
});
