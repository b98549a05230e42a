import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { BASE } from '../../api/base.ts';
import { readyLines, type ReadyLines } from '../../model/ready-lines.ts';
import { session } from '../../ui/session.ts';

/** What to write where the job runs, for each way to start it. */
export function Lines({ job, isNew }: { job: Job; isNew: boolean }): JSX.Element {
  const chosen = useSignal<ReadyLines['kind']>('crontab');
  const isCopied = useSignal(false);
  const all = readyLines({
    job: job.name,
    schedule: job.schedule,
    every: job.every,
    timezone: job.timezone,
    url: `${location.origin}${BASE}`,
    needsToken: session.value?.via !== 'anybody',
  });
  const { text } = all.find(({ kind }) => kind === chosen.value)!;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    isCopied.value = true;
  };
  return (
    <details class="ready-lines" id="lines" open={isNew}>
      <summary>
        <h2>Lines that make it report</h2>
      </summary>
      <div class="segments" role="group" aria-label="How the job is started">
        {all.map(({ kind, title }) => (
          <button
            key={kind}
            type="button"
            aria-pressed={kind === chosen.value}
            onClick={() => {
              chosen.value = kind;
              isCopied.value = false;
            }}
          >
            {title}
          </button>
        ))}
        {/* A browser has a clipboard for pages that came by TLS or from this machine. */}
        {globalThis.isSecureContext && (
          <button type="button" onClick={() => void copy()}>
            {isCopied.value ? 'Copied' : 'Copy'}
          </button>
        )}
      </div>
      <pre tabIndex={0} aria-label={`Lines for ${chosen.value}`}>
        {text}
      </pre>
    </details>
  );
}
