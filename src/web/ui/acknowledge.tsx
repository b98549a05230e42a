import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Incident } from '../../cli/api-types.ts';
import { ask } from '../api/client.ts';
import { nowAt } from '../live/clock.ts';
import { acknowledgedUntil } from '../model/words.ts';
import { Clock } from './moment.tsx';
import { mayWrite } from './session.ts';

/** For so long nobody is reminded after a click. */
const UNTIL = '4h';

/** Says that somebody is on an incident, until when, and lets whoever may say so do it by one click. */
export function Acknowledge({ incident }: { incident: Incident }): JSX.Element {
  const failed = useSignal<string | null>(null);
  const isSending = useSignal(false);
  const until = useComputed(() => acknowledgedUntil(incident, nowAt.value)).value;
  const acknowledge = async (): Promise<void> => {
    isSending.value = true;
    try {
      await ask('post_ack', { params: { id: incident.id }, query: { until: UNTIL } });
      failed.value = null;
    } catch (error) {
      failed.value = (error as Error).message;
    }
    isSending.value = false;
  };
  if (incident.closed_at !== null) return <></>;
  return (
    <span class="acknowledge">
      {until !== null && (
        <>
          acknowledged until <Clock at={until} />
        </>
      )}
      {until === null && mayWrite.value && (
        <button
          type="button"
          disabled={isSending.value}
          title={`Nobody is reminded for ${UNTIL}`}
          onClick={() => void acknowledge()}
        >
          Acknowledge
        </button>
      )}
      {failed.value !== null && <span role="alert">{failed.value}</span>}
    </span>
  );
}
