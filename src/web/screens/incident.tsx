import type { JSX } from 'preact';
import type { Delivery, Incident } from '../../cli/api-types.ts';
import { ApiError, ask } from '../api/client.ts';
import { BASE } from '../api/base.ts';
import { useResource } from '../live/resource.ts';
import type { Place } from '../model/address.ts';
import { durationText, instantOf } from '../model/time.ts';
import { closedText, deliveryText, outcomeWord, reasonText, systemText } from '../model/words.ts';
import { Link } from '../router.tsx';
import { Acknowledge } from '../ui/acknowledge.tsx';
import { lookOfIncident, Mark } from '../ui/mark.tsx';
import { Clock, Since } from '../ui/moment.tsx';
import { Failure, Notice } from '../ui/notice.tsx';

/** One incident: why it opened, what happened in it, who was told when, and how it ended. */
export function IncidentPage({ place }: { place: Place }): JSX.Element {
  const id = place.id ?? '';
  const loaded = useResource(
    `incident ${id}`,
    async (signal) => (await ask('get_incident', { params: { id }, signal })).body,
    (change) => change.type === 'incident' && change.id === id,
  );
  const messages = useResource(
    `messages ${id}`,
    async (signal) => (await ask('get_deliveries', { query: { incident: id, limit: 100 }, signal })).body,
    ({ type }) => type === 'delivery',
  );
  const { data, error } = loaded.value;
  if (error instanceof ApiError && error.status === 404) return <Unknown />;
  if (data === null) return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
  return (
    <article class="page">
      <Head incident={data} />
      <Outcomes incident={data} />
      <Messages deliveries={messages.value.data} error={messages.value.error} />
    </article>
  );
}

function Unknown(): JSX.Element {
  return (
    <Notice title="There is no such incident">
      <p>
        Incidents are kept for 90 days after they closed. <Link to={{ screen: 'incidents' }}>Incidents</Link>{' '}
        lists those that are kept.
      </p>
    </Notice>
  );
}

function Head({ incident }: { incident: Incident }): JSX.Element {
  const { job_name: job, opened_at: openedAt, closed_at: closedAt, reason } = incident;
  const [fromAt, toAt] = [instantOf(openedAt) ?? 0, instantOf(closedAt)];
  return (
    <header>
      <h1>
        <Mark look={lookOfIncident(incident)} label={toAt === null ? 'open' : 'over'} />{' '}
        {job === null ? 'Cronflow itself' : <Link to={{ screen: 'job', job }}>{job}</Link>}:{' '}
        {reasonText(reason)}
      </h1>
      {job === null && <p>{systemText(incident)}</p>}
      <p>
        Opened <Clock at={fromAt} />, {closedText(incident)}{' '}
        {toAt === null ? (
          <>
            for <Since at={fromAt} />
          </>
        ) : (
          <>
            at <Clock at={toAt} />, after {durationText(toAt - fromAt)}
          </>
        )}
        . <a href={`${BASE}/docs/reasons#${reason}`}>What this means and what to do</a>
        <Acknowledge incident={incident} hasChoice />
      </p>
    </header>
  );
}

function Outcomes({ incident }: { incident: Incident }): JSX.Element {
  const { job_name: job, outcomes } = incident;
  if (job === null || outcomes.length === 0) return <></>;
  return (
    <section>
      <h2>What happened in it</h2>
      <ol class="list">
        {outcomes.toReversed().map(({ run_id: id, outcome, reason, at }) => (
          <li key={id}>
            <span class="what">
              <Mark look={outcome ?? 'running'} />
              <Link to={{ screen: 'job', job, id }}>{outcomeWord(outcome)}</Link>
              <span>{reasonText(reason)}</span>
            </span>
            <span class="dim">
              <Clock at={instantOf(at) ?? 0} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Messages({
  deliveries,
  error,
}: {
  deliveries: Delivery[] | null;
  error: Error | null;
}): JSX.Element {
  return (
    <section>
      <h2>Who was told</h2>
      {error !== null && <p role="alert">{error.message}</p>}
      {deliveries?.length === 0 && <p class="dim">No message was owed to anybody.</p>}
      <ol class="list">
        {deliveries?.map((delivery) => (
          <li key={delivery.id}>
            <span class="what">
              <strong>{delivery.notifier}</strong>
              <span>{deliveryText(delivery)}</span>
            </span>
            <span class="dim">
              <Clock at={instantOf(delivery.finished_at ?? delivery.created_at) ?? 0} />
            </span>
            {delivery.last_error !== null && delivery.status !== 'sent' && (
              <span class="bad">{delivery.last_error}</span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
