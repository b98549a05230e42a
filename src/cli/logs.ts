import { CronflowError } from '../core/model/errors.ts';
import { counted } from '../core/text/counts.ts';
import { cleanText } from '../delivery/message/clean.ts';
import type { Run } from './api-types.ts';
import { oneJob, parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { askText, call, callAll, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { viewOf } from './view.ts';

/** So many of the latest runs are looked at for one that printed something. */
const RUNS_MAX = 1_000;

const HELP = `Usage: cronflow logs JOB [OPTIONS]

Prints the kept end of what a run of a job printed, from a running Cronflow: that of the last run that printed anything.
Which run that is, and how much is missing before it, goes to standard error. A pipe or a file gets the output as it is;
at a terminal, control characters are left out.

  --run ID         the run; cronflow runs JOB lists their ids
${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --json           print {"run": ..., "output": ...}, with the run as GET /jobs/JOB/runs/ID has it
  --help

Examples:
  cronflow logs daily-database-backup
  cronflow logs daily-database-backup | grep -i error

Exit codes: 0 done, 1 there is no such job or run, it printed nothing, or Cronflow cannot be asked, 2 wrong usage.
`;

interface Options {
  server: Server;
  job: string;
  /** Null for the last run that printed anything. */
  run: string | null;
  json: boolean;
}

/** Runs `cronflow logs JOB`: prints the output of a run. Returns the exit code, see its help. */
export function logs(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'logs',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, job, run: id, json }) => {
      const run = await runOf(server, job, id);
      const { text, headers } = await askText(server, outputPath(job, run.id));
      if (json) {
        io.stdout(`${JSON.stringify({ run, output: text }, null, 2)}\n`);
        return text === '' ? EXIT.failed : EXIT.done;
      }
      io.stderr(`${about(run, io)}${missing(Number(headers['x-output-dropped-bytes'] ?? 0))}\n`);
      if (text === '') {
        io.stderr('cronflow logs: nothing of its output is kept\n');
        return EXIT.failed;
      }
      io.stdout(io.terminal === undefined ? text : forTerminal(text));
      return EXIT.done;
    },
  });
}

function outputPath(job: string, id: string): string {
  return `/jobs/${encodeURIComponent(job)}/runs/${encodeURIComponent(id)}/output`;
}

async function runOf(server: Server, job: string, id: string | null): Promise<Run> {
  if (id !== null) return call(server, 'get_run', { params: { name: job, id } });
  const runs = await callAll(server, 'get_runs', { params: { name: job } }, RUNS_MAX);
  const found = runs.find((run) => run.output_bytes > 0);
  if (found !== undefined) return found;
  const why =
    runs.length === 0
      ? 'has no runs yet'
      : `printed nothing that is kept in ${runs.length === 1 ? 'its only run' : `its last ${runs.length} runs`}`;
  throw new CronflowError('not_found', `${job} ${why}.`);
}

/** Writes which run it is, such as `backup-12: failure (exit_code), began Thu 02:00, 6h ago, on web1`. */
function about(run: Run, io: Io): string {
  const began = run.started_at === null ? 'ended' : 'began';
  const host = run.host === null ? '' : ` on ${cleanText(run.host)}`;
  const when = viewOf(io).instant(run.started_at ?? run.ended_at);
  return `run ${run.id}: ${run.outcome ?? 'running'} (${run.reason}), ${began} ${when}${host}`;
}

function missing(droppedBytes: number): string {
  return droppedBytes > 0 ? `; ${counted(droppedBytes, 'byte')} before this are not kept` : '';
}

/** Nothing that a job printed can move the cursor or change the terminal. */
function forTerminal(text: string): string {
  const clean = cleanText(text);
  return clean.endsWith('\n') ? clean : `${clean}\n`;
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...SERVER_OPTIONS, run: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const job = oneJob(positionals);
  return { server: serverOf(io, values.url), job, run: values.run ?? null, json: values.json };
}
