import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { durationText, instantOf } from '../../model/time.ts';
import { statusWord } from '../../model/words.ts';
import { Bars } from '../../ui/bars.tsx';
import { Link } from '../../router.tsx';
import { type Look, Mark } from '../../ui/mark.tsx';
import { Ago, Distance } from '../../ui/moment.tsx';
import { scheduleWords } from '../../ui/schedule-words.ts';
import { recent } from './jobs.ts';

/** A job in the list of all. */
export function JobRow({ job, index, isAt }: { job: Job; index: number; isAt: boolean }): JSX.Element {
  const lastAt = instantOf(job.last_run);
  const runs = recent.value.get(job.name);
  const took = runs?.find(({ duration_ms: ms }) => ms !== null)?.duration_ms ?? null;
  return (
    <div class={isAt ? 'job at' : 'job'} data-row={index}>
      <Mark look={lookOf(job)} label={wordOf(job)} />
      <Link to={{ screen: 'job', job: job.name }} class="name" title={job.description ?? job.name}>
        {job.name}
      </Link>
      <span class="group">{job.group ?? ''}</span>
      <span class="schedule" title={job.schedule ?? undefined}>
        {scheduleWords(job)}
      </span>
      <Bars runs={runs} />
      <span class="last">{lastAt === null ? <span class="dim">never ran</span> : <Ago at={lastAt} />}</span>
      <span class="took dim">{took === null ? '' : durationText(took)}</span>
      <Next job={job} />
    </div>
  );
}

function Next({ job }: { job: Job }): JSX.Element {
  const nextAt = instantOf(job.expected_at);
  if (job.paused) return <span class="next dim">paused</span>;
  if (nextAt === null) return <span class="next" />;
  return (
    <span class={job.late ? 'next due' : 'next'}>
      {job.late && 'due '}
      <Distance at={nextAt} />
    </span>
  );
}

/** A job in trouble looks so, also while another run of it goes on. */
function lookOf({ late, incident, status }: Job): Look {
  if (incident !== null) return incident.kinds.at(-1) ?? 'failure';
  return late ? 'late' : status;
}

function wordOf({ late, incident, status }: Job): string {
  if (incident !== null) return 'in trouble';
  return late ? 'late' : statusWord(status);
}
