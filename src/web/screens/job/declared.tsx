import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { useResource } from '../../live/resource.ts';
import { yamlOf } from '../../model/yaml.ts';

/** The job as it is declared, and where. */
export function Declared({ job }: { job: Job }): JSX.Element {
  const loaded = useResource(
    `declared ${job.name} ${job.updated_at}`,
    async (signal) =>
      (await ask('get_config_jobs', { query: { job: job.name }, signal })).body.jobs.find(
        ({ name }) => name === job.name,
      ) ?? null,
    (change) => change.type === 'configuration',
  );
  const { data } = loaded.value;
  if (data === null) return <></>;
  const { place } = job;
  return (
    <section class="declared" aria-labelledby="declared-title">
      <h2 id="declared-title">Declared</h2>
      <p class="small dim">
        {place === null ? (
          'over the API'
        ) : (
          <code>
            {place.file}:{place.line}
          </code>
        )}
      </p>
      <pre tabIndex={0} aria-label="Declaration">
        {yamlOf(job.name, data.declared)}
      </pre>
    </section>
  );
}
