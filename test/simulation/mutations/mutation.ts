import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One way to break a promise of docs/design.md, that the simulation must notice. */
export interface Mutation {
  /** What the broken core does, in a few words. */
  name: string;
  /** The promise it breaks: the paragraph of docs/design.md and its words. */
  promise: string;
  /** From the root of the repository. */
  file: string;
  /** The text to replace; it must be there exactly once. */
  find: string;
  replace: string;
}

/**
 * The mutated text of a mutation's file.
 * @param root the directory that holds `src`
 * @throws Error when the text to replace is not there exactly once: the code has changed, and so must the mutation
 */
export function mutated({ name, file, find, replace }: Mutation, root: string): string {
  const parts = readFileSync(join(root, file), 'utf8').split(find);
  if (parts.length !== 2)
    throw new Error(`"${name}" does not apply: ${file} has ${parts.length - 1} times, not once:\n${find}`);
  return parts.join(replace);
}
