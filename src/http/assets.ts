import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The folder of the package, the same from `src/http` and from `dist/http`. */
const PACKAGE = new URL('../../', import.meta.url);

/**
 * Reads a file that is shipped beside the program, once, at the start: if one is missing, the start fails
 * and not some later request.
 */
export function readAsset(path: string): string {
  return readFileSync(new URL(path, PACKAGE), 'utf8');
}

/** `schemas/openapi.yaml` as an object, with the version that is running. */
export function readOpenApi(version: string): object {
  const document = parse(readAsset('schemas/openapi.yaml')) as { info: object };
  return { ...document, info: { ...document.info, version } };
}
