import type { JSX } from 'preact';
import type { Incident, Outcome, Status } from '../../cli/api-types.ts';

/** How a thing is, as a sign shows it: by its shape and by its colour, so that neither is needed alone. */
export type Look = Status | Exclude<Outcome, null> | 'late';

const SHAPES: Readonly<Record<Look, string>> = {
  success:
    'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.7 5.2-4.4 4.6a.9.9 0 0 1-1.3 0L4.3 9l1.3-1.3 1 1.1 3.8-3.9 1.3 1.3Z',
  failure:
    'M5 1h6l4 4v6l-4 4H5l-4-4V5l4-4Zm.6 3.3L4.3 5.6 6.7 8l-2.4 2.4 1.3 1.3L8 9.3l2.4 2.4 1.3-1.3L9.3 8l2.4-2.4-1.3-1.3L8 6.7 5.6 4.3Z',
  missed: 'M8 .6 15.4 8 8 15.4.6 8 8 .6Zm0 2.6L3.2 8 8 12.8 12.8 8 8 3.2Z',
  timeout: 'M8 1.2 15.6 15H.4L8 1.2Zm-.9 5.3v4.2h1.8V6.5H7.1Zm0 5.2v1.7h1.8v-1.7H7.1Z',
  running:
    'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 8 2.8ZM6.4 5.2 11 8l-4.6 2.8V5.2Z',
  pending: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 8 2.8Z',
  paused: 'M3.5 2h3.2v12H3.5V2Zm5.8 0h3.2v12H9.3V2Z',
  abandoned: 'M2 2h12v12H2V2Zm1.8 1.8v8.4h8.4V3.8H3.8Zm1 3.3h6.4v1.8H4.8V7.1Z',
  skipped: 'M1.5 7h13v2h-13V7Z',
  unknown:
    'M3 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Zm5 0a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Zm5 0a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z',
  late: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 8 2.8Zm-.9 1.5h1.8v3.3l2.4 1.5-.9 1.5-3.3-2.1V4.3Z',
};

/** A sign for how a thing is. A screen reader reads the word, which `label` replaces; nothing where it is empty. */
export function Mark({ look, label }: { look: Look; label?: string }): JSX.Element {
  return (
    <svg
      class={`mark look-${look}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      {...(label === '' ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label ?? look })}
    >
      <path d={SHAPES[look]} />
    </svg>
  );
}

/** How an incident looks: as its latest outcome while it is open, and well once it is over. */
export function lookOfIncident({ kind, kinds, outcomes, closed_at: closedAt }: Incident): Look {
  if (closedAt !== null) return 'success';
  return kind === 'job' ? (outcomes.at(-1)?.outcome ?? kinds[0] ?? 'failure') : 'failure';
}
