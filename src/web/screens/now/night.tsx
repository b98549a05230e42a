import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { ask } from '../../api/client.ts';
import { hourHere, nowAt, pause, ZONE } from '../../live/clock.ts';
import { useResource } from '../../live/resource.ts';
import { nightBegan, nightText } from '../../model/night.ts';
import { clockText } from '../../model/time.ts';
import { Link } from '../../router.tsx';

/** The server may give an answer that is up to five seconds old, which does not know yet what changed. */
const SETTLE_MS = 6_000;
/** Runs come all the time, and each changes how many there were. */
const REST_MS = 10_000;

/** How the night was, in one line. */
export function Night(): JSX.Element {
  // A page that is left open tells of the day, and then of the next night.
  const beganAt = useComputed(() => nightBegan(nowAt.value, hourHere(nowAt.value))).value;
  const loaded = useResource(
    `night ${beganAt}`,
    async (signal, changes) => {
      if (changes.every(({ type }) => type !== 'fresh')) await pause(SETTLE_MS);
      const query = { since: new Date(beganAt).toISOString() };
      return (await ask('get_runs_summary', { query, signal })).body;
    },
    ({ type }) => type === 'incident' || type === 'run',
    REST_MS,
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
