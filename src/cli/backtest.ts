import { LIVENESS_KEY } from '../apply/alive.ts';
import { backtestJobs } from '../apply/backtest.ts';
import { readGlobals } from '../apply/events.ts';
import { replayStartOf } from '../apply/replay-start.ts';
import type { Config } from '../config/config.ts';
import { type BacktestReport, reportText } from '../core/backtest/report.ts';
import { type Respecified, respecified, sameCount, unloggedNames } from '../core/backtest/backtest.ts';
import { BothReplays } from '../core/backtest/both-replays.ts';
import { planChanges } from '../core/plan/plan.ts';
import { parseDuration } from '../schedule/duration.ts';
import type { LoggedHistory, OfflineStore, StoredState } from '../store/offline.ts';
import { openOffline } from '../store/open/open-offline.ts';
import { readAgain } from '../store/read-again.ts';
import { parseArgs } from './arguments.ts';
import { reportJson } from './backtest-report.ts';
import { EXIT, runWithOptions } from './command.ts';
import { folded } from './fold.ts';
import type { Io } from './io.ts';
import { configPathOf, FILE_OPTIONS, storeOf, validConfig } from './offline.ts';

const SINCE_DEFAULT = '30d';

const HELP = `Usage: cronflow backtest [FILE] [OPTIONS]

Replays the logged pings under the configuration in FILE, and prints which incidents would have been new, gone or
different from those under the one that runs. It reads the data directory, or the database that CRONFLOW_STORE
names, also while Cronflow runs, and changes nothing.

  FILE             the configuration (--config, CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --since D        how far back, such as 7d or 12h (default: ${SINCE_DEFAULT}); at most as far as the log goes
  --data-dir DIR   where state is kept (CRONFLOW_DATA_DIR; default: ./data)
  --json           print the same for programs
  --help

Exit codes: 0 no difference, 2 differences, 1 the file, the data directory or the command line is at fault.
`;

interface Options {
  config: string;
  storeUrl: string;
  sinceMs: number;
  json: boolean;
}

/**
 * Runs `cronflow backtest`: says which incidents a configuration would have made of the pings that were logged.
 * Returns the exit code: 0 no difference, 2 differences, 1 errors.
 */
export function backtest(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'backtest',
    help: HELP,
    usageCode: EXIT.failed,
    read: () => readOptions(argv, io),
    run: async (options) => {
      const report = await reportOn(options, io);
      const text = (): string => folded(reportText(report), io.terminal?.columns);
      io.stdout(options.json ? `${JSON.stringify(reportJson(report), null, 2)}\n` : text());
      return report.jobs.length > 0 ? EXIT.different : EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...FILE_OPTIONS,
      'data-dir': { type: 'string' },
      since: { type: 'string', default: SINCE_DEFAULT },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  return {
    config: configPathOf(io, positionals, values.config),
    storeUrl: storeOf(io, values['data-dir']).storeUrl,
    sinceMs: durationOf(values.since),
    json: values.json,
  };
}

function durationOf(since: string): number {
  try {
    return parseDuration(since);
  } catch (cause) {
    throw new Error(`--since "${since}" is not a duration such as 90m, 12h or 7d`, { cause });
  }
}

async function reportOn(options: Options, io: Io): Promise<BacktestReport> {
  const config = await validConfig(io, options.config);
  return readAgain(() => replayed(options, config, io.clock.now()));
}

async function replayed(options: Options, config: Config, nowAt: number): Promise<BacktestReport> {
  const offline = openOffline(options.storeUrl);
  const history = await offline.history();
  const now = await offline.state();
  const plan = planChanges(now.jobs(), config.jobs, config);
  const pairs = respecified(plan, readGlobals(now), config.globals);
  const sinceAt = nowAt - options.sinceMs;
  const outcome =
    history === null
      ? await replayedByJob(offline, pairs, { sinceAt, untilAt: aliveAt(now) ?? nowAt })
      : await replayedAtOnce(history, pairs, sinceAt);
  return { ...outcome, jobs_same: sameCount(plan, pairs), unlogged: unloggedNames(plan) };
}

type Outcome = Omit<BacktestReport, 'jobs_same' | 'unlogged'>;

/** Returns the last sign of life, which is the end of the log. */
function aliveAt(now: StoredState): number | undefined {
  return now.meta(LIVENESS_KEY) as number | undefined;
}

/** Replays jobs one after another, however long that takes. */
function replayedByJob(
  offline: OfflineStore,
  pairs: readonly Respecified[],
  { sinceAt, untilAt }: { sinceAt: number; untilAt: number },
): Promise<Outcome> {
  return backtestJobs(offline, pairs, {
    since_at: sinceAt,
    until_at: untilAt,
    monotonic: () => 0,
    ms_max: Infinity,
    past: { bytes_max: Infinity, ms_max: Infinity },
  });
}

/** Replays all jobs beside each other, because a log that holds them all is read once. */
async function replayedAtOnce(
  history: LoggedHistory,
  pairs: readonly Respecified[],
  askedAt: number,
): Promise<Outcome> {
  const replays = new Map(pairs.map((pair) => [pair.job.id, replaysOf(pair, history)]));
  const untilAt = await replayAll(history, replays);
  const sinceAt = Math.max(history.begin_at, askedAt);
  const jobs = pairs.flatMap((pair) => {
    const changes = replays.get(pair.job.id)!.changes(sinceAt);
    return changes.length === 0 ? [] : [{ name: pair.job.name, is_removed: pair.next === null, changes }];
  });
  return {
    log_from_at: history.begin_at,
    from_at: sinceAt,
    until_at: untilAt,
    jobs_replayed: pairs.length,
    jobs_left_out: 0,
    jobs,
  };
}

/** Begins the replays of a job at the beginning of the log, or before anything for a job that was declared later. */
function replaysOf(pair: Respecified, { begin, begin_at: beginAt }: LoggedHistory): BothReplays {
  const job = begin.jobById(pair.job.id);
  if (job === undefined) return new BothReplays(pair, null);
  const records = {
    job,
    runs: begin.runsOf(job.id),
    incident: begin.openIncidentOf(job.id) ?? null,
    meta: (key: string) => begin.meta(key),
  };
  return new BothReplays(pair, replayStartOf(records, beginAt));
}

/** Feeds the log to the replays; returns the instant at which the log ends. */
async function replayAll(history: LoggedHistory, replays: ReadonlyMap<string, BothReplays>): Promise<number> {
  let untilAt = history.begin_at;
  for await (const commit of history.commits()) {
    untilAt = Math.max(untilAt, commit.at);
    for (const { job_id: jobId, event } of commit.events) replays.get(jobId)?.apply(event);
  }
  for (const each of replays.values()) each.pass(untilAt);
  return untilAt;
}
