import type { JSX } from 'preact';
import type { AuditEntry } from '../../cli/api-types.ts';
import { ask, askNext } from '../api/client.ts';
import type { Place } from '../model/address.ts';
import { actionText, actorText, changeText } from '../model/audit.ts';
import { instantOf } from '../model/time.ts';
import { Link } from '../router.tsx';
import { Field } from '../ui/choice.tsx';
import { Clock } from '../ui/moment.tsx';
import { Notice } from '../ui/notice.tsx';
import { Pages } from '../ui/pages.tsx';

const SHOWN_CHANGES = 12;

/** Who changed what, and when. */
export function Audit({ place }: { place: Place }): JSX.Element {
  const { who = '', job = '' } = place.query;
  return (
    <section>
      <div class="head">
        <h1>Audit</h1>
        <Field name="who" value={who} label="Name of a token" />
        <Field name="job" value={job} label="Name of a job" />
      </div>
      <Pages
        name={`audit ${who} ${job}`}
        first={(signal) => ask('get_audit', { query: { who, job, limit: 100 }, signal })}
        after={(next) => askNext('get_audit', next)}
        concerns={({ type }) => type !== 'run' && type !== 'delivery'}
        empty={
          <Notice title="Nobody has changed anything">
            <p>
              Every write of the API and every configuration that is applied is listed here: when, by whom,
              from where, and what, key by key. Entries are kept for 90 days.
            </p>
          </Notice>
        }
      >
        {(entries) => (
          <ul class="list" aria-label="Changes">
            {entries.map((entry) => (
              <li key={entry.id}>
                <AuditRow entry={entry} />
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </section>
  );
}

/** One change: what was done, by whom and from where, and what it changed. */
export function AuditRow({ entry }: { entry: AuditEntry }): JSX.Element {
  const { at, jobs, changes, incident_id: incident, left_out: leftOut } = entry;
  const [job] = jobs;
  return (
    <>
      <span class="what">
        <strong>{actionText(entry)}</strong>
        {jobs.length === 1 && job !== undefined && <Link to={{ screen: 'job', job }}>{job}</Link>}
        {jobs.length > 1 && <span>{jobs.length} jobs</span>}
        {incident !== null && <Link to={{ screen: 'incident', id: incident }}>its incident</Link>}
      </span>
      <span class="dim">
        <Clock at={instantOf(at) ?? 0} /> · {actorText(entry)}
      </span>
      {changes.length > 0 && (
        <ul class="changes mono">
          {changes.slice(0, SHOWN_CHANGES).map((change) => (
            <li key={`${change.job} ${change.key}`}>{changeText(change, jobs.length > 1)}</li>
          ))}
          {changes.length + leftOut > SHOWN_CHANGES && (
            <li class="dim">and {changes.length + leftOut - SHOWN_CHANGES} more</li>
          )}
        </ul>
      )}
    </>
  );
}
