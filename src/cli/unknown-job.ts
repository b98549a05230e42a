import { firstOf } from '../core/text/counts.ts';
import { nearest } from '../core/text/nearest.ts';

const NAMES_SHOWN = 10;

/**
 * Says that no job has a name, and which one was probably meant, or else which there are.
 * @param names the names of the jobs that there are
 */
export function unknownJobText(name: string, names: readonly string[]): string {
  const said = `No job is named ${JSON.stringify(name)}.`;
  const meant = nearest(name, names);
  if (meant !== undefined) return `${said} Did you mean ${JSON.stringify(meant)}?`;
  return names.length === 0
    ? `${said} There are no jobs.`
    : `${said} There are ${firstOf(names, NAMES_SHOWN)}.`;
}
