import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { instantOf } from '../../model/time.ts';
import { statusWord } from '../../model/words.ts';
import { Link } from '../../router.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Clock } from '../../ui/moment.tsx';
import { scheduleWords } from '../../ui/schedule-words.ts';
import { mayWrite } from '../../ui/session.ts';
import { AcknowledgeJob } from './acknowledge-job.tsx';

/** The name of a job, what it does, and what may be done to it. */
export function JobHead({ job }: { job: Job }): JSX.Element {
  const { name, description, group, owner, tags, runbook, incident, late, status } = job;
  return (
    <header class="job-head">
      <div>
        <h1>
          <Mark
            look={late && incident === null ? 'late' : status}
            label={late ? `${statusWord(status)}, late` : statusWord(status)}
          />
          <span class="job-name">{name}</span>
        </h1>
        {description !== null && <p>{description}</p>}
        <p class="facts dim">
          <span title={job.schedule ?? undefined}>
            {scheduleWords(job)}
            {job.schedule !== null && `, ${job.timezone}`}
          </span>
          {group !== null && (
            <span>
              group <Link to={{ screen: 'now', query: { group } }}>{group}</Link>
            </span>
          )}
          {owner !== null && (
            <span>
              owner <Link to={{ screen: 'now', query: { owner } }}>{owner}</Link>
            </span>
          )}
          {tags.map((tag) => (
            <Link key={tag} to={{ screen: 'now', query: { tag } }} class="tag">
              {tag}
            </Link>
          ))}
          {runbook !== undefined && (
            <a href={runbook} rel="noopener noreferrer" target="_blank">
              Runbook
            </a>
          )}
        </p>
      </div>
      <div class="actions">
        {incident !== null && <AcknowledgeJob id={incident.id} />}
        <Pause job={job} />
      </div>
    </header>
  );
}

function Pause({ job }: { job: Job }): JSX.Element {
  const failed = useSignal<string | null>(null);
  const isSending = useSignal(false);
  const send = async (operation: 'post_pause' | 'post_resume'): Promise<void> => {
    isSending.value = true;
    try {
      await ask(operation, { params: { name: job.name } });
      failed.value = null;
    } catch (error) {
      failed.value = (error as Error).message;
    }
    isSending.value = false;
  };
  const untilAt = instantOf(job.paused_until_at);
  return (
    <>
      {job.paused && untilAt !== null && (
        <span class="dim">
          paused until <Clock at={untilAt} />
        </span>
      )}
      {mayWrite.value && (
        <button
          type="button"
          disabled={isSending.value}
          title={job.paused ? 'Its pings count again' : 'Its pings are recorded and do not count'}
          onClick={() => void send(job.paused ? 'post_resume' : 'post_pause')}
        >
          {job.paused ? 'Resume' : 'Pause'}
        </button>
      )}
      {failed.value !== null && <span role="alert">{failed.value}</span>}
    </>
  );
}
