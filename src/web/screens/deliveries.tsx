import type { JSX } from 'preact';
import type { Delivery } from '../../cli/api-types.ts';
import { ask, askNext } from '../api/client.ts';
import type { Place } from '../model/address.ts';
import { instantOf } from '../model/time.ts';
import { deliveryText, reasonText } from '../model/words.ts';
import { Link } from '../router.tsx';
import { Choice, Field } from '../ui/choice.tsx';
import { Mark } from '../ui/mark.tsx';
import { Clock, Distance } from '../ui/moment.tsx';
import { Notice } from '../ui/notice.tsx';
import { Pages } from '../ui/pages.tsx';

const STATUSES = [
  { value: '', text: 'All' },
  { value: 'pending', text: 'Owed' },
  { value: 'sent', text: 'Sent' },
  { value: 'logged', text: 'Only logged' },
  { value: 'dead', text: 'Given up' },
] as const;

/** Messages owed, sent, only logged and given up, those that became owed last first. */
export function Deliveries({ place }: { place: Place }): JSX.Element {
  const { status = '', notifier = '' } = place.query;
  const known = STATUSES.find(({ value }) => value === status && value !== '')?.value;
  const query = {
    ...(known === undefined || known === '' ? {} : { status: known }),
    ...(notifier === '' ? {} : { notifier }),
    limit: 100,
  };
  return (
    <section>
      <div class="head">
        <h1>Deliveries</h1>
        <Choice name="status" chosen={status} choices={STATUSES} label="Which messages" />
        <Field name="notifier" value={notifier} label="Name of a notifier" />
      </div>
      <Pages
        name={`deliveries ${status} ${notifier}`}
        first={(signal) => ask('get_deliveries', { query, signal })}
        after={(next) => askNext('get_deliveries', next)}
        concerns={({ type }) => type === 'delivery'}
        empty={<NoMessages isFiltered={status !== '' || notifier !== ''} />}
      >
        {(deliveries) => (
          <ul class="list" aria-label="Messages">
            {deliveries.map((delivery) => (
              <li key={delivery.id}>
                <Row delivery={delivery} />
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </section>
  );
}

function Row({ delivery }: { delivery: Delivery }): JSX.Element {
  const { facts, incident_id: incident, next_attempt_at: nextAt, status, attempts } = delivery;
  return (
    <>
      <span class="what">
        <Mark look={LOOKS[status]} label={status} />
        <strong>{delivery.notifier}</strong>
        <span>{deliveryText(delivery)}</span>
        <Link to={{ screen: 'incident', id: incident }}>
          {facts.job_name ?? 'Cronflow itself'}: {reasonText(facts.reason)}
        </Link>
      </span>
      <span class="dim">
        <Clock at={instantOf(delivery.finished_at ?? delivery.created_at) ?? 0} />
        {attempts > 1 && ` · ${attempts} attempts`}
        {status === 'pending' && (
          <>
            {' '}
            · next attempt <Distance at={instantOf(nextAt) ?? 0} />
          </>
        )}
      </span>
      {delivery.last_error !== null && status !== 'sent' && <span class="bad">{delivery.last_error}</span>}
    </>
  );
}

const LOOKS = { pending: 'pending', sent: 'success', logged: 'skipped', dead: 'failure' } as const;

function NoMessages({ isFiltered }: { isFiltered: boolean }): JSX.Element {
  if (isFiltered) {
    return (
      <Notice title="No message is like that">
        <p>
          <Link to={{ screen: 'deliveries' }}>Show all</Link>
        </p>
      </Notice>
    );
  }
  return (
    <Notice title="No messages yet">
      <p>
        A message is owed when an incident opens and when it closes, to each notifier of the job. Where{' '}
        <code>cronflow.yaml</code> has no notifier, messages go to the log of Cronflow alone, and nobody is
        told:
      </p>
      <pre>{'notifiers:\n  ops:\n    type: slack\n    webhook_url: ${SLACK_WEBHOOK_URL}'}</pre>
      <p>
        <code>cronflow test-notify ops</code> sends a test message.
      </p>
    </Notice>
  );
}
