import type { JSX } from 'preact';
import { ask } from '../../api/client.ts';
import { nowAt } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { CALENDAR_DAYS, calendarOf } from '../../model/days.ts';

/** The last 90 days of a job, each by the worst that happened. */
export function Calendar({ job }: { job: string }): JSX.Element {
  const loaded = useResource(
    `days ${job}`,
    async (signal) =>
      (await ask('get_days', { params: { name: job }, query: { limit: CALENDAR_DAYS }, signal })).body,
    (change) => change.type === 'run' && change.job === job,
  );
  const { data } = loaded.value;
  if (data === null || data.length === 0) return <></>;
  const days = calendarOf(data, nowAt.value);
  const bad = days.filter(({ look }) => look !== null && look !== 'success' && look !== 'unknown').length;
  const [firstDay] = days;
  // Weeks are columns and begin with Monday.
  const before = (new Date(firstDay!.date).getUTCDay() + 6) % 7;
  return (
    <section class="calendar" aria-labelledby="calendar-title">
      <h2 id="calendar-title">90 days</h2>
      <p class="dim small">
        {bad === 0 ? 'No day was bad.' : `${bad} ${bad === 1 ? 'day' : 'days'} had something bad.`} Days are
        those of UTC.
      </p>
      <ol style={{ '--before': before + 1 }}>
        {days.map(({ date, look, text }) => (
          <li key={date} class={`day day-${look ?? 'nothing'}`} title={text}>
            <span class="unseen">{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
