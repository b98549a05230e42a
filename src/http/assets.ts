import { readFileSync } from 'node:fs';

/** The folder of the package, which is the same from `src/http` and from `dist/http`. */
const PACKAGE = new URL('../../', import.meta.url);

/**
 * Reads a file that is shipped beside the program. Callers do so once, at the start, so that a missing file fails the
 * start and no later request.
 */
export function readAsset(path: string): string {
  return readFileSync(new URL(path, PACKAGE), 'utf8');
}
