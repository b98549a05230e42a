import type { Dialect } from './crons.ts';
import type { CrontabImport, ImportedJob } from './import.ts';
import type { Note } from './lines.ts';
import { inputAt } from './percent.ts';

/** A crontab whose lines call the wrapper, and notes on the lines that could not be wrapped. */
export interface WrappedCrontab {
  crontab: string;
  notes: Note[];
}

/** The longest command, in bytes, that Debian's cron takes. It refuses the whole crontab for a longer one. */
const COMMAND_BYTES_MAX = 998;
/** Matches shells in which a word between single quotes stands for itself, whatever it holds. */
const POSIX_SHELLS = /^\/(?:[\w.+-]+\/)*(?:sh|ash|bash|dash|ksh|ksh93|mksh|zsh)$/;

/**
 * Makes each line of a crontab that is a job call the wrapper. The wrapper runs the command as cron would have: by
 * the `SHELL` in force at the line, with the same standard input. All else stays as it is, to the byte.
 * @param monitor the wrapper: an absolute path, or a name that the `PATH` of the crontab finds
 */
export function wrapCrontab(
  { lines, jobs, shells, dialect }: CrontabImport,
  monitor: string,
): WrappedCrontab {
  const texts = lines.map(({ text }) => text);
  const notes: Note[] = [];
  for (const job of jobs.filter(({ wrapped }) => !wrapped)) {
    const at = job.line - 1;
    const shell = shells[at] ?? '';
    const command = wrapCommand(job, shell, monitor, dialect);
    const bytes = Buffer.byteLength(command);
    if (job.doubt !== undefined) {
      notes.push({ line: job.line, message: 'not wrapped: it is not certain what the command is' });
    } else if (!POSIX_SHELLS.test(shell)) {
      notes.push({ line: job.line, message: `not wrapped: nothing is known of how SHELL=${shell} quotes` });
    } else if (bytes > COMMAND_BYTES_MAX) {
      const message = `not wrapped: it would have ${bytes} bytes, cron takes ${COMMAND_BYTES_MAX}; put it in a script`;
      notes.push({ line: job.line, message });
    } else {
      const text = texts[at] ?? '';
      texts[at] = text.slice(0, text.length - job.command.length) + command;
    }
  }
  return { crontab: texts.join('\n'), notes };
}

/**
 * Wraps a command. Inside it only quotes change, never a `%` or a backslash: cron unescapes these two before any
 * shell sees the line, and how it does so differs from cron to cron.
 */
function wrapCommand(
  { name, command }: ImportedJob,
  shell: string,
  monitor: string,
  { hasPercent }: Dialect,
): string {
  const at = inputAt(command, hasPercent);
  const quoted = `'${command.slice(0, at).replaceAll("'", String.raw`'\''`)}'`;
  return `${word(monitor, hasPercent)} ${name} -- ${shell} -c ${quoted}${command.slice(at)}`;
}

function word(path: string, hasPercent: boolean): string {
  if (/^[\w./+-]+$/.test(path)) return path;
  const quoted = `'${path.replaceAll("'", String.raw`'\''`)}'`;
  return hasPercent ? quoted.replaceAll('%', String.raw`\%`) : quoted;
}
