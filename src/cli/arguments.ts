import { parseArgs as parse } from 'node:util';
import { nearest } from '../core/text/nearest.ts';

/**
 * Reads the words of a command line, as Node does. `-h` stands for `--help` everywhere, and the error for an unknown
 * option says which one was probably meant.
 * @throws Error for words that cannot be understood
 */
export const parseArgs = ((config) => {
  const options = Object.fromEntries(
    Object.entries(config?.options ?? {}).map(([name, option]) => [
      name,
      name === 'help' ? { ...option, short: 'h' } : option,
    ]),
  );
  try {
    return parse({ ...config, options });
  } catch (error) {
    throw unknownOption(error as NodeJS.ErrnoException, Object.keys(options)) ?? error;
  }
}) as typeof parse;

/**
 * Returns the JOB of a command that takes one and nothing else beside options.
 * @throws Error where there is none, or more
 */
export function oneJob([job, second]: readonly string[]): string {
  if (job === undefined || job === '') throw new Error('it needs a JOB; cronflow status lists them');
  if (second !== undefined) throw new Error(`one JOB; "${second}" is too many`);
  return job;
}

function unknownOption(error: NodeJS.ErrnoException, known: readonly string[]): Error | null {
  if (error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return null;
  const written = /'(-[^' ]*)/.exec(error.message)?.[1] ?? '';
  const meant = nearest(written.replace(/^-+/, ''), known);
  const hint = meant === undefined ? '' : `, did you mean --${meant}?`;
  const allowed = known.map((name) => `--${name}`).join(', ');
  return new Error(`unknown option ${written}${hint} (allowed: ${allowed})`, { cause: error });
}
