import { readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatFaults } from '../../src/config/format.ts';
import { loadConfig } from '../../src/config/load.ts';

const directory = new URL('../testdata/bad/', import.meta.url);
const names = readdirSync(directory)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length));
const env = { SECRET: 'HUNTER2' };
/** Paths are shown as if the files were in the current directory. */
const prefix = relative(process.cwd(), fileURLToPath(directory));

// One file for each mistake, with what is said of it beside it; `vitest -u` writes that anew.
describe('a file with a mistake', () => {
  test.each(names)('is told where, what is allowed, and what was meant: %s', async (name) => {
    const result = await loadConfig(`${prefix}/${name}.yaml`, env);
    expect(result.ok).toBe(false);
    const text = (result.ok ? '' : formatFaults(result.faults, result.files)).replaceAll(`${prefix}/`, '');
    expect(text).not.toContain('HUNTER2');
    await expect(`${text}\n`).toMatchFileSnapshot(`../testdata/bad/${name}.txt`);
  });

  test('is there for at least 60 mistakes', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });
});
