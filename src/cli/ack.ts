import { CronflowError } from '../core/model/errors.ts';
import type { Job, Operations } from './api-types.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { call, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { END_OPTIONS, untilOf } from './until.ts';
import { viewOf } from './view.ts';

const FOR_DEFAULT = '1d';
const SHOWN_LENGTH_MAX = 200;

const HELP = `Usage: cronflow ack INCIDENT|JOB [OPTIONS]

Acknowledges an open incident of a running Cronflow: nobody is reminded of it until then. It closes as usual. The name
of a job means its open incident; the id of an incident may be one of Cronflow itself, too. Acknowledging again replaces
the time.

  --for D          how long, such as 4h or 2d (default: ${FOR_DEFAULT})
  --until WHEN     until then: an instant with its zone, such as 2026-12-24T17:00Z
${URL_HELP}.
                   Its token is that of CRONFLOW_TOKEN
  --json           print the incident as POST /incidents/ID/ack does
  --help

Examples:
  cronflow ack daily-database-backup --for 4h
  cronflow ack daily-database-backup --until 2026-12-24T17:00Z

Exit codes: 0 it is acknowledged, 1 there is no such incident, the job has none that is open, or Cronflow cannot be
asked, 2 wrong usage.
`;

interface Options {
  server: Server;
  /** The name of a job, or the id of an incident. */
  subject: string;
  until: string;
  json: boolean;
}

/** Runs `cronflow ack INCIDENT|JOB`. Returns the exit code, see its help. */
export function ack(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'ack',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, subject, until, json }) => {
      const id = await incidentIdOf(server, subject);
      const answer = await acknowledged(server, { id: id ?? subject, until, isJob: id !== null });
      const { job_name: job, reason, acknowledged_until_at: untilAt } = answer;
      const whose = job ?? 'Cronflow itself';
      const text = `${whose}: the incident (${reason}) is acknowledged until ${viewOf(io).instant(untilAt)}.`;
      io.stdout(json ? `${JSON.stringify(answer, null, 2)}\n` : `${text}\n`);
      return EXIT.done;
    },
  });
}

type Answer = Operations['post_ack']['answer'];

/** Acknowledges an incident. Where there is none of this id, the name of a job was probably meant. */
async function acknowledged(
  server: Server,
  { id, until, isJob }: { id: string; until: string; isJob: boolean },
): Promise<Answer> {
  const given = { params: { id }, body: { until } };
  const statuses = isJob ? [200] : [200, 404];
  const answer: Partial<Answer> = await call(server, 'post_ack', given, { scope: 'all', statuses });
  if (answer.id !== undefined) return answer as Answer;
  // Only now, because most names are right: the answer for a job says which one was probably meant.
  const { errors } = (await call(server, 'get_job', { params: { name: id } }, { statuses: [200, 404] })) as {
    errors?: readonly { suggestion?: string }[];
  };
  const near = errors?.[0]?.suggestion;
  const next =
    near === undefined
      ? 'cronflow status --trouble lists the jobs in trouble.'
      : `Did you mean ${JSON.stringify(near)}?`;
  const shown = JSON.stringify(id.slice(0, SHOWN_LENGTH_MAX));
  throw new CronflowError('not_found', `No job is named ${shown}, and no incident has this id. ${next}`);
}

/** Returns the id of the open incident of the job of that name; null where there is no such job. */
async function incidentIdOf(server: Server, subject: string): Promise<string | null> {
  const found: Partial<Job> = await call(
    server,
    'get_job',
    { params: { name: subject } },
    { statuses: [200, 404] },
  );
  if (found.name === undefined) return null;
  if (found.incident !== null && found.incident !== undefined) return found.incident.id;
  throw new CronflowError(
    'not_found',
    `${subject} has no open incident, so there is nothing to acknowledge.`,
  );
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...SERVER_OPTIONS, ...END_OPTIONS },
    allowPositionals: true,
  });
  if (values.help) return null;
  const [subject, second] = positionals;
  if (subject === undefined || subject === '')
    throw new Error(
      'it needs a JOB or the id of an INCIDENT; cronflow status --trouble lists jobs in trouble',
    );
  if (second !== undefined) throw new Error(`one JOB or INCIDENT; "${second}" is too many`);
  const until = untilOf(values) ?? FOR_DEFAULT;
  return { server: serverOf(io, values.url), subject, until, json: values.json };
}
