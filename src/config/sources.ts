import { dirname, relative } from 'node:path';
import type { Fault } from '../core/model/errors.ts';
import type { SourceFile } from './config.ts';
import { expandIncludes, type Included } from './include.ts';
import { internalFault, readConfigFile, type ReadResult, sha256 } from './read.ts';
import { secretsNow, withSecrets } from './secrets/secret-files.ts';

/** An included file as it was found. */
export interface IncludedRead extends Included {
  read: ReadResult;
}

/** The files that `include` brought. */
export interface IncludedFiles {
  reads: IncludedRead[];
  /** Directories in which more files may appear. */
  directories: string[];
  faults: Fault[];
}

/** The limit for all files of a configuration together. */
const BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads the files that `include` names.
 * @param main path of the including file
 */
export async function readIncluded(main: string, items: readonly string[]): Promise<IncludedFiles> {
  const { files, directories, faults } = await expandIncludes(main, items);
  const reads: IncludedRead[] = [];
  let length = 0;
  for (const file of files) {
    const read = await readConfigFile(file.path);
    length += 'file' in read ? read.file.text.length : 0;
    reads.push({ ...file, read });
    if (length <= BYTES_MAX) continue;
    const message = `"include" finds files of more than ${BYTES_MAX} bytes together`;
    return {
      reads,
      directories,
      faults: [...faults, { code: 'file_too_large', path: '', message, file: main }],
    };
  }
  return { reads, directories, faults };
}

const NOTHING: IncludedFiles = { reads: [], directories: [], faults: [] };

/** Returns included files as they were stored with a revision. */
export function storedAsIncluded(files: readonly SourceFile[]): IncludedFiles {
  const reads = files.map((file, item) => {
    const read = { fingerprint: sha256(file.text), file };
    return { item, path: file.path, isLiteral: false, read };
  });
  return { reads, directories: [], faults: [] };
}

/**
 * Returns a fingerprint that differs for each content of the files. For one file that is its own; for several it is
 * the SHA-256 of what `sha256sum` prints of them in the directory of the first.
 */
export function fingerprintOf(main: string, fingerprint: string, included: IncludedFiles): string {
  const { reads, faults } = included;
  if (reads.length === 0 && faults.length === 0) return fingerprint;
  const lines = [
    { path: main, fingerprint },
    ...reads.map(({ path, read }) => ({ path, fingerprint: read.fingerprint })),
  ].map((file) => `${file.fingerprint}  ${relative(dirname(main), file.path)}\n`);
  return sha256([...lines, ...faults.map(({ file, message }) => `${message}  ${file}\n`)].join(''));
}

/** The files and patterns that belong to a configuration beside its main file. */
export interface Beside {
  /** The items of `include`. */
  includes: readonly string[];
  /** The files that hold secrets. */
  secrets: readonly string[];
}

/** Reads everything again and returns the fingerprint, which shows whether anything changed. */
export async function currentFingerprint(main: string, { includes, secrets }: Beside): Promise<string> {
  const { fingerprint } = await readConfigFile(main);
  try {
    const included = includes.length === 0 ? NOTHING : await readIncluded(main, includes);
    return withSecrets(fingerprintOf(main, fingerprint, included), secretsNow(secrets));
  } catch (error) {
    // A reload fails in the same way, and reports it.
    return `${fingerprint} ${internalFault(main, error).message}`;
  }
}
