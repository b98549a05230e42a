import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Incident } from '../../cli/api-types.ts';
import { ask } from '../api/client.ts';
import { nowAt } from '../live/clock.ts';
import { acknowledgedUntil } from '../model/words.ts';
import { DURATION_CHOICES, DURATION_DEFAULT, HowLong } from './how-long.tsx';
import { Clock } from './moment.tsx';
import { mayWrite } from './session.ts';

interface AcknowledgeProps {
  incident: Incident;
  /** True where there is room to choose for how long. */
  hasChoice?: boolean;
}

/** Says that somebody is on an incident, until when, and lets whoever may say so do it by one click. */
export function Acknowledge({ incident, hasChoice = false }: AcknowledgeProps): JSX.Element {
  const duration = useSignal(DURATION_DEFAULT);
  const failed = useSignal<string | null>(null);
  const isSending = useSignal(false);
  const until = useComputed(() => acknowledgedUntil(incident, nowAt.value)).value;
  const acknowledge = async (): Promise<void> => {
    isSending.value = true;
    try {
      await ask('post_ack', { params: { id: incident.id }, query: { until: duration.value } });
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
        <span class="for-a-while">
          <button
            type="button"
            disabled={isSending.value}
            title={`Nobody is reminded for ${duration.value}`}
            onClick={() => void acknowledge()}
          >
            Acknowledge
          </button>
          {hasChoice && (
            <HowLong chosen={duration} choices={DURATION_CHOICES} label="How long nobody is reminded" />
          )}
        </span>
      )}
      {failed.value !== null && <span role="alert">{failed.value}</span>}
    </span>
  );
}
