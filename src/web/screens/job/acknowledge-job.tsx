import type { JSX } from 'preact';
import { ask } from '../../api/client.ts';
import { useResource } from '../../live/resource.ts';
import { Acknowledge } from '../../ui/acknowledge.tsx';

/** Lets somebody say that they are on the open incident of a job. */
export function AcknowledgeJob({ id }: { id: string }): JSX.Element {
  const loaded = useResource(
    `incident ${id}`,
    async (signal) => (await ask('get_incident', { params: { id }, signal })).body,
    (change) => change.type === 'incident' && change.id === id,
  );
  const { data } = loaded.value;
  return data === null ? <></> : <Acknowledge incident={data} hasChoice />;
}
