import { readFileSync, statSync } from 'node:fs';
import { sha256 } from '../read.ts';

const SECRET_BYTES_MAX = 64 * 1024;

/** Reads a secret, without the newline at its end. An error never quotes its content. */
export function readSecret(path: string): { secret: string } | { error: string } {
  try {
    const stat = statSync(path);
    // Reading anything else, such as a pipe, may never end.
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

/** The files that hold secrets, each with a hash of its content. */
export type SecretFiles = Map<string, string>;

/** Returns a hash that differs for each content of a file, and for each reason why it cannot be read. */
export function fingerprintOfSecret(result: ReturnType<typeof readSecret>): string {
  return sha256(JSON.stringify(result));
}

/** Returns a fingerprint of a configuration and of the secrets in its files. */
export function withSecrets(fingerprint: string, secrets: ReadonlyMap<string, string>): string {
  if (secrets.size === 0) return fingerprint;
  return sha256([fingerprint, ...[...secrets].map(([file, held]) => `${held}  ${file}\n`)].join('\n'));
}

/** Reads the secrets again and returns their hashes. */
export function secretsNow(files: readonly string[]): SecretFiles {
  return new Map(files.map((file) => [file, fingerprintOfSecret(readSecret(file))]));
}
