import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mutated } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Returns what the compiler says of the syntax of files. Their imports and types do not matter. */
function syntaxErrors(files: readonly string[]): string {
  const options = ['--noCheck', '--noResolve', '--noEmit', '--allowImportingTsExtensions'];
  const target = ['--ignoreConfig', '--target', 'es2023', '--module', 'nodenext'];
  const tsc = join(root, 'node_modules/.bin/tsc');
  return spawnSync(tsc, [...options, ...target, ...files], { encoding: 'utf8' }).stdout;
}

test.each(MUTATIONS)('the mutation "$name" applies', (mutation) => {
  expect(() => mutated(mutation, root)).not.toThrow();
  expect(mutation.replace).not.toBe(mutation.find);
});

test('the README says of each mutation which promise it breaks', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(MUTATIONS.map(({ name }) => name).filter((name) => !readme.includes(name))).toEqual([]);
});

test('no two mutations have the same name or do the same', () => {
  expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
  expect(new Set(MUTATIONS.map(({ file, find, replace }) => file + find + replace)).size).toBe(
    MUTATIONS.length,
  );
});

test('a mutated file is still a program', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cronflow-mutations-'));
  try {
    const files = MUTATIONS.map((mutation, index) => {
      const path = join(directory, `${index}.ts`);
      writeFileSync(path, mutated(mutation, root));
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

test('a mutation whose text is gone, or there twice, does not apply', () => {
  const mutation = { name: 'x', promise: 'x', file: 'src/clock.ts', replace: 'y' };
  expect(() => mutated({ ...mutation, find: 'no such text' }, root)).toThrow(/has 0 times, not once/);
  expect(() => mutated({ ...mutation, find: '(' }, root)).toThrow(/times, not once/);
});
