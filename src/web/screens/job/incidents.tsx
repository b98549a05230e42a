import type { JSX } from 'preact';
import type { Delivery, Incident } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { useResource } from '../../live/resource.ts';
import { instantOf, stretchText } from '../../model/time.ts';
import { Link } from '../../router.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Clock } from '../../ui/moment.tsx';

const SHOWN = 10;

/** The incidents of a job, and who was told of each, when, and what failed. */
export function JobIncidents({ job }: { job: string }): JSX.Element {
  const loaded = useResource(
    `incidents ${job}`,
    (signal) => ask('get_incidents', { query: { job, limit: SHOWN }, signal }),
    (change) => change.type === 'incident' && change.job === job,
  );
  const { data } = loaded.value;
  if (data === null) return <></>;
  return (
    <section class="job-incidents" aria-labelledby="incidents-title">
      <h2 id="incidents-title">Incidents</h2>
      {data.body.length === 0 && <p class="empty">There was no trouble in the last 90 days.</p>}
      <ol>
        {data.body.map((incident) => (
          <li key={incident.id}>
            <IncidentLine incident={incident} />
            <Messages incident={incident} />
          </li>
        ))}
      </ol>
      {data.total !== null && data.total > SHOWN && (
        <Link to={{ screen: 'incidents', query: { job } }}>All {data.total} incidents</Link>
      )}
    </section>
  );
}

function IncidentLine({ incident }: { incident: Incident }): JSX.Element {
  const openedAt = Date.parse(incident.opened_at);
  const closedAt = instantOf(incident.closed_at);
  return (
    <p class="incident-line">
      <Mark
        look={closedAt === null ? (incident.kinds[0] ?? 'failure') : 'success'}
        label={closedAt === null ? 'open' : 'over'}
      />
      <Link to={{ screen: 'incident', id: incident.id }}>{incident.reason.replaceAll('_', ' ')}</Link>
      <span class="dim">
        <Clock at={openedAt} />
        {closedAt === null ? ' and still going on' : `, over after ${stretchText(closedAt - openedAt)}`}
        {incident.bad_count > 1 && `, ${incident.bad_count} bad`}
      </span>
    </p>
  );
}

const KINDS: Readonly<Record<Delivery['kind'], string>> = {
  opened: 'that it began',
  reminder: 'again',
  closed: 'that it is over',
  closed_silently: 'that it is closed',
};

function Messages({ incident: { id } }: { incident: Incident }): JSX.Element {
  const loaded = useResource(
    `messages ${id}`,
    async (signal) => (await ask('get_deliveries', { query: { incident: id, limit: 100 }, signal })).body,
    (change) => change.type === 'delivery',
  );
  const { data } = loaded.value;
  if (data === null) return <></>;
  if (data.length === 0) return <p class="dim small">Nobody was told.</p>;
  return (
    <ul class="messages small">
      {data.toReversed().map((delivery) => (
        <li key={delivery.id} class={`message-${delivery.status}`}>
          <Message delivery={delivery} />
        </li>
      ))}
    </ul>
  );
}

function Message({ delivery }: { delivery: Delivery }): JSX.Element {
  const { notifier, kind, status, attempts, last_error: error } = delivery;
  const finishedAt = instantOf(delivery.finished_at);
  const nextAt = instantOf(delivery.next_attempt_at);
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  return (
    <>
      <b>{notifier}</b>{' '}
      {status === 'sent' && (
        <>
          was told {KINDS[kind]}
          {tries}
        </>
      )}
      {status === 'logged' && <>told only the log {KINDS[kind]}</>}
      {status === 'dead' && (
        <>
          was not told {KINDS[kind]}: given up{tries}
        </>
      )}
      {status === 'pending' && (
        <>
          is still to be told {KINDS[kind]}
          {tries}
        </>
      )}
      {status !== 'pending' && finishedAt !== null && (
        <>
          , <Clock at={finishedAt} />
        </>
      )}
      {status === 'pending' && attempts > 0 && nextAt !== null && (
        <>
          , tried again <Clock at={nextAt} />
        </>
      )}
      {error !== null && <span class="dim"> ({error})</span>}
    </>
  );
}
