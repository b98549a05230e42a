import { formatDuration } from '../schedule/duration.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { askAll, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { shortInstant, table } from './text.ts';

const COUNT_DEFAULT = 20;
const COUNT_MAX = 10_000;

const HELP = `Usage: cronflow runs JOB [OPTIONS]

Prints the runs of a job, and the slots that ended without one, newest first, from a running Cronflow.

${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --count N        how many, 1 to ${COUNT_MAX} (default: ${COUNT_DEFAULT})
  --json           print them as GET /jobs/JOB/runs does
  --help

Exit codes: 0 done, 1 there is no such job, or Cronflow cannot be asked, 2 wrong usage.
`;

interface Options {
  server: Server;
  job: string;
  count: number;
  json: boolean;
}

/** The keys of a run that this command reads. */
interface ListedRun {
  id: string;
  slot_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
  outcome: string | null;
  reason: string;
  detail: string | null;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  late: boolean;
  count: number;
}

/**
 * Runs `cronflow runs JOB`: prints the history of a job of a running Cronflow. Returns the exit code, see its help.
 */
export function runs(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'runs',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, job, count, json }) => {
      const path = `/jobs/${encodeURIComponent(job)}/runs`;
      const found = (await askAll(server, path, {}, count)) as ListedRun[];
      io.stdout(
        json ? `${JSON.stringify(found, null, 2)}\n` : runsText(job, found, io.terminal?.columns ?? Infinity),
      );
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...SERVER_OPTIONS, count: { type: 'string', default: String(COUNT_DEFAULT) } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const [job, second] = positionals;
  if (job === undefined || job === '') throw new Error('it needs a JOB; cronflow status lists them');
  if (second !== undefined) throw new Error(`one JOB; "${second}" is too many`);
  const count = Number(values.count);
  if (!/^\d+$/.test(values.count) || count < 1 || count > COUNT_MAX)
    throw new Error(`--count ${JSON.stringify(values.count)} is not a whole number from 1 to ${COUNT_MAX}`);
  return { server: serverOf(io, values.url), job, count, json: values.json };
}

function runsText(job: string, found: readonly ListedRun[], columns: number): string {
  if (found.length === 0) return `${job} has no runs yet.\n`;
  const heading = ['STARTED', 'SLOT', 'DURATION', 'OUTCOME', 'REASON', 'HOST', 'RUN'];
  const rows = found.map((run) => [
    shortInstant(run.started_at),
    shortInstant(run.slot_at),
    run.duration_ms === null ? '-' : formatDuration(run.duration_ms),
    outcomeOf(run),
    reasonOf(run),
    run.host ?? '-',
    run.id,
  ]);
  const whole = table(heading, rows);
  if (whole.split('\n').every((line) => line.length <= columns)) return whole;
  // Lines that a terminal breaks cannot be read, so the id is left out, which people need least.
  const narrow = rows.map((cells) => cells.slice(0, -1));
  return `${table(heading.slice(0, -1), narrow)}The ids of the runs are in --json.\n`;
}

function outcomeOf({ outcome, late, count }: ListedRun): string {
  return `${outcome ?? 'running'}${late ? ', late' : ''}${count > 1 ? `, ${count} times` : ''}`;
}

function reasonOf({ reason, exit_code: exitCode, signal, detail }: ListedRun): string {
  const more = [
    ...(exitCode === null ? [] : [`exit ${exitCode}`]),
    ...(signal === null ? [] : [signal]),
    ...(detail === null ? [] : [detail]),
  ];
  return more.length === 0 ? reason : `${reason} (${more.join(', ')})`;
}
