import { parseArgs as parse } from 'node:util';
import { nearest } from '../core/text/nearest.ts';

/**
 * Reads the words of a command line, as Node does. `-h` stands for `--help` everywhere, and the errors say what is
 * allowed and what was probably meant.
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
    throw reworded(error as NodeJS.ErrnoException, Object.keys(options));
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

/** Says in words of our own what Node finds wrong with a command line, and what is allowed. */
function reworded(error: NodeJS.ErrnoException, known: readonly string[]): Error {
  const { code, message, cause = error } = error;
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? '';
  const option = /--[^ ]+/.exec(quoted)?.[0] ?? quoted.replace(/ .*/s, '');
  const allowed = known.map((name) => `--${name}`).join(', ');
  switch (code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const meant = nearest(option.replace(/^-+/, ''), known);
      const hint = meant === undefined ? '' : `, did you mean --${meant}?`;
      return new Error(`unknown option ${option}${hint} (allowed: ${allowed})`, { cause });
    }
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return new Error(`"${quoted}" is too many; this command takes options only: ${allowed}`, { cause });
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
      if (message.includes('does not take')) return new Error(`${option} takes no value`, { cause });
      const dashes = message.includes('ambiguous') ? '; one that begins with a dash is written' : ', as in';
      return new Error(`${option} needs a value${dashes} ${option}=VALUE`, { cause });
    }
    default:
      return error;
  }
}
