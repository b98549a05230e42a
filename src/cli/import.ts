import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { CronflowError } from '../core/model/errors.ts';
import { type Cron, CRONS } from '../crontab/crons.ts';
import { toIncludedYaml, toYaml } from '../crontab/document.ts';
import { foreignFormat } from '../crontab/foreign.ts';
import { type CrontabImport, importCrontab } from '../crontab/import.ts';
import { wrapCrontab, type WrappedCrontab } from '../crontab/wrap.ts';
import { compileCron } from '../schedule/cron.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, orUsage, runCommand, UsageError } from './command.ts';
import type { Io } from './io.ts';
import { counted } from '../core/text/counts.ts';

const WRAPPER = 'monitor.sh';
const WRAPPER_PATH = fileURLToPath(new URL(`../../scripts/${WRAPPER}`, import.meta.url));
/** Limits how much is read at all; it is far more than any cron takes. */
const BYTES_MAX = 4 * 1024 * 1024;

const PREFIX = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$/;
const PREFIX_ALLOWED = '1 to 64 letters, digits, dots, underscores and dashes, a letter or digit first';

const HELP = `Usage: cronflow import crontab [FILE|-] [OPTIONS]

Prints the jobs of a crontab as YAML for cronflow.yaml, and on stderr the skipped lines with the reason. Reads FILE, or
stdin: crontab -l | cronflow import crontab. It changes no crontab.

  --system        each command stands behind a user's name, as in /etc/crontab and /etc/cron.d, which are
                  recognised by their path
  --user          it does not, whatever the path
  --timezone Z    the zone of the machine that runs the crontab (default: that of this machine)
  --cron KIND     which cron runs it, since they differ in what a line means: debian, cronie, busybox, supercronic,
                  freebsd, openbsd (default: any, which notes each line that crons read differently). debian goes by the
                  machine's zone whatever CRON_TZ and TZ say, cronie heeds CRON_TZ. A bare % is an ordinary character
                  to busybox and supercronic. supercronic knows seconds, and BSD -n and -q before a command
  --prefix TEXT   the beginning of each name, for several machines that have a job of one name: --prefix web1-
  --include       print a file for "include": jobs alone, each with its zone
  --wrap          print instead the crontab, rewritten so that each job calls the wrapper; to use it, install
                  what was printed: cronflow import crontab FILE --wrap >new && crontab new
  --diff          with --wrap, print what changes, as a unified diff
  --monitor PATH  the wrapper on the machine that runs the crontab (default: ${WRAPPER} of this installation): an
                  absolute path, or a name that is found in the PATH of the crontab
  --json          print {"timezone", "jobs", "skipped", "notes"}, with --wrap also "crontab" and with --diff "diff"
  --help

Skipped are lines with "# cronflow: ignore" above or at the end, run-parts, @reboot, and what cannot be understood.
Exit codes: 0 done, 1 FILE cannot be read, 2 wrong usage, 3 done, but a line could not be understood or wrapped.
`;

/** The exit code when some line could not be understood or wrapped, although the others were. */
const EXIT_PARTLY = 3;

interface Options {
  /** The path, or `-` for stdin. */
  file: string;
  system: boolean;
  timezone: string;
  cron: Cron;
  prefix: string;
  include: boolean;
  wrap: boolean;
  diff: boolean;
  monitor: string;
  json: boolean;
  help: boolean;
}

/**
 * Runs `cronflow import crontab`: prints the jobs of a crontab as YAML, or the crontab rewritten to call the wrapper.
 * Returns the exit code: 0 done, 1 not readable, 2 wrong usage, 3 done but for lines that are listed on stderr.
 */
export function importCommand(argv: readonly string[], io: Io): Promise<number> {
  return runCommand('import crontab', io, async () => {
    const options = readOptions(argv, io);
    if (options.help) {
      io.stdout(HELP);
      return EXIT.done;
    }
    return print(await readCrontab(options.file, io), options, io);
  });
}

function readOptions(argv: readonly string[], io: Io): Options {
  const { values, positionals } = orUsage(() => parse(argv));
  const [kind, file = '-', extra] = positionals;
  const { help, json, include, wrap, diff, monitor = WRAPPER_PATH, cron = 'any', prefix = '' } = values;
  if (!help && kind !== 'crontab')
    throw new UsageError('only a crontab can be imported: cronflow import crontab [FILE|-]');
  if (extra !== undefined) throw new UsageError(`one FILE at most; "${extra}" is too many`);
  if (values.system && values.user) throw new UsageError('--system and --user exclude each other');
  if (include && wrap) throw new UsageError('--include prints YAML and --wrap a crontab; give one of them');
  if (diff && !wrap) throw new UsageError('--diff shows what --wrap changes; give both');
  if (!isCron(cron)) throw new UsageError(`--cron "${cron}" is not one of ${CRONS.join(', ')}`);
  if (!PREFIX.test(prefix)) throw new UsageError(`--prefix "${prefix}" is not ${PREFIX_ALLOWED}`);
  if (!/^(?:\/[^\n]*[^\n/]|[\w.+-]+)$/.test(monitor)) {
    throw new UsageError(`--monitor "${monitor}" is neither an absolute path nor a name to be found in PATH`);
  }
  const path = resolve(io.cwd, file);
  return {
    file,
    cron,
    prefix,
    include,
    wrap,
    diff,
    monitor,
    json,
    help,
    system: values.system || (!values.user && /\/etc\/crontab$|\/cron\.d\/[^/]+$/.test(path)),
    timezone: readTimezone(values.timezone),
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      system: { type: 'boolean', default: false },
      user: { type: 'boolean', default: false },
      timezone: { type: 'string' },
      cron: { type: 'string' },
      prefix: { type: 'string' },
      include: { type: 'boolean', default: false },
      wrap: { type: 'boolean', default: false },
      diff: { type: 'boolean', default: false },
      monitor: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
}

function isCron(text: string): text is Cron {
  return CRONS.some((cron) => cron === text);
}

function readTimezone(given: string | undefined): string {
  const timezone = given ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    compileCron('@daily', timezone);
    return timezone;
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`, { cause: error });
  }
}

/**
 * Reads the crontab.
 * @throws CronflowError where there is no text to be read
 */
async function readCrontab(file: string, io: Io): Promise<string> {
  const name = nameOf(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file === '-' ? io.stdin : createReadStream(resolve(io.cwd, file))) {
      const buffer = Buffer.from(chunk as Buffer);
      bytes += buffer.length;
      if (bytes > BYTES_MAX) throw unreadable(`${name} has more than ${BYTES_MAX} bytes: is it a crontab?`);
      chunks.push(buffer);
    }
  } catch (error) {
    if (error instanceof CronflowError) throw error;
    throw unreadable(`${name} ${problemOf(error as NodeJS.ErrnoException)}`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    const advice = 'convert it, such as with iconv -f latin1 -t utf8';
    throw unreadable(`${name} is not encoded in UTF-8; ${advice}`, error);
  }
}

function unreadable(detail: string, cause?: unknown): CronflowError {
  return new CronflowError('invalid', detail, { cause });
}

function problemOf({ code, message }: NodeJS.ErrnoException): string {
  const problems: Record<string, string> = {
    ENOENT: 'does not exist; a crontab of your own is printed by: crontab -l | cronflow import crontab',
    EACCES: 'may not be read (EACCES)',
    EISDIR: 'is a directory; import its files one by one',
  };
  return problems[code ?? ''] ?? `cannot be read (${code ?? message})`;
}

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}

function print(crontab: string, options: Options, io: Io): number {
  const { file, timezone, monitor, wrap, json } = options;
  const wrappers = new Set([WRAPPER, basename(monitor)]);
  const imported = importCrontab(crontab, { ...options, wrappers });
  const foreign = foreignFormat(file, crontab, imported.lines);
  if (foreign !== undefined) throw unreadable(`${nameOf(file)} ${foreign}`);
  const wrapped = wrap ? wrapCrontab(imported, monitor) : undefined;
  const patch = wrapped && options.diff ? patchOf(nameOf(file), crontab, wrapped.crontab) : undefined;
  if (json) {
    io.stdout(`${JSON.stringify(report(imported, timezone, wrapped, patch), null, 2)}\n`);
  } else {
    io.stderr(remarks(imported, wrapped, nameOf(file)));
    const yaml = options.include ? toIncludedYaml : toYaml;
    io.stdout(patch ?? wrapped?.crontab ?? yaml(imported.jobs, timezone));
  }
  const isWhole = imported.skipped.every(({ code }) => code !== 'unreadable') && !wrapped?.notes.length;
  return isWhole ? EXIT.done : EXIT_PARTLY;
}

function patchOf(name: string, before: string, after: string): string {
  if (before === after) return '';
  return createTwoFilesPatch(name, name, before, after, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  });
}

function report(
  { jobs, skipped, notes }: CrontabImport,
  timezone: string,
  wrapped: WrappedCrontab | undefined,
  diff: string | undefined,
): object {
  return {
    timezone,
    jobs: jobs.map(({ runs: _runs, ...job }) => ({ ...job, timezone: job.timezone ?? timezone })),
    skipped,
    notes: [...notes, ...(wrapped?.notes ?? [])],
    ...(wrapped === undefined ? {} : { crontab: wrapped.crontab }),
    ...(diff === undefined ? {} : { diff }),
  };
}

function remarks(
  { jobs, skipped, notes }: CrontabImport,
  wrapped: WrappedCrontab | undefined,
  name: string,
): string {
  const all = [
    ...skipped.map(({ line, message }) => ({ line, message: `skipped: ${message}` })),
    ...notes,
    ...(wrapped?.notes ?? []),
  ].sort((a, b) => a.line - b.line);
  const lines = all.map(({ line, message }) => `${name}:${line}: ${message}`);
  const total = `${name}: ${counted(jobs.length, 'job')}, ${counted(skipped.length, 'line')} skipped`;
  return [...lines, total, ''].join('\n');
}
