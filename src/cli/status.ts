import { parseArgs } from 'node:util';
import { STATUSES } from '../core/reasons.ts';
import { cleanLine } from '../delivery/message/clean.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { ask, askAll, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { counted, shortInstant, table } from './text.ts';

const HELP = `Usage: cronflow status [OPTIONS]

Prints the jobs of a running Cronflow, how each last went, when it is expected next, and what is in trouble, also
Cronflow itself.

${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --status S       only jobs of this status: ${STATUSES.join(', ')}
  --trouble        only jobs that are in trouble
  --tag T          only jobs with this tag
  --group G        only jobs of this group
  --json           print {"ready", "detail", "warnings", "incidents", "jobs"}; incidents are those of Cronflow itself
  --help

Exit codes: 0 all is well, 3 Cronflow or one of these jobs is in trouble, 1 Cronflow cannot be asked, 2 wrong usage.
`;

/** Something is in trouble: it was asked and answered, so it is neither a failure of the command nor wrong usage. */
const EXIT_TROUBLE = 3;
const DETAIL_LENGTH_MAX = 300;

interface Options {
  server: Server;
  /** Of `GET /jobs`. */
  query: Readonly<Record<string, string>>;
  json: boolean;
}

/** What this command reads of a job. */
interface ListedJob {
  name: string;
  status: string;
  late: boolean;
  last_run: string | null;
  expected_at: string | null;
  incident: ListedIncident | null;
}

interface ListedIncident {
  reason: string;
  opened_at: string;
  bad_count: number;
  job_id?: string | null;
  detail?: string;
}

interface Status {
  ready: boolean;
  /** Why it is not. */
  detail: string | null;
  warnings: readonly string[];
  /** Open ones that belong to no job. */
  incidents: readonly ListedIncident[];
  jobs: readonly ListedJob[];
}

/** `cronflow status`: the jobs of a running Cronflow. Returns the exit code, see its help. */
export function status(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'status',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ server, query, json }) => {
      const found = await statusOf(server, query);
      io.stdout(json ? `${JSON.stringify(found, null, 2)}\n` : statusText(found));
      return isTrouble(found) ? EXIT_TROUBLE : EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...SERVER_OPTIONS,
      status: { type: 'string' },
      trouble: { type: 'boolean', default: false },
      tag: { type: 'string' },
      group: { type: 'string' },
    },
    allowPositionals: false,
  });
  if (values.help) return null;
  const { tag, group } = values;
  if (values.status !== undefined && !STATUSES.some((each) => each === values.status))
    throw new Error(`--status "${values.status}" is not one of ${STATUSES.join(', ')}`);
  const query = {
    ...(values.status === undefined ? {} : { status: values.status }),
    ...(values.trouble ? { incident: 'open' } : {}),
    ...(tag === undefined ? {} : { tag }),
    ...(group === undefined ? {} : { group }),
  };
  return { server: serverOf(io, values.url), query, json: values.json };
}

async function statusOf(server: Server, query: Options['query']): Promise<Status> {
  const jobs = (await askAll(server, '/jobs', query)) as ListedJob[];
  const incidents = (await askAll(server, '/incidents', { open: 'true' })) as ListedIncident[];
  // It answers with 503 when it is not ready, and says why.
  const ready = (await ask(server, '/readyz', { statuses: [200, 503] })) as {
    status: string;
    detail?: string | null;
    warnings?: readonly string[];
  };
  return {
    ready: ready.status === 'ready',
    detail: ready.detail ?? null,
    warnings: ready.warnings ?? [],
    incidents: incidents.filter((incident) => incident.job_id === null),
    jobs,
  };
}

function isTrouble({ ready, incidents, jobs }: Status): boolean {
  return !ready || incidents.length > 0 || jobs.some((job) => job.incident !== null);
}

function statusText(found: Status): string {
  const { jobs, incidents, warnings } = found;
  const heading = ['JOB', 'STATUS', 'LAST RUN', 'EXPECTED', 'IN TROUBLE'];
  const rows = jobs.map((job) => [
    job.name,
    job.late ? `${job.status}, late` : job.status,
    shortInstant(job.last_run),
    shortInstant(job.expected_at),
    job.incident === null ? '-' : troubleOf(job.incident),
  ]);
  const notes = [
    ...(found.ready ? [] : [`Cronflow is not ready: ${found.detail ?? 'it does not say why'}`]),
    ...incidents.map((each) => `Cronflow itself: ${troubleOf(each)}: ${each.detail ?? ''}`),
    ...warnings,
  ].map((note) => cleanLine(note, DETAIL_LENGTH_MAX));
  const list = jobs.length === 0 ? '' : `${table(heading, rows)}\n`;
  return `${list}${summary(jobs)}\n${notes.map((note) => `${note}\n`).join('')}`;
}

function troubleOf({ reason, opened_at: openedAt, bad_count: badCount }: ListedIncident): string {
  const times = badCount > 1 ? `, ${badCount} times` : '';
  return `${reason} since ${shortInstant(openedAt)}${times}`;
}

/** Such as `3 jobs: 2 success, 1 failure; 1 in trouble`. */
function summary(jobs: readonly ListedJob[]): string {
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(job.status, (counts.get(job.status) ?? 0) + 1);
  const parts = Array.from(counts, ([word, count]) => `${count} ${word}`).sort();
  const trouble = jobs.filter((job) => job.incident !== null).length;
  const list = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${counted(jobs.length, 'job')}${list}; ${trouble === 0 ? 'none' : trouble} in trouble`;
}
