import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs a command of the built program, and returns what it prints and which of its folders it loads files from. */
function run(...args: string[]): { output: string; folders: string[] } {
  const { stdout, stderr } = spawnSync(process.execPath, ['dist/main.js', ...args], {
    encoding: 'utf8',
    // Node then writes the address of each module that it loads.
    env: { ...process.env, NODE_DEBUG: 'esm' },
  });
  const folders = new Set(Array.from(stderr.matchAll(/\/dist\/(\w+)\/[\w/-]+\.js/g), (match) => match[1]!));
  return { output: stdout, folders: [...folders].sort() };
}

test.each([
  [['--version'], ['cli', 'core', 'schedule']],
  [
    ['next', '--schedule', '0 2 * * *', '--after', '2026-01-15T12:00:00Z', '--count', '1'],
    ['cli', 'core', 'schedule'],
  ],
])('cronflow %j loads nothing that it does not need', (args, allowed) => {
  const { output, folders } = run(...args);
  expect(output).toMatch(/\d/);
  expect(folders).toContain('cli');
  expect(folders.filter((folder) => !allowed.includes(folder))).toEqual([]);
});
