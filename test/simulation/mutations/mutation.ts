import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One way to break a promise of docs/design.md, which the simulation must notice. */
export interface Mutation {
  /** Says in a few words what the broken core does. */
  name: string;
  /** The promise that it breaks: the paragraph of docs/design.md and its words. */
  promise: string;
  /** The path from the root of the repository. */
  file: string;
  /** The text to replace, which must be there exactly once. */
  find: string;
  replace: string;
}

/**
 * Returns the text of the file with the mutation in it.
 * @param root the directory that holds `src`
 * @throws Error when the text to replace is not there exactly once: the code has changed, and so must the mutation
 */
export function mutated({ name, file, find, replace }: Mutation, root: string): string {
  const parts = readFileSync(join(root, file), 'utf8').split(find);
  if (parts.length !== 2)
    throw new Error(`"${name}" does not apply: ${file} has ${parts.length - 1} times, not once:\n${find}`);
  return parts.join(replace);
}
