import type { SourceFile } from './config.ts';
import { assemble, parseMain, type ParseResult } from './parse.ts';
import { sha256 } from './read.ts';
import { withSecrets } from './secrets/secret-files.ts';
import { fingerprintOf, readIncluded, storedAsIncluded } from './sources.ts';
import type { Env } from './substitute.ts';

/** The result of parsing a file and those that it includes. */
export interface ParsedSources {
  result: ParseResult;
  /** Every file that could be read, the main one first. */
  files: SourceFile[];
  /**
   * The items of `include`, for a caller that watches the files they find; the list is empty where the file says too
   * little to know them.
   */
  includes: readonly string[];
  /** The files that hold secrets, for a caller that watches them. */
  secrets: readonly string[];
  fingerprint: string;
}

/**
 * Parses and validates a file and those that it includes, which it reads.
 * @param stored the included files as they were stored; with these nothing is read
 * @param lengthMax limit for all texts together
 * @returns null where the texts are longer than `lengthMax`
 */
export async function parseSources(
  source: SourceFile,
  env: Env,
  stored: readonly SourceFile[] | undefined,
  lengthMax: number,
): Promise<ParsedSources | null> {
  if (source.text.length > lengthMax) return null;
  const main = parseMain(source, env);
  const items = main.includes.map((include) => include.text);
  const included = stored === undefined ? await readIncluded(source.path, items) : storedAsIncluded(stored);
  const files = [source, ...included.reads.flatMap(({ read }) => ('file' in read ? [read.file] : []))];
  if (files.reduce((length, { text }) => length + text.length, 0) > lengthMax) return null;
  return {
    result: assemble(main, included, env),
    files,
    includes: items,
    secrets: [...main.secrets.keys()],
    fingerprint: withSecrets(fingerprintOf(source.path, sha256(source.text), included), main.secrets),
  };
}
