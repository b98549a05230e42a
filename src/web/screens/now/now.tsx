import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useDue } from '../../live/due.ts';
import { useResource } from '../../live/resource.ts';
import { countsOf } from '../../model/jobs.ts';
import { Failure, Notice } from '../../ui/notice.tsx';
import { JobList } from './job-list.tsx';
import { jobs, loadJobs } from './jobs.ts';
import { Night } from './night.tsx';
import { Troubles } from './troubles.tsx';
import { Watch } from './watch.tsx';

/** The first screen: what is wrong and why, and how all jobs are. */
export function Now(): JSX.Element {
  const loaded = useResource(
    'jobs',
    (signal, changes) => loadJobs(changes, signal),
    ({ type }) => type !== 'delivery',
  );
  useDue(() => jobs.peek()?.values() ?? []);
  const counts = useComputed(() => countsOf(jobs.value?.values() ?? []));
  const { error } = loaded.value;
  if (jobs.value === null)
    return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <Troubles />
      <Watch />
      <Night />
      {jobs.value.size === 0 ? <NoJobs /> : <JobList jobs={jobs.value} counts={counts.value} />}
    </>
  );
}

function NoJobs(): JSX.Element {
  return (
    <Notice title="No jobs yet">
      <p>
        A job is declared in <code>cronflow.yaml</code>, which Cronflow watches. Add one, and it appears here:
      </p>
      <pre>{'jobs:\n  nightly-backup:\n    schedule: "0 2 * * *"\n    grace: 10m'}</pre>
      <p>Then let its crontab line report what it does:</p>
      <pre>{'0 2 * * * monitor.sh nightly-backup -- /usr/local/bin/backup.sh'}</pre>
      <p>
        <code>crontab -l | cronflow import crontab</code> writes the lines of <code>cronflow.yaml</code> for a
        crontab that you have.
      </p>
    </Notice>
  );
}
