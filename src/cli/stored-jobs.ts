import type { Job, JobState } from '../core/model.ts';
import type { Globals } from '../core/spec.ts';
import { readWritten } from '../ingest/configuration.ts';
import { readGlobals } from '../ingest/events.ts';
import { readTables } from '../store/lowdb/history.ts';
import type { Io } from './io.ts';
import { getJson, strange } from './remote.ts';

/** What a plan is made against. */
export interface StoredJobs {
  /** Removed ones included. */
  jobs: readonly Job[];
  globals: Globals;
  /** What is written of what belongs to no job, by path; undefined where that is not known. */
  written: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads what a data directory holds.
 * @throws CronflowError `store_missing`, `store_damaged`
 */
export async function storedIn(directory: string): Promise<StoredJobs> {
  const tables = await readTables(directory);
  return { jobs: [...tables.jobs()], globals: readGlobals(tables), written: readWritten(tables) };
}

/** A job as `GET /config/jobs` lists it. */
type ListedJob = Omit<Job, 'state' | 'removed_at' | 'renamed' | 'created_at' | 'updated_at'> & {
  removed_at: string | null;
  renamed: { from: string; at: string }[];
  run_count: number;
};

/**
 * Asks a running Cronflow for the same.
 * @throws CronflowError `unreachable`
 */
export async function storedAt(io: Io, url: string): Promise<StoredJobs> {
  const answer = await getJson(io, url, '/config/jobs');
  const { jobs, notifiers, replay_window_ms: replayWindowMs, settings } = answer as Record<string, unknown>;
  if (!Array.isArray(jobs) || !Array.isArray(notifiers) || typeof replayWindowMs !== 'number') {
    throw strange(url);
  }
  return {
    jobs: (jobs as ListedJob[]).map(jobOf),
    globals: { notifiers: notifiers as string[], replayWindowMs },
    written: (settings ?? undefined) as Readonly<Record<string, string>> | undefined,
  };
}

function jobOf({ removed_at: removedAt, renamed, run_count: runCount, ...listed }: ListedJob): Job {
  return {
    ...listed,
    created_at: 0,
    updated_at: 0,
    removed_at: removedAt === null ? null : Date.parse(removedAt),
    renamed: renamed.map(({ from, at }) => ({ from, at: Date.parse(at) })),
    // A plan asks of the state whether there is a history, and nothing else.
    state: { run_count: runCount } as JobState,
  };
}
