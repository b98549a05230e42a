import type { SourceFile } from './config.ts';
import { assemble, parseMain, type ParseResult } from './parse.ts';
import { sha256 } from './read.ts';
import { withSecrets } from './secret-files.ts';
import { fingerprintOf, readIncluded, storedAsIncluded } from './sources.ts';
import type { Env } from './substitute.ts';

/** What became of a file and of those it includes. */
export interface ParsedSources {
  result: ParseResult;
  /** Every file that could be read, the main one first. */
  files: SourceFile[];
  /** The items of `include`, for who watches what they find; none where the file says too little to tell. */
  includes: readonly string[];
  /** The files that hold its secrets, for who watches them. */
  secrets: readonly string[];
  fingerprint: string;
}

/**
 * Parses and validates a file, and those that it includes, which are read for it.
 * @param stored what was included when the file was stored; nothing is read then
 * @param lengthMax of all texts together; where they are longer, nothing is made of them
 * @returns null where the texts are longer
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
