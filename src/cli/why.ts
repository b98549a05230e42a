import { readGlobals } from '../apply/events.ts';
import { ASKED_ALLOWED, explain, instantAskedAbout } from '../apply/why.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Delivery, Job } from '../core/model/records.ts';
import type { Why } from '../core/why/explanation.ts';
import { INSTANT_KEY } from '../http/answer/wire.ts';
import { whyJson } from '../http/routes/why.ts';
import { openOffline } from '../store/open/open-offline.ts';
import type { StoredState } from '../store/offline.ts';
import { oneJob, parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { storeOf } from './offline.ts';
import { call, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { unknownJobText } from './unknown-job.ts';
import { whyText } from './why-text.ts';

const HELP = `Usage: cronflow why JOB [OPTIONS]

Explains why a job is as it is, or was: when it was expected and by which rule, which pings came and what each did, what
nobody could see, what the incident is and who was told, and what time alone does next. It is read from the log of
commits, which goes back 30 days.

  --at WHEN        the instant to explain (default: now): a time of day such as 02:05, which is the last one that has
                   been, a local time such as "2026-12-24 18:00", an instant with a zone, or a time ago such as 2h.
                   Local times are those of the job's time zone
${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --data-dir DIR   read this data directory instead, also while no Cronflow runs
  --json           print it as GET /jobs/JOB/why does
  --help

Examples:
  cronflow why daily-database-backup
  cronflow why daily-database-backup --at 02:05
  cronflow why daily-database-backup --at 2d --data-dir /var/lib/cronflow

Exit codes: 0 done, 1 there is no such job, or the log cannot be read, 2 wrong usage.
`;

/** A read of files holds nobody up. */
const FILE_LIMITS = { bytes_max: 64 * 2 ** 30, ms_max: 10 * 60_000 };
/** The pages of the repository, for those who read a data directory and have no server to ask. */
const OFFLINE_DOCS = 'docs/reasons.md';

interface Options {
  job: string;
  at: string | null;
  /** Null to read a data directory. */
  server: Server | null;
  storeUrl: string;
  json: boolean;
}

/** Runs `cronflow why JOB`: explains a job from the log of commits. Returns the exit code, see its help. */
export function why(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'why',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async (options) => {
      const { server, json } = options;
      if (server === null) {
        const found = await explainedOffline(options, io);
        print(io, json, whyJson(found, ''), found, OFFLINE_DOCS);
      } else {
        const answer = await asked(server, options);
        print(io, json, answer, whyOf(answer), `${server.base.replace(/\/+$/, '')}/docs/reasons`);
      }
      return EXIT.done;
    },
  });
}

function print(io: Io, json: boolean, answer: object, found: Why, docs: string): void {
  if (json) io.stdout(`${JSON.stringify(answer, null, 2)}\n`);
  else io.stdout(whyText(found, { columns: io.terminal?.columns, docs }));
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...SERVER_OPTIONS, at: { type: 'string' }, 'data-dir': { type: 'string' } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const job = oneJob(positionals);
  if (values.url !== undefined && values['data-dir'] !== undefined)
    throw new Error('--url asks a running Cronflow, --data-dir reads its files; choose one of them');
  const isOffline = values['data-dir'] !== undefined;
  return {
    job,
    at: values.at ?? null,
    server: isOffline ? null : serverOf(io, values.url),
    storeUrl: isOffline ? storeOf(io, values['data-dir']).storeUrl : '',
    json: values.json,
  };
}

async function asked(server: Server, { job, at }: Options): Promise<object> {
  return call(server, 'get_why', { params: { name: job }, ...(at === null ? {} : { query: { at } }) });
}

async function explainedOffline({ job: name, at: text, storeUrl }: Options, io: Io): Promise<Why> {
  const offline = openOffline(storeUrl);
  const state = await offline.state();
  const job = jobNamed(state, name);
  const nowAt = io.clock.now();
  const at = text === null ? nowAt : instantAskedAbout(text, nowAt, job.declaration.timezone ?? 'UTC');
  if (at === undefined || at > nowAt) {
    const what =
      at === undefined
        ? `is none of these: ${ASKED_ALLOWED}`
        : 'is after now, and only the past can be explained';
    throw new CronflowError('usage', `--at ${JSON.stringify(text)} ${what}.`);
  }
  const source = {
    past: offline.past.bind(offline),
    deliveries: async (_jobId: string, ids: readonly string[]): Promise<Delivery[]> =>
      ids.map((id) => state.delivery(id)).filter((each) => each !== undefined),
  };
  return explain(source, job, { at, nowAt, globals: readGlobals(state), limits: FILE_LIMITS });
}

function jobNamed(state: StoredState, name: string): Job {
  const jobs = state.jobs();
  const job = jobs.find((each) => each.name === name);
  if (job !== undefined) return job;
  const names = jobs.filter((each) => each.removed_at === null).map((each) => each.name);
  throw new CronflowError('unknown_job', unknownJobText(name, names));
}

/** Reads the instants of an answer back. */
function whyOf(answer: object): Why {
  return JSON.parse(JSON.stringify(answer), readInstant) as Why;
}

function readInstant(key: string, value: unknown): unknown {
  return INSTANT_KEY.test(key) && typeof value === 'string' ? Date.parse(value) : value;
}
