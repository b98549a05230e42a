import { readWritten } from '../apply/stored-configuration.ts';
import { readGlobals } from '../apply/events.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Job, JobState } from '../core/model/records.ts';
import type { Globals } from '../core/model/spec.ts';
import { openOffline } from '../store/open/open-offline.ts';
import type { Operations } from './api-types.ts';
import type { Io } from './io.ts';
import { call, strange } from './remote.ts';

/** The state that a plan is made against. */
export interface StoredJobs {
  /** All jobs, removed ones included. */
  jobs: readonly Job[];
  globals: Globals;
  /** The written settings that belong to no job, by path; undefined where they are not known. */
  written: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads the jobs of a store that need not run.
 * @throws CronflowError `store_missing`, `store_damaged`
 */
export async function storedIn(storeUrl: string): Promise<StoredJobs> {
  const state = await openOffline(storeUrl).state();
  return { jobs: state.jobs(), globals: readGlobals(state), written: readWritten(state) };
}

/** A page of `GET /config/jobs`, and a job as it lists it. */
type ListedPage = Operations['get_config_jobs']['answer'];
type ListedJob = ListedPage['jobs'][number];

/** The most jobs that one answer may hold. */
const PAGE = 1_000;
/** The list is read anew this often if the declarations change between two pages. */
const TRIES_MAX = 5;

/**
 * Reads the jobs of a running Cronflow, page by page.
 * @throws CronflowError `unreachable`
 */
export async function storedAt(io: Io, url: string): Promise<StoredJobs> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const first = await pageAt(io, url, {});
    const jobs = [...first.jobs];
    let isSame = true;
    while (isSame && jobs.length < first.total) {
      const page = await pageAt(io, url, { skip: jobs.length, limit: PAGE });
      isSame = page.revision === first.revision && page.total === first.total && page.jobs.length > 0;
      jobs.push(...page.jobs);
    }
    if (!isSame) continue;
    const globals = { notifiers: first.notifiers, replayWindowMs: first.replay_window_ms };
    return { jobs: jobs.map(jobOf), globals, written: first.settings ?? undefined };
  }
  throw new CronflowError('unreachable', `What ${url} has declared changed while it was read. Try again.`);
}

async function pageAt(
  io: Io,
  url: string,
  query: Operations['get_config_jobs']['query'],
): Promise<ListedPage> {
  const page: Partial<ListedPage> = await call({ io, base: url }, 'get_config_jobs', { query });
  const { revision = null, total, jobs, notifiers, replay_window_ms, settings = null } = page;
  // What another version answers may be anything.
  if (!Array.isArray(jobs) || !Array.isArray(notifiers) || typeof replay_window_ms !== 'number')
    throw strange(url);
  // An answer without a total holds all jobs.
  return { revision, total: total ?? jobs.length, jobs, notifiers, replay_window_ms, settings };
}

function jobOf({ removed_at: removedAt, renamed, run_count: runCount, ...listed }: ListedJob): Job {
  return {
    ...listed,
    created_at: 0,
    updated_at: 0,
    removed_at: removedAt === null ? null : Date.parse(removedAt),
    renamed: renamed.map(({ from, at }) => ({ from, at: Date.parse(at) })),
    // A plan reads nothing of the state but whether there is a history.
    state: { run_count: runCount } as JobState,
  };
}
