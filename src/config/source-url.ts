import { dirname, relative } from 'node:path';
import type { Config } from './config.ts';

/**
 * Returns the address at which people read the declaration of a job, made from `source_url`; null where the
 * configuration has none. The path in it is relative to the directory of the main file, because that is how a
 * repository holds it.
 * @param place file and line of the declaration
 */
export function sourceUrlOf(
  { sourceUrl, files }: Pick<Config, 'sourceUrl' | 'files'>,
  place: { file: string; line: number },
): string | null {
  const [main] = files;
  if (sourceUrl === null || main === undefined) return null;
  const path = relative(dirname(main.path), place.file).split('/').map(encodeURIComponent).join('/');
  return sourceUrl.replaceAll(/\{(path|line)\}/g, (_, word) => (word === 'path' ? path : String(place.line)));
}
