import { STATUSES } from '../core/model/reasons.ts';
import { cleanLine } from '../delivery/message/clean.ts';
import type { Incident, IncidentSummary, Job, Operations } from './api-types.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { call, callAll, type Server, SERVER_OPTIONS, serverOf, URL_HELP } from './remote.ts';
import { counted } from '../core/text/counts.ts';
import type { ServeHost } from './serve.ts';
import { shownFor } from './status-watch.ts';
import { type View, viewOf } from './view.ts';
import { watch } from './watch.ts';

const HELP = `Usage: cronflow status [OPTIONS]

Prints the jobs of a running Cronflow, those in trouble first: how each last went, when it is expected next, and what is
wrong, also with Cronflow itself and with names that ping and that nobody declares. Times are those of the zone that TZ
names, or of this machine. On a terminal trouble is red, unless NO_COLOR is set.

${URL_HELP}.
                   Its token is that of CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN
  --status S       only jobs of this status: ${STATUSES.join(', ')}
  --trouble        only jobs that are in trouble
  --tag T          only jobs with this tag
  --group G        only jobs of this group
  --json           print {"ready", "detail", "warnings", "incidents", "unknown_pings", "jobs"} in UTC; incidents are those
                   of Cronflow itself
  --watch          go on, live, until Ctrl-C: the table at a terminal, and a line for each job that changes to a pipe.
                   A server that is lost is tried again, and it says since when it is lost
  --help

Examples:
  cronflow status --trouble
  cronflow status --watch --group finance
  cronflow status --json | jq '.jobs[] | select(.incident) | .name'

Exit codes: 0 all is well, 3 Cronflow or one of these jobs is in trouble, 1 Cronflow cannot be asked, 2 wrong usage.
`;

/**
 * The exit code for trouble. Cronflow was asked and answered, so this is neither a failure of the command nor wrong
 * usage.
 */
const EXIT_TROUBLE = 3;
const DETAIL_LENGTH_MAX = 300;
const NAME_LENGTH_MAX = 200;
const STATUS_WIDTH = 7;
/** The width of the longest instant, `15 Jan 02:00, 28d ago`. */
const INSTANT_WIDTH = 21;
const UNKNOWN_MAX = 20;

interface Options {
  server: Server;
  /** The parameters for `GET /jobs`. */
  query: Operations['get_jobs']['query'];
  json: boolean;
  watch: boolean;
}

interface Status {
  ready: boolean;
  /** The reason why it is not ready. */
  detail: string | null;
  warnings: readonly string[];
  /** Open incidents that belong to no job. */
  incidents: readonly Incident[];
  /** Pings for names that nobody declares, newest first. */
  unknown_pings: Operations['get_unknown_pings']['answer'];
  jobs: readonly Job[];
}

/** Runs `cronflow status`: prints the jobs of a running Cronflow. Returns the exit code, see its help. */
export function status(argv: readonly string[], io: Io, host: Stoppable = ENDLESS): Promise<number> {
  return runWithOptions(io, {
    name: 'status',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async (options) => {
      const { server, query, json } = options;
      if (options.watch) return watched(options, io, host);
      const found = await statusOf(server, query);
      io.stdout(json ? `${JSON.stringify(found, null, 2)}\n` : textOf(found, viewOf(io)));
      return isTrouble(found) ? EXIT_TROUBLE : EXIT.done;
    },
  });
}

/** The part of the process that ends a watch. */
type Stoppable = Pick<ServeHost, 'stopRequested' | 'onExit'>;
/** A process that nothing ends, which is enough for all but a watch. */
const ENDLESS: Stoppable = { stopRequested: () => new Promise(() => {}), onExit: () => {} };

/** Shows the status until somebody ends it. Returns the exit code of the status that was shown last. */
async function watched({ server, query, json }: Options, io: Io, host: Stoppable): Promise<number> {
  const stop = new AbortController();
  void host.stopRequested().then(() => stop.abort());
  const { group, tag } = query;
  const search = new URLSearchParams({
    ...(group === undefined ? {} : { group }),
    ...(tag === undefined ? {} : { tag }),
  }).toString();
  const shown = shownFor<Status>(io, server.base, { json, textOf });
  // A second Ctrl-C ends the process at once, and the terminal must not be left as it is then.
  host.onExit(() => shown.close());
  try {
    const last = await watch<Status>({
      server,
      clock: io.clock,
      eventsPath: `/events${search === '' ? '' : `?${search}`}`,
      ask: () => statusOf(server, query),
      nextAt: (found) => nextExpectedAt(found, io.clock.now()),
      show: (found, link) => shown.show(found, link),
      signal: stop.signal,
    });
    return last !== null && isTrouble(last) ? EXIT_TROUBLE : EXIT.done;
  } finally {
    stop.abort();
    shown.close();
  }
}

/** Returns when the next job may be late, which no event tells. */
function nextExpectedAt({ jobs }: Status, nowAt: number): number | null {
  const instants = jobs.map((job) => Date.parse(job.expected_at ?? '')).filter((at) => at > nowAt);
  return instants.length === 0 ? null : Math.min(...instants);
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
      watch: { type: 'boolean', default: false },
    },
    allowPositionals: false,
  });
  if (values.help) return null;
  const { tag, group } = values;
  const ofStatus = STATUSES.find((each) => each === values.status);
  if (values.status !== undefined && ofStatus === undefined)
    throw new Error(`--status "${values.status}" is not one of ${STATUSES.join(', ')}`);
  const query = {
    ...(ofStatus === undefined ? {} : { status: ofStatus }),
    ...(values.trouble ? { incident: 'open' as const } : {}),
    ...(tag === undefined ? {} : { tag }),
    ...(group === undefined ? {} : { group }),
  };
  return { server: serverOf(io, values.url), query, json: values.json, watch: values.watch };
}

async function statusOf(server: Server, query: Options['query']): Promise<Status> {
  const jobs = await callAll(server, 'get_jobs', { query });
  const incidents = await callAll(server, 'get_incidents', { query: { open: 'true' } });
  const unknown = await callAll(server, 'get_unknown_pings', {}, UNKNOWN_MAX);
  // `/readyz` answers with 503, and the reason, when Cronflow is not ready.
  const ready = await call(server, 'get_readyz', {}, { statuses: [200, 503] });
  return {
    ready: ready.status === 'ready',
    detail: ready.detail ?? null,
    warnings: ready.warnings ?? [],
    incidents: incidents.filter((incident) => incident.job_id === null),
    unknown_pings: unknown,
    jobs,
  };
}

function isTrouble({ ready, incidents, jobs }: Status): boolean {
  return !ready || incidents.length > 0 || jobs.some((job) => job.incident !== null);
}

function textOf(found: Status, view: View): string {
  const heading = view.paint('dim', row(view, 'JOB', 'STATUS', 'LAST RUN', 'EXPECTED'));
  const jobs = [...found.jobs].sort((a, b) => urgency(a, view) - urgency(b, view));
  const list = jobs.length === 0 ? '' : `${heading}${jobs.map((job) => jobText(job, view)).join('')}\n`;
  const notes = notesOf(found, view).map((note) => `${cleanLine(note, DETAIL_LENGTH_MAX)}\n`);
  return `${list}${summary(found.jobs)}\n${notes.join('')}`;
}

/** Returns the rank of a job: jobs that people should look at come first, and equal ones keep their order. */
function urgency({ incident, late }: Job, view: View): number {
  if (incident !== null) {
    const until = incident.acknowledged_until_at;
    return typeof until === 'string' && view.isAhead(until) ? 1 : 0;
  }
  return late ? 2 : 3;
}

/** Writes a job, and its trouble and the end of its pause on lines of their own. */
function jobText(job: Job, view: View): string {
  const { incident, late, paused_until_at: until } = job;
  const shownStatus = late ? 'late' : job.status;
  const line = row(view, job.name, shownStatus, view.instant(job.last_run), view.instant(job.expected_at));
  const colour = incident !== null ? 'red' : late ? 'yellow' : null;
  const trouble = incident === null ? '' : `  in trouble: ${troubleOf(incident, view)}\n`;
  // A pause that nobody ends is the easiest to forget.
  const end = typeof until === 'string' ? `until ${view.instant(until)}` : 'until somebody resumes it';
  const pause = job.paused ? `  paused ${end}\n` : '';
  return view.paint(colour, `${line}${trouble}${pause}`);
}

/**
 * Writes a line of the table. A name that is too long for its column has a line of its own, so that nothing of it is
 * lost.
 */
function row({ width }: View, name: string, statusText: string, last: string, expected: string): string {
  const shown = cleanLine(name, NAME_LENGTH_MAX);
  const nameWidth = Math.max(0, width - STATUS_WIDTH - 2 * INSTANT_WIDTH - 6);
  const first = shown.length > nameWidth ? `${shown}\n${''.padEnd(nameWidth)}` : shown.padEnd(nameWidth);
  const cells = [first, statusText.padEnd(STATUS_WIDTH), last.padEnd(INSTANT_WIDTH), expected];
  return `${cells.join('  ').trimEnd()}\n`;
}

function notesOf(found: Status, view: View): string[] {
  return [
    ...(found.ready ? [] : [`Cronflow is not ready: ${found.detail ?? 'it does not say why'}`]),
    ...found.incidents.map((each) => `Cronflow itself: ${troubleOf(each, view)}: ${each.detail ?? ''}`),
    ...found.unknown_pings.map(({ name, count, last_at: lastAt, nearest }) => {
      const times = count === 1 ? 'once, at' : `${count} times, last at`;
      const meant = nearest === null ? '' : ` Did you mean "${nearest}"?`;
      return `Nobody declares "${name}", which pinged ${times} ${view.instant(lastAt)}.${meant}`;
    }),
    ...found.warnings,
  ];
}

function troubleOf(incident: Incident | IncidentSummary, view: View): string {
  const { reason, opened_at: openedAt, bad_count: badCount, acknowledged_until_at: until } = incident;
  const times = badCount > 1 ? `, ${badCount} times` : '';
  return `${reason} since ${view.instant(openedAt)}${times}${acknowledgedWords(until, view)}`;
}

/** Says until when nobody is reminded. An acknowledgement that has ended must not look as if somebody were on it. */
function acknowledgedWords(until: string | null | undefined, view: View): string {
  if (typeof until !== 'string') return '';
  const words = view.isAhead(until) ? 'acknowledged until' : 'no longer acknowledged since';
  return `; ${words} ${view.instant(until)}`;
}

/** Returns the last line, such as `3 jobs: 2 success, 1 failure; 1 in trouble`. */
function summary(jobs: readonly Job[]): string {
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(job.status, (counts.get(job.status) ?? 0) + 1);
  const parts = Array.from(counts, ([word, count]) => `${count} ${word}`).sort();
  const trouble = jobs.filter((job) => job.incident !== null).length;
  const list = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${counted(jobs.length, 'job')}${list}; ${trouble === 0 ? 'none' : trouble} in trouble`;
}
