import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { instantOf } from '../../model/time.ts';
import { statusWord } from '../../model/words.ts';
import { Link } from '../../router.tsx';
import { DURATION_CHOICES, DURATION_DEFAULT, HowLong, type HowLongChoice } from '../../ui/how-long.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Clock } from '../../ui/moment.tsx';
import { scheduleWords } from '../../ui/schedule-words.ts';
import { mayWrite } from '../../ui/session.ts';
import { AcknowledgeJob } from './acknowledge-job.tsx';

const PAUSES: readonly HowLongChoice[] = [...DURATION_CHOICES, { until: '', text: 'until resumed' }];

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
  // A pause that nobody ends is the easiest to forget, so it has an end unless somebody chooses none.
  const duration = useSignal(DURATION_DEFAULT);
  const failed = useSignal<string | null>(null);
  const isSending = useSignal(false);
  const send = async (): Promise<void> => {
    const params = { name: job.name };
    const until = duration.value;
    isSending.value = true;
    try {
      if (job.paused) await ask('post_resume', { params });
      else await ask('post_pause', { params, query: until === '' ? {} : { until } });
      failed.value = null;
    } catch (error) {
      failed.value = (error as Error).message;
    }
    isSending.value = false;
  };
  const untilAt = instantOf(job.paused_until_at);
  return (
    <>
      {job.paused && (
        <span class="dim">
          {untilAt === null ? (
            'paused until somebody resumes it'
          ) : (
            <>
              paused until <Clock at={untilAt} />
            </>
          )}
        </span>
      )}
      {mayWrite.value && (
        <span class="for-a-while">
          <button
            type="button"
            disabled={isSending.value}
            title={job.paused ? 'Its pings count again' : 'Its pings are recorded and do not count'}
            onClick={() => void send()}
          >
            {job.paused ? 'Resume' : 'Pause'}
          </button>
          {!job.paused && <HowLong chosen={duration} choices={PAUSES} label="How long it is paused" />}
        </span>
      )}
      {failed.value !== null && <span role="alert">{failed.value}</span>}
    </>
  );
}
