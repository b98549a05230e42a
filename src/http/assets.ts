import { readFileSync } from 'node:fs';

/** The folder of the package, which is the same from `src/http` and from `dist/http`. */
const PACKAGE = new URL('../../', import.meta.url);

/** Returns where a file or folder is that is shipped beside the program. */
export function packageFile(path: string): URL {
  return new URL(path, PACKAGE);
}

/**
 * Reads a file that is shipped beside the program. Callers do so once, at the start, so that a missing file fails the
 * start and no later request.
 */
export function readAsset(path: string): string {
  return readFileSync(packageFile(path), 'utf8');
}
