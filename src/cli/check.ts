import { join, relative, resolve, sep } from 'node:path';
import type { SourceFile } from '../config/config.ts';
import { sortedByPlace } from '../config/config-file.ts';
import { formatFaults } from '../config/format.ts';
import { hideInFault } from '../config/secrets/hide.ts';
import { withoutAllowed } from '../config/allowed-lints.ts';
import { lintsOf } from '../config/lints.ts';
import { loadConfig } from '../config/load.ts';
import { locatorOf } from '../config/locator.ts';
import { NO_ENV } from '../config/substitute.ts';
import { type Fault, type Lint, LINTS } from '../core/model/errors.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import { githubAnnotations } from './github.ts';
import type { Io } from './io.ts';
import { limitLines, type Limits, limitsOf } from './run-limits.ts';
import { severityOf, worded } from '../config/lint-words.ts';
import { lintNames } from './lint.ts';
import { configPathOf, FILE_OPTIONS } from './offline.ts';
import { counted } from '../core/text/counts.ts';

const FORMATS = ['text', 'json', 'github'] as const;
type Format = (typeof FORMATS)[number];
const LINTS_PER_LINE = 4;

const HELP = `Usage: cronflow check [FILE] [OPTIONS]

Prints all errors of the configuration, and then its lints: settings that are valid and probably not meant.

  FILE             the configuration (--config, CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --url URL        ask a running Cronflow, too: for undeclared names that ping it and are one letter away from the name of a
                   job, and for a renamed_from that would rename nothing there. The token is taken from
                   CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --strict         exit with 3 if there are lints that are warnings, not mere notes
  --no-env         read no variable of the environment and no file of a secret, as in CI: a value from one of these is
                   taken for whatever its key wants
  --allow LINT     leave this lint out; may be given again. In the file, a comment behind the setting or on the line
                   above does so for one place: # cronflow: allow LINT. Lints:
                   ${lintLines().join(',\n                   ')}
  --format FORMAT  ${FORMATS.join(', ')} (default: text); github prints annotations of a pull request
  --json           the same as --format json
  --help

Exit codes: 0 valid, 1 errors, or URL cannot be asked, 2 wrong usage, 3 valid, but there are warnings and --strict was given.
`;

interface Options {
  path: string;
  url: string | undefined;
  strict: boolean;
  /** False where the environment and the files of secrets are left alone. */
  hasEnv: boolean;
  /** Names of lints that are not reported. */
  allow: readonly string[];
  format: Format;
}

/** The findings of `cronflow check`. */
interface Findings {
  errors: readonly Fault[];
  lints: readonly Lint[];
  /** The number of lints that are not reported, because they are allowed. */
  allowed: number;
  files: readonly SourceFile[];
  /** The `redact` patterns; empty for an invalid configuration. */
  redact: readonly string[];
  /** The counts of jobs and notifiers; empty for an invalid configuration. */
  summary: string;
  /** The time after which a run of each job times out, by the name of the job; empty for an invalid configuration. */
  limits: Limits;
}

/** The findings, beside its errors, for a configuration that is not valid. */
const INVALID = {
  lints: [],
  allowed: 0,
  redact: [],
  summary: '',
  limits: new Map<string, string>(),
} satisfies Partial<Findings>;

/** Returns the names of all lints, a few on each line. */
function lintLines(): string[] {
  const lines = Math.ceil(LINTS.length / LINTS_PER_LINE);
  return Array.from({ length: lines }, (_, line) =>
    LINTS.slice(line * LINTS_PER_LINE, (line + 1) * LINTS_PER_LINE).join(', '),
  );
}

/** Runs `cronflow check`: prints all errors and lints of a configuration. Returns the exit code, see its help. */
export function check(argv: readonly string[], io: Io): Promise<number> {
  const read = (): Options | null => readOptions(argv, io);
  const run = async (options: Options): Promise<number> => {
    const findings = shortened(await findingsOf(options, io), io.cwd);
    io.stdout(written(findings, options.format, relativeTo(io.cwd, options.path)));
    if (findings.errors.length > 0) return EXIT.failed;
    const isWarned = findings.lints.some((lint) => severityOf(lint) === 'warning');
    return options.strict && isWarned ? EXIT.lints : EXIT.done;
  };
  return runWithOptions(io, { name: 'check', help: HELP, read, run });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...FILE_OPTIONS,
      url: { type: 'string' },
      strict: { type: 'boolean', default: false },
      'no-env': { type: 'boolean', default: false },
      allow: { type: 'string', multiple: true, default: [] },
      format: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  const format = values.format ?? (values.json ? 'json' : 'text');
  const known = FORMATS.find((each) => each === format);
  if (known === undefined) throw new Error(`--format "${format}" is not one of ${FORMATS.join(', ')}`);
  const path = configPathOf(io, positionals, values.config);
  const allow = lintNames(values.allow);
  const hasEnv = !values['no-env'];
  return { path, url: values.url, strict: values.strict, hasEnv, allow, format: known };
}

async function findingsOf({ path, url, hasEnv, allow }: Options, io: Io): Promise<Findings> {
  const env = hasEnv ? io.env : NO_ENV;
  const loaded = await loadConfig(path, env, { isInline: true });
  if (!loaded.ok) return { ...INVALID, errors: loaded.faults, files: loaded.files };
  const { config, texts } = loaded;
  const { files, redact } = config;
  // The module is loaded only here, because a check of the files alone does without the store.
  const running =
    url === undefined ? undefined : await (await import('./check-running.ts')).runningAt(io, url, config);
  const own = lintsOf(config, locatorOf(config, env, texts), {
    nowAt: io.clock.now(),
    pinging: running?.pinging ?? [],
  });
  const paths = files.map((file) => file.path);
  const all = sortedByPlace<Lint>([...own, ...(running?.lints ?? [])], paths);
  const { lints, allowed } = withoutAllowed(all, files, allow);
  const found = { lints, allowed, files, redact };
  const errors = sortedByPlace(running?.faults ?? [], paths);
  if (errors.length > 0) return { ...INVALID, ...found, errors };
  const summary = `${counted(config.jobs.length, 'job')}, ${counted(config.notifiers.length, 'notifier')}`;
  return { ...found, errors, summary, limits: limitsOf(config) };
}

/** Names files as seen from where the command was called, as editors and pull requests do. */
function shortened(findings: Findings, cwd: string): Findings {
  const short = <F extends Fault>(fault: F): F => {
    const shown = hideInFault(fault, findings.redact);
    // A message may name a second place.
    const message = shown.message.replaceAll(join(cwd, sep), '');
    return {
      ...shown,
      message,
      ...(fault.file === undefined ? {} : { file: relativeTo(cwd, fault.file) }),
    };
  };
  return {
    ...findings,
    errors: findings.errors.map(short),
    lints: findings.lints.map(short),
    files: findings.files.map(({ path, text }) => ({ path: relativeTo(cwd, path), text })),
  };
}

function relativeTo(cwd: string, path: string): string {
  const short = relative(cwd, resolve(cwd, path));
  return short === '' || short.startsWith('..') ? path : short;
}

function written(findings: Findings, format: Format, path: string): string {
  const { errors, lints, files, redact, limits } = findings;
  switch (format) {
    case 'json': {
      const named = lints.map((lint) => ({ severity: severityOf(lint), ...lint }));
      const found = { ok: errors.length === 0, errors, lints: named, limits: Object.fromEntries(limits) };
      return `${JSON.stringify(found, null, 2)}\n`;
    }
    case 'github':
      return (
        githubAnnotations(errors, () => 'error') +
        githubAnnotations(lints, (lint) => (severityOf(lint) === 'note' ? 'notice' : 'warning'))
      );
    case 'text': {
      const blocks = [errors, lints.map(worded)].map((faults) =>
        formatFaults(faults, files, { faultsMax: Infinity, redact }),
      );
      return `${[...blocks.filter(Boolean), verdict(findings, path), ...limitLines(limits)].join('\n')}\n`;
    }
  }
}

/** Returns the last line, such as `cronflow.yaml is valid: 4 jobs, 1 notifier, 1 warning, 2 notes`. */
function verdict({ errors, lints, allowed, summary }: Findings, path: string): string {
  if (errors.length > 0) return `${path}: ${counted(errors.length, 'error')}`;
  const notes = lints.filter((lint) => severityOf(lint) === 'note').length;
  const parts = [
    summary,
    ...(lints.length > notes ? [counted(lints.length - notes, 'warning')] : []),
    ...(notes > 0 ? [counted(notes, 'note')] : []),
    ...(allowed > 0 ? [`${counted(allowed, 'lint')} allowed`] : []),
  ];
  return `${path} is valid: ${parts.join(', ')}`;
}
