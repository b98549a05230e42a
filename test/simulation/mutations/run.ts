import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mutated, type Mutation, readSources } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';

/**
 * This program breaks the core in one way after the other and shows that the simulation notices: `npm run mutations [--
 * WORD ...]` runs all mutations, or those whose name has one of the words. A mutation is caught by a check that fails
 * in a world in which the core as it is passes it. The exit code is 0 only if every one is caught.
 */

/** A broken core counts as not noticed after this many worlds. */
const WORLDS_MAX = 200;
const HUNT = 'build/simulation/test/simulation/mutations/hunt.js';
const SOURCES = ['src', 'test/simulation', 'test/support', 'tsconfig.json', 'package.json'];

interface Catch {
  check: string;
  seed: number;
}

const root = process.cwd();
const sources = readSources(root);
const run = promisify(execFile);

/**
 * Builds a copy of the sources with one mutation in it. The copy lies below the root, so that it finds the packages.
 */
async function buildMutant(mutation: Mutation, directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const source of SOURCES) cpSync(join(root, source), join(directory, source), { recursive: true });
  const { file, text } = mutated(mutation, sources);
  writeFileSync(join(directory, file), text);
  // An import or a variable that the mutation leaves unused is no reason not to build it.
  const tsc = join(root, 'node_modules/.bin/tsc');
  await run(tsc, ['-p', 'test/simulation/tsconfig.json', '--noCheck'], { cwd: directory });
}

async function hunt(directory: string, from: number, worlds: number, check?: string): Promise<Catch | null> {
  const args = [HUNT, String(from), String(worlds), ...(check === undefined ? [] : [check])];
  const { stdout } = await run(process.execPath, args, { cwd: directory });
  return JSON.parse(stdout) as Catch | null;
}

/** Finds the first check and world that tell the mutant from the core as it is. */
async function caught(mutation: Mutation, directory: string): Promise<Catch | null> {
  await buildMutant(mutation, directory);
  for (let from = 1; from <= WORLDS_MAX;) {
    const found = await hunt(directory, from, WORLDS_MAX + 1 - from);
    if (found === null) return null;
    if ((await hunt(root, found.seed, 1, found.check)) === null) return found;
    from = found.seed + 1;
  }
  return null;
}

function line(cells: readonly string[]): string {
  const widths = [63, 27, 6, 0];
  return cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ');
}

const words = process.argv.slice(2);
const chosen = MUTATIONS.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
const scratch = join(root, 'build/mutations');
const startedMs = performance.now();
const missed: string[] = [];
const queue = [...chosen];

console.log(line(['mutation', 'caught by', 'worlds', 'promise']));
/** Returns what caught a mutation, or a text that says why it was not caught. */
async function tried(mutation: Mutation, directory: string): Promise<Catch | string> {
  try {
    return (await caught(mutation, directory)) ?? 'NOT CAUGHT';
  } catch (error) {
    return `NOT TRIED: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const workers = Array.from({ length: availableParallelism() }, async (_, index) => {
  for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
    const found = await tried(mutation, join(scratch, String(index)));
    if (typeof found === 'string') missed.push(mutation.name);
    const by =
      typeof found === 'string' ? [found, ''] : [`${found.check}, seed ${found.seed}`, String(found.seed)];
    console.log(line([mutation.name, ...by, mutation.promise]));
  }
});
await Promise.all(workers);
rmSync(scratch, { recursive: true, force: true });

const seconds = Math.round((performance.now() - startedMs) / 1000);
console.log(`${chosen.length - missed.length} of ${chosen.length} mutations are caught, in ${seconds} s`);
if (missed.length > 0) console.log(`not caught: ${missed.join('; ')}`);
process.exitCode = missed.length === 0 && chosen.length > 0 ? 0 : 1;
