import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { instantOf } from '../../model/time.ts';
import { statusWord } from '../../model/words.ts';
import { Link } from '../../router.tsx';
import { type Look, Mark } from '../../ui/mark.tsx';
import { Distance } from '../../ui/moment.tsx';
import { scheduleWords } from '../../ui/schedule-words.ts';

/** A job in the list of all. */
export function JobRow({ job, index, isAt }: { job: Job; index: number; isAt: boolean }): JSX.Element {
  const lastAt = instantOf(job.last_run);
  const nextAt = instantOf(job.expected_at);
  return (
    <div class={isAt ? 'job at' : 'job'} data-row={index}>
      <Mark look={lookOf(job)} label={job.late ? 'late' : statusWord(job.status)} />
      <Link to={{ screen: 'job', job: job.name }} class="name" title={job.description ?? job.name}>
        {job.name}
      </Link>
      <span class="group dim">{job.group ?? ''}</span>
      <span class="schedule dim" title={job.schedule ?? undefined}>
        {scheduleWords(job)}
      </span>
      <span class="last">
        {lastAt === null ? <span class="dim">never ran</span> : <Distance at={lastAt} />}
      </span>
      <span class="next">{job.paused ? 'paused' : nextAt === null ? '' : <Distance at={nextAt} />}</span>
    </div>
  );
}

function lookOf({ late, incident, status }: Job): Look {
  return late && incident === null ? 'late' : status;
}
