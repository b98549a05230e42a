import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Incident, Run } from '../../../cli/api-types.ts';
import { ApiError, ask } from '../../api/client.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { lastLines } from '../../model/output.ts';
import { instantOf } from '../../model/time.ts';
import { acknowledgedUntil, reasonText, systemText, whyText } from '../../model/words.ts';
import { Link } from '../../router.tsx';
import { Acknowledge } from '../../ui/acknowledge.tsx';
import { lookOfIncident, Mark } from '../../ui/mark.tsx';
import { Clock, Since } from '../../ui/moment.tsx';
import { Failure } from '../../ui/notice.tsx';

/** So many incidents are shown before somebody asks for all. */
const SHOWN_FIRST = 8;
const LINES = 2;
const LOADED_MAX = 1_000;
const ROUGHLY_MS = 5_000;

/** What is wrong now: each open incident with since when, why, and what was printed last. */
export function Troubles(): JSX.Element {
  const loaded = useResource(
    'open incidents',
    (signal) => ask('get_incidents', { query: { open: 'true', limit: LOADED_MAX }, signal }),
    ({ type }) => type === 'incident',
  );
  const isWhole = useSignal(false);
  // An acknowledgement ends by itself, and nothing is heard of that.
  const roughlyAt = useComputed(() => nowAt.value - (nowAt.value % ROUGHLY_MS)).value;
  const { data, error } = loaded.value;
  if (data === null) return error === null ? <></> : <Failure error={error} />;
  const count = data.total ?? data.body.length;
  if (count === 0) {
    return (
      <section class="troubles">
        <h1 class="all-well">
          <Mark look="success" label="" /> Nothing is wrong
        </h1>
      </section>
    );
  }
  const ordered = data.body.toSorted((a, b) => inOrder(a, b, roughlyAt));
  const shown = isWhole.value ? ordered : ordered.slice(0, SHOWN_FIRST);
  return (
    <section class="troubles" aria-labelledby="troubles-title">
      <h1 id="troubles-title">
        {count.toLocaleString('en')} {count === 1 ? 'thing is' : 'things are'} wrong
      </h1>
      <ol>
        {shown.map((incident) => (
          <li key={incident.id} class={acknowledgedUntil(incident, roughlyAt) === null ? '' : 'acknowledged'}>
            <Trouble incident={incident} />
          </li>
        ))}
      </ol>
      {shown.length < ordered.length && (
        <button type="button" onClick={() => (isWhole.value = true)}>
          Show {ordered.length < count ? `the latest ${ordered.length}` : `all ${count}`}
        </button>
      )}
    </section>
  );
}

/** Trouble of Cronflow itself comes first, and what somebody is on last; otherwise what opened last comes first. */
function inOrder(a: Incident, b: Incident, at: number): number {
  const rank = rankOf(a, at) - rankOf(b, at);
  if (rank !== 0) return rank;
  if (a.opened_at !== b.opened_at) return a.opened_at < b.opened_at ? 1 : -1;
  return (a.job_name ?? '') < (b.job_name ?? '') ? -1 : 1;
}

function rankOf(incident: Incident, at: number): number {
  return acknowledgedUntil(incident, at) !== null ? 2 : incident.kind === 'job' ? 1 : 0;
}

function Trouble({ incident }: { incident: Incident }): JSX.Element {
  const { job_name: job, opened_at: openedAt, bad_count: badCount } = incident;
  const run = useLatest(incident);
  const at = instantOf(openedAt) ?? nowAt.value;
  // The run that says more may not be there yet, or be kept no longer.
  const why =
    job === null
      ? systemText(incident)
      : run === null
        ? reasonText(incident.reason)
        : whyText(run.row, nowAt.peek(), ZONE);
  return (
    <>
      <p class="what">
        <Mark look={lookOfIncident(incident)} />
        {job === null ? <strong>Cronflow itself</strong> : <JobName job={job} />}
        <span class="why" title={why}>
          {why}
        </span>
      </p>
      <p class="since dim">
        since <Clock at={at} /> (<Since at={at} />){badCount > 1 && ` · ${badCount} bad`}
        {' · '}
        <Link to={{ screen: 'incident', id: incident.id }}>{toldText(incident)}</Link>
        <Acknowledge incident={incident} />
      </p>
      {run !== null && run.lines.length > 0 && <pre class="lines">{run.lines.join('\n')}</pre>}
    </>
  );
}

function JobName({ job }: { job: string }): JSX.Element {
  return (
    <Link to={{ screen: 'job', job }} class="name">
      {job}
    </Link>
  );
}

function toldText({ told, announce_at: announceAt }: Incident): string {
  // Whether a message has arrived is on the page of the incident.
  if (told.length > 0) return `message to ${told.join(', ')}`;
  return announceAt === null ? 'message to nobody' : 'in maintenance, message to nobody yet';
}

/** Asks for the latest bad outcome of an incident, and for what it printed last. */
function useLatest(incident: Incident): { row: Run; lines: string[] } | null {
  const { job_name: name, outcomes, opened_by_run_id: openedBy } = incident;
  const id = outcomes.at(-1)?.run_id ?? openedBy;
  const loaded = useResource(
    `latest ${name} ${id} ${incident.bad_count}`,
    async (signal) => {
      if (name === null || id === null) return null;
      const params = { name, id };
      try {
        const { body: row } = await ask('get_run', { params, signal });
        if (row.output_bytes === 0) return { row, lines: [] };
        const { body: output } = await ask('get_output', { params, signal });
        return { row, lines: lastLines(output, LINES) };
      } catch (error) {
        // The history keeps so many runs of a job, and an incident may be older.
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    (change) => change.type === 'run' && change.id === id,
  );
  return loaded.value.data;
}
