import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Job } from '../../../cli/api-types.ts';
import { nowAt } from '../../live/clock.ts';
import { isLong, usualMs } from '../../model/bars.ts';
import { durationText, instantOf } from '../../model/time.ts';
import { Link } from '../../router.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Clock, Distance, Since } from '../../ui/moment.tsx';
import { jobs, recent, watchRecent } from './jobs.ts';

/** So many running jobs are looked at for whether they take long. */
const RUNNING_MAX = 100;
const SHOWN = 6;

/** What may soon be wrong: jobs that are late, and runs that take far longer than usual. */
export function Watch(): JSX.Element {
  const running = useComputed(() =>
    all()
      .filter(({ status }) => status === 'running')
      .slice(0, RUNNING_MAX),
  );
  const names = running.value.map(({ name }) => name);
  useEffect(() => {
    // Without it no run is called long. It is asked for again with all jobs.
    watchRecent(names).catch(() => {});
  }, [names.join(' ')]);
  const late = all().filter(({ late: isLate, incident }) => isLate && incident === null);
  const long = running.value.filter(({ name, incident }) => incident === null && longRun(name) !== null);
  if (late.length + long.length === 0) return <></>;
  return (
    <ul class="watch" aria-label="Late or running long">
      {late.slice(0, SHOWN).map((job) => (
        <li key={job.id}>
          <Late job={job} />
        </li>
      ))}
      {late.length > SHOWN && (
        <li>
          <Link to={{ screen: 'now', query: { status: 'late' } }}>{late.length - SHOWN} more are late</Link>
        </li>
      )}
      {long.slice(0, SHOWN).map((job) => (
        <li key={job.id}>
          <Long job={job} />
        </li>
      ))}
    </ul>
  );
}

function all(): Job[] {
  return [...(jobs.value?.values() ?? [])];
}

function Late({ job }: { job: Job }): JSX.Element {
  const [expectedAt, deadlineAt] = [instantOf(job.expected_at), instantOf(job.deadline_at)];
  return (
    <>
      <Mark look="late" /> <Link to={{ screen: 'job', job: job.name }}>{job.name}</Link>{' '}
      <span class="dim">
        late: expected at {expectedAt !== null && <Clock at={expectedAt} />}
        {deadlineAt !== null && (
          <>
            , missed <Distance at={deadlineAt} />
          </>
        )}
      </span>
    </>
  );
}

function Long({ job }: { job: Job }): JSX.Element {
  const found = longRun(job.name);
  if (found === null) return <></>;
  return (
    <>
      <Mark look="running" /> <Link to={{ screen: 'job', job: job.name }}>{job.name}</Link>{' '}
      <span class="dim">
        running for <Since at={found.sinceAt} />, usually {durationText(found.usual)}
        {found.limitAt !== null && (
          <>
            ; its limit comes <Distance at={found.limitAt} />
          </>
        )}
      </span>
    </>
  );
}

/** Returns the longest open run of a job that takes far longer than usual; null without one. */
function longRun(name: string): { sinceAt: number; usual: number; limitAt: number | null } | null {
  const runs = recent.value.get(name) ?? [];
  const open = runs.findLast(({ outcome }) => outcome === null);
  const sinceAt = instantOf(open?.began_at);
  const usual = usualMs(runs);
  if (open === undefined || sinceAt === null || usual === null) return null;
  return isLong(nowAt.value - sinceAt, usual) ? { sinceAt, usual, limitAt: instantOf(open.limit_at) } : null;
}
