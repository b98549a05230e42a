import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Run } from '../../../cli/api-types.ts';
import { ask } from '../../api/client.ts';
import { useResource } from '../../live/resource.ts';
import { colouredPieces } from '../../model/coloured.ts';

/** How outputs are shown, all of them alike. */
const isWrapped = signal(true);

/** What a run printed, in the colours that a terminal would show. */
export function Output({ job, run }: { job: string; run: Run }): JSX.Element {
  const { id, output_bytes: bytes, output_dropped_bytes: dropped } = run;
  const loaded = useResource(
    `output ${job} ${id} ${bytes} ${run.ended_at}`,
    async (aborted) =>
      bytes === 0 ? '' : (await ask('get_output', { params: { name: job, id }, signal: aborted })).body,
    () => false,
  );
  if (bytes === 0) {
    return (
      <p class="dim small">
        {dropped === 0
          ? 'It printed nothing, or nothing was sent.'
          : `Its output of ${dropped} bytes could not be kept.`}
      </p>
    );
  }
  const { data, error } = loaded.value;
  if (data === null) return <p class="dim small">{error === null ? 'Loading …' : error.message}</p>;
  return (
    <div class="output">
      <p class="small">
        <span class="dim">
          {dropped > 0 ? `${dropped} bytes came before this and are not kept. ` : ''}
          {bytes} bytes
        </span>
        <label>
          <input
            type="checkbox"
            checked={isWrapped.value}
            onChange={(event) => (isWrapped.value = event.currentTarget.checked)}
          />{' '}
          wrap lines
        </label>
      </p>
      <pre class={isWrapped.value ? 'wrapped' : ''} tabIndex={0} aria-label="Output">
        {colouredPieces(data).map(({ text, looks }, index) =>
          looks === '' ? (
            text
          ) : (
            // Pieces never move: the output of a run that ended stays as it is.
            <span key={index} class={looks}>
              {text}
            </span>
          ),
        )}
      </pre>
    </div>
  );
}
