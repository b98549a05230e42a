import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Job, Run } from '../../../cli/api-types.ts';
import { ApiError, ask } from '../../api/client.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { durationText, instantOf } from '../../model/time.ts';
import { outcomeWord, whyText } from '../../model/words.ts';
import { Mark } from '../../ui/mark.tsx';
import { Clock, Since } from '../../ui/moment.tsx';
import { Output } from './output.tsx';
import type { Runs } from './runs.ts';

const SHOWN_FIRST = 20;

interface HistoryProps {
  job: Job;
  runs: Runs;
  /** The run of the address, which is open from the start. */
  openId: string | null;
}

/** The runs of a job, the newest first; what each printed is a click away. */
export function History({ job, runs, openId }: HistoryProps): JSX.Element {
  const count = useSignal(SHOWN_FIRST);
  const shown = runs.items.slice(0, count.value);
  const isListed = openId === null || shown.some(({ id }) => id === openId);
  const more = async (): Promise<void> => {
    if (count.value >= runs.items.length) await runs.more?.();
    count.value += SHOWN_FIRST * 4;
  };
  return (
    <section class="history" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {runs.error !== null && <p role="alert">{runs.error.message}</p>}
      {!runs.isLoading && runs.items.length === 0 && <NeverSeen job={job} />}
      <ol>
        {!isListed && <SingleRun key={openId} job={job.name} id={openId} />}
        {shown.map((run) => (
          <Row key={run.id} job={job.name} run={run} isOpen={run.id === openId} />
        ))}
      </ol>
      {(runs.more !== null || count.value < runs.items.length) && (
        <button type="button" onClick={() => void more()}>
          Show more of {runs.total}
        </button>
      )}
    </section>
  );
}

function NeverSeen({ job }: { job: Job }): JSX.Element {
  return (
    <p class="empty">
      Nothing was heard of {job.name} yet. <a href="#lines">The lines below</a> make it report.
    </p>
  );
}

/** A run that the list does not show, because it is older. */
function SingleRun({ job, id }: { job: string; id: string }): JSX.Element {
  const loaded = useResource(
    `run ${job} ${id}`,
    async (signal) => (await ask('get_run', { params: { name: job, id }, signal })).body,
    (change) => change.type === 'run' && change.id === id,
  );
  const { data, error } = loaded.value;
  if (data !== null) return <Row job={job} run={data} isOpen />;
  return (
    <li class="empty">
      {error === null
        ? 'Loading the run …'
        : error instanceof ApiError && error.status === 404
          ? 'The run of this address is not kept any more.'
          : `The run of this address cannot be shown: ${error.message}`}
    </li>
  );
}

function Row({ job, run, isOpen }: { job: string; run: Run; isOpen: boolean }): JSX.Element {
  const details = useRef<HTMLDetailsElement>(null);
  const isShown = useSignal(isOpen);
  useEffect(() => {
    if (isOpen) details.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  const beganAt =
    instantOf(run.started_at) ?? instantOf(run.slot_at) ?? instantOf(run.ended_at) ?? nowAt.value;
  return (
    <li class={isOpen ? 'run asked' : 'run'}>
      <details
        ref={details}
        open={isShown.value}
        onToggle={(event) => (isShown.value = event.currentTarget.open)}
      >
        <summary>
          <Mark look={run.outcome ?? 'running'} label={outcomeWord(run.outcome)} />
          <span class="when">
            <Clock at={beganAt} />
          </span>
          <span class="how">{howText(run)}</span>
          <span class="took dim">
            {run.outcome === null ? (
              <Since at={beganAt} />
            ) : run.duration_ms === null ? (
              ''
            ) : (
              durationText(run.duration_ms)
            )}
          </span>
        </summary>
        {isShown.value && <RunDetail job={job} run={run} />}
      </details>
    </li>
  );
}

function howText(run: Run): string {
  if (run.outcome === null) return run.counted ? 'running' : 'running, while paused';
  const isBad = run.outcome !== 'success' && run.outcome !== 'skipped' && run.outcome !== 'unknown';
  const text = isBad ? whyText({ ...run, duration_ms: null }, nowAt.value, ZONE) : outcomeWord(run.outcome);
  const notes = [run.late && 'late', !run.counted && 'while paused'].filter((note) => note !== false);
  return notes.length === 0 ? text : `${text}, ${notes.join(', ')}`;
}

function RunDetail({ job, run }: { job: string; run: Run }): JSX.Element {
  const facts: [string, JSX.Element | string | number | null][] = [
    ['slot', clockOf(run.slot_at)],
    ['started', clockOf(run.started_at)],
    ['ended', clockOf(run.ended_at)],
    ['limit', clockOf(run.limit_at)],
    ['exit code', run.exit_code],
    ['signal', run.signal],
    ['host', run.host],
    ['run id', run.rid],
    ['slots', run.count > 1 ? run.count : null],
  ];
  return (
    <div class="run-detail">
      <dl>
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <Output job={job} run={run} />
    </div>
  );
}

function clockOf(instant: string | null): JSX.Element | null {
  const at = instantOf(instant);
  return at === null ? null : <Clock at={at} />;
}
