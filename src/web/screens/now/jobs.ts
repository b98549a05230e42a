import { signal } from '@preact/signals';
import type { Job, RecentRuns, ShortRun } from '../../../cli/api-types.ts';
import { ask, askNext } from '../../api/client.ts';
import type { Change } from '../../model/stream.ts';
import { changedJobs } from '../../model/changed-jobs.ts';

/** All jobs by name, as far as they are loaded; null before the first of them are. */
export const jobs = signal<ReadonlyMap<string, Job> | null>(null);
/** The latest runs of the jobs that were shown, the latest first. */
export const recent = signal<ReadonlyMap<string, readonly ShortRun[]>>(new Map());

/** The names of the jobs whose runs the list shows. */
let shown: ReadonlySet<string> = new Set();
/** The names of the jobs that run, of which it is known how long they usually take. */
let watched: ReadonlySet<string> = new Set();

const PAGE = 1_000;
/** So many jobs are asked for by name together. */
const TOGETHER = 50;
/** When more jobs than this have changed, all of them are asked for again. */
const CHANGED_MAX = 200;

/** Asks for all jobs, a page at a time. The first page is shown while the others come. */
async function loadAll(aborted: AbortSignal): Promise<void> {
  let answer = await ask('get_jobs', { query: { limit: PAGE }, signal: aborted });
  const found = new Map<string, Job>();
  for (;;) {
    for (const job of answer.body) found.set(job.name, job);
    if (aborted.aborted) return;
    if (jobs.value === null || answer.next === null) jobs.value = new Map(found);
    if (answer.next === null) return;
    answer = await askNext('get_jobs', answer.next);
  }
}

/**
 * Asks for what the changes say: for the jobs that changed by name, or for all.
 * @param changes what changed since the last time; `fresh` the first time
 */
export async function loadJobs(changes: readonly Change[], aborted: AbortSignal): Promise<void> {
  const names = changedJobs(changes);
  if (names === null || names.length > CHANGED_MAX) {
    await loadAll(aborted);
    // What is not needed now is asked for when it is shown again. What could not be asked for before is asked for now.
    const needed = new Set([...shown, ...watched]);
    recent.value = new Map([...recent.value].filter(([name]) => needed.has(name)));
    return loadRecent([...needed], aborted);
  }
  for (const part of partsOf(names)) {
    const { body } = await ask('get_jobs', { query: { name: part }, signal: aborted });
    if (aborted.aborted) return;
    const all = new Map(jobs.value);
    for (const name of part) all.delete(name);
    for (const job of body) all.set(job.name, job);
    jobs.value = all;
  }
  await loadRecent(
    names.filter((name) => recent.value.has(name) || shown.has(name) || watched.has(name)),
    aborted,
  );
}

/** Asks for the latest runs of the jobs that are shown and were not before. */
export async function showRecent(names: readonly string[]): Promise<void> {
  shown = new Set(names);
  await loadRecent(names.filter((name) => !recent.peek().has(name)));
}

/** Asks for the latest runs of the jobs that run and did not before. */
export async function watchRecent(names: readonly string[]): Promise<void> {
  watched = new Set(names);
  await loadRecent(names.filter((name) => !recent.peek().has(name)));
}

/** Asks for the latest runs of jobs. */
async function loadRecent(names: readonly string[], aborted?: AbortSignal): Promise<void> {
  for (const part of partsOf(names)) {
    const { body } = await ask('get_recent_runs', {
      query: { job: part },
      ...(aborted === undefined ? {} : { signal: aborted }),
    });
    keep(body);
  }
}

function keep(found: readonly RecentRuns[]): void {
  recent.value = new Map([
    ...recent.value,
    ...found.map(({ job_name: name, runs }) => [name, runs] as const),
  ]);
}

function partsOf(names: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < names.length; at += TOGETHER) parts.push(names.slice(at, at + TOGETHER));
  return parts;
}
