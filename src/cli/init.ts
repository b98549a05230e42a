import { open } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CronflowError } from '../core/model/errors.ts';
import { compileCron } from '../schedule/cron.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { configPathOf, FILE_OPTIONS } from './offline.ts';

const SCHEMA_PATH = fileURLToPath(new URL('../../schemas/cronflow.schema.json', import.meta.url));

const HELP = `Usage: cronflow init [FILE] [OPTIONS]

Writes a first configuration, with comments, that can be served as it is. It never writes over a file.

  FILE             where (--config, CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --timezone Z     the zone that schedules are read in (default: that of this machine)
  --json           print {"file", "timezone"}
  --help

Exit codes: 0 written, 1 there is something of that name already, or it cannot be written, 2 wrong usage.
`;

interface Options {
  path: string;
  timezone: string;
  json: boolean;
}

/** Runs `cronflow init`: writes a first configuration. Returns the exit code, see its help. */
export function init(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'init',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ path, timezone, json }) => {
      await writeNew(path, configuration(schemaSeenFrom(path), timezone));
      if (json) io.stdout(`${JSON.stringify({ file: path, timezone })}\n`);
      else io.stdout(`${path} is written. Put your jobs into it; then: cronflow check, cronflow serve\n`);
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...FILE_OPTIONS, timezone: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const timezone = values.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  // The error for a zone that does not exist says what is allowed.
  compileCron('@daily', timezone);
  return { path: configPathOf(io, positionals, values.config), timezone, json: values.json };
}

/**
 * Writes a file, and never over another one.
 * @throws CronflowError `invalid`, also for a file that exists already
 */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CronflowError('invalid', notWritten(path, code), { cause: error });
  }
}

function notWritten(path: string, code: string): string {
  switch (code) {
    case 'EEXIST':
      return `${path} is there already and stays as it is. Name another FILE, or move it away.`;
    case 'ENOENT':
      return `${path} cannot be written, because its directory is not there. Make the directory, or name another FILE.`;
    default:
      return `${path} cannot be written (${code}). Name another FILE, or see to it that this user may write there.`;
  }
}

/**
 * Returns the path of this installation's schema. It is relative where the schema lies below the directory of the
 * file, else absolute.
 */
function schemaSeenFrom(path: string): string {
  const seen = relative(dirname(path), SCHEMA_PATH);
  return seen.startsWith('..') ? SCHEMA_PATH : `./${seen.replaceAll(sep, '/')}`;
}

/** Writes the configuration. No change of daylight saving time skips the times in it. */
function configuration(schema: string, timezone: string): string {
  return `# yaml-language-server: $schema=${schema}
#
# What Cronflow watches. It reads this file again whenever it changes; a mistake changes nothing and is reported.
# "cronflow check" says what is wrong with it, "cronflow plan" what a change of it would change.

# What holds for every job that does not say otherwise.
defaults:
  timezone: ${timezone}
  grace: 5m # how long after its time a job may start
  notify: [ops]

# Who can be told. Without SLACK_WEBHOOK_URL in the environment, notifications go to the log only.
notifiers:
  ops:
    type: slack
    webhook_url: \${SLACK_WEBHOOK_URL:-}

jobs:
  # Put your own in its place. In the crontab: 30 4 * * * /path/to/monitor.sh nightly-backup -- /path/to/backup
  nightly-backup:
    schedule: '30 4 * * *'
    max_runtime: 2h # a run that takes longer is reported
    description: Copies the database to the vault
    # runbook: https://wiki.example.com/backup
    # failure_threshold: 2 # tell only of the second bad run in a row
`;
}
