import type { JSX } from 'preact';
import type { Incident } from '../../cli/api-types.ts';
import { ask, askNext } from '../api/client.ts';
import { durationText, instantOf } from '../model/time.ts';
import { closedText, reasonText } from '../model/words.ts';
import type { Place } from '../model/address.ts';
import { Link } from '../router.tsx';
import { Choice, Field } from '../ui/choice.tsx';
import { lookOfIncident, Mark } from '../ui/mark.tsx';
import { Clock, Since } from '../ui/moment.tsx';
import { Notice } from '../ui/notice.tsx';
import { Pages } from '../ui/pages.tsx';

const OPEN = [
  { value: '', text: 'All' },
  { value: 'true', text: 'Open' },
  { value: 'false', text: 'Over' },
];

/** All incidents, those that opened last first. */
export function Incidents({ place }: { place: Place }): JSX.Element {
  const { open = '', job = '' } = place.query;
  const isOpen = (['true', 'false'] as const).find((value) => value === open);
  const query = { ...(isOpen === undefined ? {} : { open: isOpen }), job, limit: 100 };
  return (
    <section>
      <div class="head">
        <h1>Incidents</h1>
        <Choice name="open" chosen={open} choices={OPEN} label="Which incidents" />
        <Field name="job" value={job} label="Name of a job" />
      </div>
      <Pages
        name={`incidents ${open} ${job}`}
        first={(signal) => ask('get_incidents', { query, signal })}
        after={(next) => askNext('get_incidents', next)}
        concerns={({ type }) => type === 'incident'}
        empty={
          <Notice title={open === 'true' ? 'Nothing is wrong' : 'No incidents'}>
            <p>
              An incident opens when a job fails, does not start or does not end, and closes when the job does
              well again. Each is told once, and its end once.
            </p>
          </Notice>
        }
      >
        {(incidents) => (
          <ul class="list" aria-label="Incidents">
            {incidents.map((incident) => (
              <li key={incident.id}>
                <Row incident={incident} />
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </section>
  );
}

function Row({ incident }: { incident: Incident }): JSX.Element {
  const { id, job_name: job, opened_at: openedAt, closed_at: closedAt, bad_count: badCount, told } = incident;
  const [fromAt, toAt] = [instantOf(openedAt) ?? 0, instantOf(closedAt)];
  return (
    <>
      <span class="what">
        <Mark look={lookOfIncident(incident)} label={toAt === null ? 'open' : 'over'} />
        <Link to={{ screen: 'incident', id }} class="name">
          {job ?? 'Cronflow itself'}
        </Link>
        <span>
          {reasonText(incident.reason)}
          {badCount > 1 && ` (${badCount})`}
        </span>
      </span>
      <span class="dim">
        message to {told.length === 0 ? 'nobody' : told.join(', ')} · <Clock at={fromAt} /> ·{' '}
        {toAt === null ? <Since at={fromAt} /> : durationText(toAt - fromAt)} · {closedText(incident)}
      </span>
    </>
  );
}
