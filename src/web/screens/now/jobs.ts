import { signal } from '@preact/signals';
import type { Job } from '../../../cli/api-types.ts';
import { ask, askNext } from '../../api/client.ts';

/** All jobs by name, as far as they are loaded; null before the first of them are. */
export const jobs = signal<ReadonlyMap<string, Job> | null>(null);

const PAGE = 1_000;

/** Asks for all jobs, a page at a time. The first page is shown while the others come. */
export async function loadJobs(aborted: AbortSignal): Promise<void> {
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
