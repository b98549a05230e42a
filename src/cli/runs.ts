import { badKindOf } from '../core/model/reasons.ts';
import { formatDuration } from '../schedule/duration.ts';
import type { Operations, Run } from './api-types.ts';
import { oneJob, parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { callAll, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { shortInstant, table } from './text.ts';

const COUNT_DEFAULT = 20;
const COUNT_MAX = 10_000;

const HELP = `Usage: cronflow runs JOB [OPTIONS]

Prints the runs of a job, and the slots that ended without one, newest first, from a running Cronflow.

${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --outcome WORD   only those that ended so, such as failure; open for those that have not ended
  --host HOST      only those that this host reported
  --since WHEN     only what began then or later: a time ago such as 24h, or an instant with a zone
  --until WHEN     only what began before that
  --count N        how many, 1 to ${COUNT_MAX} (default: ${COUNT_DEFAULT})
  --json           print them as GET /jobs/JOB/runs does
  --help

Exit codes: 0 done, 1 there is no such job, or Cronflow cannot be asked, 2 wrong usage.
`;

interface Options {
  server: Server;
  job: string;
  count: number;
  /** The query that selects among the runs. Cronflow judges its values. */
  filter: Operations['get_runs']['query'];
  json: boolean;
}

/**
 * Runs `cronflow runs JOB`: prints the history of a job of a running Cronflow. Returns the exit code, see its help.
 */
export function runs(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'runs',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, job, count, filter, json }) => {
      const columns = io.terminal?.columns ?? Infinity;
      const isFiltered = Object.keys(filter).length > 0;
      const found = await callAll(server, 'get_runs', { params: { name: job }, query: filter }, count);
      io.stdout(json ? `${JSON.stringify(found, null, 2)}\n` : runsText(job, found, { columns, isFiltered }));
      // A pipe gets the table alone.
      if (!json && io.terminal !== undefined && found.some(isBad)) io.stdout(hint(server.base, job));
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...SERVER_OPTIONS,
      count: { type: 'string', default: String(COUNT_DEFAULT) },
      outcome: { type: 'string' },
      host: { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  const job = oneJob(positionals);
  const count = Number(values.count);
  if (!/^\d+$/.test(values.count) || count < 1 || count > COUNT_MAX)
    throw new Error(`--count ${JSON.stringify(values.count)} is not a whole number from 1 to ${COUNT_MAX}`);
  const { outcome, host, since, until } = values;
  const given = Object.entries({ outcome, host, since, until }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const filter = Object.fromEntries(given);
  return { server: serverOf(io, values.url), job, count, filter, json: values.json };
}

function isBad({ outcome }: Run): boolean {
  return outcome !== null && outcome !== undefined && badKindOf(outcome) !== null;
}

/** Says where a reason is explained, and how the job came to it. */
function hint(base: string, job: string): string {
  return `\nWhat a reason means: ${base.replace(/\/+$/, '')}/docs/reasons\nHow it came to that: cronflow why ${job}\n`;
}

function runsText(
  job: string,
  found: readonly Run[],
  { columns, isFiltered }: { columns: number; isFiltered: boolean },
): string {
  if (found.length === 0) return `${job} has no ${isFiltered ? 'such runs' : 'runs yet'}.\n`;
  const heading = ['STARTED', 'SLOT', 'DURATION', 'OUTCOME', 'REASON', 'HOST', 'RUN'];
  const rows = found.map((run) => [
    startOf(run),
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

/** Of a run that reported only its end, the end is all that is known. */
function startOf({ started_at: startedAt, slot_at: slotAt, ended_at: endedAt }: Run): string {
  const isEndAlone = startedAt === null && slotAt === null && endedAt !== null;
  return isEndAlone ? `ended ${shortInstant(endedAt)}` : shortInstant(startedAt);
}

function outcomeOf({ outcome, late, count }: Run): string {
  return `${outcome ?? 'running'}${late ? ', late' : ''}${count > 1 ? `, ${count} times` : ''}`;
}

function reasonOf({ reason, exit_code: exitCode, signal, detail }: Run): string {
  const more = [
    ...(exitCode === null ? [] : [`exit ${exitCode}`]),
    ...(signal === null ? [] : [signal]),
    ...(detail === null ? [] : [detail]),
  ];
  return more.length === 0 ? reason : `${reason} (${more.join(', ')})`;
}
