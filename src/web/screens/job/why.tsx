import type { JSX } from 'preact';
import type { Told, Why as WhyAnswer } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { clockText } from '../../model/time.ts';

const PARTS: Readonly<Record<WhyAnswer['parts'][number]['part'], string>> = {
  expected: 'What is expected',
  happened: 'What happened',
  unseen: 'What nobody could see',
  incident: 'The incident',
  told: 'Who was told',
  next: 'What time alone does next',
  later: 'What came later',
};

/** One sentence that says how a job is, which opens into the events and the rules that made it so. */
export function Why({ job }: { job: string }): JSX.Element {
  const loaded = useResource(
    `why ${job}`,
    async (signal) => (await ask('get_why', { params: { name: job }, signal })).body,
    (change) => change.job === job,
  );
  const { data, error } = loaded.value;
  if (data === null)
    return (
      <p class="verdict dim">
        {error === null ? 'Reading the log …' : `No reasons can be shown: ${error.message}`}
      </p>
    );
  return (
    <details class="job-why">
      <summary>
        <span class="verdict">{data.verdict.map(({ text }) => text).join(' ')}</span>{' '}
        {data.timezone !== ZONE && <span class="dim">({data.timezone})</span>} <span class="ask">Why?</span>
      </summary>
      {data.parts.map(({ part, told }) => (
        <section key={part}>
          <h2>{PARTS[part]}</h2>
          <ul>
            {told.map((each, index) => (
              <Sentence key={`${each.at} ${index}`} told={each} timezone={data.timezone} />
            ))}
          </ul>
        </section>
      ))}
      <p class="dim small">
        Times are those of {data.timezone}. The log begins{' '}
        {clockText(Date.parse(data.log_from_at), nowAt.value, data.timezone)}.
      </p>
    </details>
  );
}

function Sentence({ told: { text, link, reason }, timezone }: { told: Told; timezone: string }): JSX.Element {
  return (
    <li data-zone={timezone}>
      {text}{' '}
      {link !== null && (
        <a href={link} class="small">
          {reason ?? 'more'}
        </a>
      )}
    </li>
  );
}
