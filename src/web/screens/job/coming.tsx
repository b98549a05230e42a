import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { clockText } from '../../model/time.ts';
import { Distance } from '../../ui/moment.tsx';

const SHOWN = 6;
/** The longest stretch that the API tells of. */
const AHEAD = '30d';

/** The next slots of a job, in its own zone and in that of the reader. */
export function Coming({ job }: { job: Job }): JSX.Element {
  const { name, timezone, expected_at: expectedAt } = job;
  const loaded = useResource(
    `slots ${name} ${expectedAt}`,
    async (signal) =>
      (
        await ask('get_slots', {
          query: { job: name, from: '1m', to: AHEAD, fold: '0', limit: SHOWN * 2 },
          signal,
        })
      ).body,
    (change) => change.type === 'job' && change.job === name,
  );
  const slots = (loaded.value.data ?? []).filter(({ state }) => state === 'coming').slice(0, SHOWN);
  const isOwnZone = timezone === ZONE;
  return (
    <section class="coming" aria-labelledby="coming-title">
      <h2 id="coming-title">Coming slots</h2>
      {loaded.value.data !== null && slots.length === 0 ? (
        <p class="empty">
          {job.paused
            ? 'Nothing is expected while it is paused.'
            : 'Nothing is expected in the next 30 days.'}
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{timezone}</th>
              {!isOwnZone && <th scope="col">{ZONE} (you)</th>}
              <th scope="col">
                <span class="unseen">How far ahead</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {slots.map(({ slot_at: slotAt }) => (
              <tr key={slotAt}>
                <td>{clockText(Date.parse(slotAt), nowAt.value, timezone)}</td>
                {!isOwnZone && <td>{clockText(Date.parse(slotAt), nowAt.value, ZONE)}</td>}
                <td class="dim">
                  <Distance at={Date.parse(slotAt)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
