import { dirname, relative } from 'node:path';
import type { Config } from './config.ts';

/**
 * The address at which the declaration of a job is read, from the `source_url` of the configuration; null where it has
 * none. A path is told as seen from the directory of the main file, which is what a repository holds.
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
