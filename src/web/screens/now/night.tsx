import type { JSX } from 'preact';
import { ask } from '../../api/client.ts';
import { hourHere, nowAt, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { nightBegan, nightText } from '../../model/night.ts';
import { clockText } from '../../model/time.ts';
import { Link } from '../../router.tsx';

/** How the night was, in one line. */
export function Night(): JSX.Element {
  const beganAt = nightBegan(nowAt.peek(), hourHere(nowAt.peek()));
  const loaded = useResource(
    `night ${beganAt}`,
    async (signal) =>
      (await ask('get_runs_summary', { query: { since: new Date(beganAt).toISOString() }, signal })).body,
    ({ type }) => type === 'incident',
  );
  const { data } = loaded.value;
  if (data === null) return <></>;
  return (
    <p class="night dim">
      {nightText(data, clockText(beganAt, nowAt.peek(), ZONE).slice(-5))}{' '}
      <Link to={{ screen: 'incidents' }}>All incidents</Link>
    </p>
  );
}
