import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { ApiError, ask } from '../../api/client.ts';
import { useDue } from '../../live/due.ts';
import { useResource } from '../../live/resource.ts';
import type { Place } from '../../model/address.ts';
import { Link } from '../../router.tsx';
import { Failure, Notice } from '../../ui/notice.tsx';
import { Calendar } from './calendar.tsx';
import { Coming } from './coming.tsx';
import { Declared } from './declared.tsx';
import { Durations } from './durations.tsx';
import { JobHead } from './head.tsx';
import { History } from './history.tsx';
import { JobIncidents } from './incidents.tsx';
import { Lines } from './lines.tsx';
import { useRuns } from './runs.ts';
import { Why } from './why.tsx';

/** The page of one job, or of one run of it. */
export function JobScreen({ place: { job: name, id } }: { place: Place }): JSX.Element {
  const job = name ?? '';
  const loaded = useResource(
    `job ${job}`,
    async (signal) => (await ask('get_job', { params: { name: job }, signal })).body,
    (change) => change.job === job,
  );
  useDue(() => (loaded.peek().data === null ? [] : [loaded.peek().data!]));
  const { data, error } = loaded.value;
  // It may be removed while its page is open.
  if (error instanceof ApiError && error.status === 404) return <Unknown job={job} />;
  if (data !== null && data.name === job) return <Shown key={job} job={data} runId={id} />;
  return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
}

function Unknown({ job }: { job: string }): JSX.Element {
  return (
    <Notice title={`There is no job ${job}`}>
      <p>
        It may have been removed or renamed. <Link to={{ screen: 'now' }}>All jobs</Link> are on the first
        screen.
      </p>
    </Notice>
  );
}

function Shown({ job, runId }: { job: Job; runId: string | null }): JSX.Element {
  const runs = useRuns(job.name);
  return (
    <article class="job-page">
      <JobHead job={job} />
      <Why job={job.name} />
      {job.advice !== null && <p class="advice">{job.advice}</p>}
      <div class="job-columns">
        <div>
          <History job={job} runs={runs} openId={runId} />
          <JobIncidents job={job.name} />
        </div>
        <div>
          <Durations job={job} runs={runs.items} />
          <Calendar job={job.name} />
          <Coming job={job} />
          <Declared job={job} />
          <Lines job={job} isNew={job.last_outcome === null || job.incident?.reason === 'never_seen'} />
        </div>
      </div>
    </article>
  );
}
