import { readWritten } from '../apply/configuration.ts';
import { readGlobals } from '../apply/events.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Job, JobState } from '../core/model/records.ts';
import type { Globals } from '../core/model/spec.ts';
import { openOffline } from '../store/open/open-offline.ts';
import type { Io } from './io.ts';
import { getJson, strange } from './remote.ts';

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

/** A job as `GET /config/jobs` lists it. */
type ListedJob = Omit<Job, 'state' | 'removed_at' | 'renamed' | 'created_at' | 'updated_at'> & {
  removed_at: string | null;
  renamed: { from: string; at: string }[];
  run_count: number;
};

/** The usable content of one page of `GET /config/jobs`. */
interface ListedPage {
  revision: unknown;
  total: number;
  jobs: ListedJob[];
  stored: Omit<StoredJobs, 'jobs'>;
}

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
    const first = await pageAt(io, url, '/config/jobs');
    const jobs = [...first.jobs];
    let isSame = true;
    while (isSame && jobs.length < first.total) {
      const page = await pageAt(io, url, `/config/jobs?skip=${jobs.length}&limit=${PAGE}`);
      isSame = page.revision === first.revision && page.total === first.total && page.jobs.length > 0;
      jobs.push(...page.jobs);
    }
    if (isSame) return { ...first.stored, jobs: jobs.map(jobOf) };
  }
  throw new CronflowError('unreachable', `What ${url} has declared changed while it was read. Try again.`);
}

async function pageAt(io: Io, url: string, path: string): Promise<ListedPage> {
  const answer = (await getJson(io, url, path)) as Record<string, unknown>;
  const { revision, jobs, notifiers, replay_window_ms: replayWindowMs, settings } = answer;
  if (!Array.isArray(jobs) || !Array.isArray(notifiers) || typeof replayWindowMs !== 'number') {
    throw strange(url);
  }
  // An answer without a total holds all jobs.
  const total = typeof answer['total'] === 'number' ? answer['total'] : jobs.length;
  return {
    revision,
    total,
    jobs: jobs as ListedJob[],
    stored: {
      globals: { notifiers: notifiers as string[], replayWindowMs },
      written: (settings ?? undefined) as Readonly<Record<string, string>> | undefined,
    },
  };
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
