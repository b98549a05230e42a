import { readFileSync, statSync } from 'node:fs';
import { sha256 } from './read.ts';

const SECRET_BYTES_MAX = 64 * 1024;

/** Reads a secret, without the newline at its end. What it holds is never part of an error. */
export function readSecret(path: string): { secret: string } | { error: string } {
  try {
    const stat = statSync(path);
    // Anything else could be waited for, or read, without end.
    if (!stat.isFile()) return { error: 'must name a regular file' };
    if (stat.size > SECRET_BYTES_MAX) return { error: `names a file of more than ${SECRET_BYTES_MAX} bytes` };
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return secret === '' ? { error: 'names an empty file' } : { secret };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return {
      error:
        code === 'ENOENT' ? 'names a file that does not exist' : `names a file that cannot be read (${code})`,
    };
  }
}

/** The files that hold secrets, each with what tells what it held from anything else. */
export type SecretFiles = Map<string, string>;

/** What tells the content of a file from any other, or why it has none. */
export function fingerprintOfSecret(result: ReturnType<typeof readSecret>): string {
  return sha256(JSON.stringify(result));
}

/** The same as the fingerprint of a configuration, and of what the files of its secrets hold. */
export function withSecrets(fingerprint: string, secrets: ReadonlyMap<string, string>): string {
  if (secrets.size === 0) return fingerprint;
  return sha256([fingerprint, ...[...secrets].map(([file, held]) => `${held}  ${file}\n`)].join('\n'));
}

/** Looks at the files again. */
export function secretsNow(files: readonly string[]): SecretFiles {
  return new Map(files.map((file) => [file, fingerprintOfSecret(readSecret(file))]));
}
