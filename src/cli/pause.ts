import type { Operations } from './api-types.ts';
import { oneJob, parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { call, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { END_OPTIONS, type EndValues, untilOf } from './until.ts';
import { viewOf } from './view.ts';

const PAUSE_HELP = `Usage: cronflow pause JOB [OPTIONS]

Pauses a job of a running Cronflow: its pings are recorded and do not count, nothing is expected, and an open incident
closes without a message. A pause outlasts changes of the file.

  --for D          how long, such as 4h or 2d; then the job is resumed by itself
  --until WHEN     until then: an instant with its zone, such as 2026-12-24T17:00Z. Without --for or --until the pause
                   lasts until somebody resumes the job
${URL_HELP}.
                   Its token is that of CRONFLOW_TOKEN
  --json           print the job as POST /jobs/JOB/pause does
  --help

Examples:
  cronflow pause daily-database-backup --for 4h
  cronflow pause daily-database-backup

Exit codes: 0 it is paused, 1 there is no such job, or Cronflow cannot be asked, 2 wrong usage.
`;

const RESUME_HELP = `Usage: cronflow resume JOB [OPTIONS]

Ends the pause of a job of a running Cronflow. It expects its first slot after that. A job that is not paused stays as
it is. A job whose file says "paused: true" is resumed in the file.

${URL_HELP}.
                   Its token is that of CRONFLOW_TOKEN
  --json           print the job as POST /jobs/JOB/resume does
  --help

Example:
  cronflow resume daily-database-backup

Exit codes: 0 it is not paused any more, 1 there is no such job, its file pauses it, or Cronflow cannot be asked, 2 wrong
usage.
`;

interface Options {
  server: Server;
  job: string;
  until: string | null;
  json: boolean;
}

type Answer = Operations['post_pause']['answer'];

/** Runs `cronflow pause JOB`. Returns the exit code, see its help. */
export function pause(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'pause',
    help: PAUSE_HELP,
    read: () => readOptions(argv, io, true),
    run: async (options) => {
      const job = await posted(options, 'pause');
      const view = viewOf(io);
      const until =
        typeof job.paused_until_at !== 'string'
          ? `until somebody resumes it: cronflow resume ${job.name}`
          : `until ${view.instant(job.paused_until_at)}`;
      print(io, options, job, `${job.name} is paused ${until}.`);
      return EXIT.done;
    },
  });
}

/** Runs `cronflow resume JOB`. Returns the exit code, see its help. */
export function resume(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'resume',
    help: RESUME_HELP,
    read: () => readOptions(argv, io, false),
    run: async (options) => {
      const job = await posted(options, 'resume');
      const expected =
        job.expected_at === null ? '' : ` It is expected at ${viewOf(io).instant(job.expected_at)}.`;
      print(io, options, job, `${job.name} is not paused.${expected}`);
      return EXIT.done;
    },
  });
}

function print(io: Io, { json }: Options, answer: Answer, text: string): void {
  io.stdout(json ? `${JSON.stringify(answer, null, 2)}\n` : `${text}\n`);
}

async function posted({ server, job, until }: Options, what: 'pause' | 'resume'): Promise<Answer> {
  const params = { name: job };
  if (what === 'resume') return call(server, 'post_resume', { params }, { scope: 'all' });
  const body = until === null ? {} : { until };
  return call(server, 'post_pause', { params, body }, { scope: 'all' });
}

function readOptions(argv: readonly string[], io: Io, hasEnd: boolean): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...SERVER_OPTIONS, ...(hasEnd ? END_OPTIONS : {}) },
    allowPositionals: true,
  });
  if (values.help) return null;
  const job = oneJob(positionals);
  return { server: serverOf(io, values.url), job, until: untilOf(values as EndValues), json: values.json };
}
