import type { Config } from '../../../src/config/config.ts';
import { formatFaults } from '../../../src/config/format.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Env } from '../../../src/config/substitute.ts';

/** A text as the content of a file, which lies in a directory that is not there unless one is given. */
export function sourceOf(text: string, directory = '/nonexistent'): { path: string; text: string } {
  return { path: `${directory}/cronflow.yaml`, text };
}

/** The configuration in a text that is valid. */
export function parsed(text: string, env: Env = {}, directory?: string): Config {
  const source = sourceOf(text, directory);
  const result = parseConfig(source, env);
  if (!result.ok) throw new Error(formatFaults(result.faults, [source]));
  return result.config;
}

/** What is wrong with a text, each with its path. */
export function messages(text: string, env: Env = {}, directory?: string): string[] {
  const result = parseConfig(sourceOf(text, directory), env);
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
}
