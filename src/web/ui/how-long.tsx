import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';

/** For how long something holds, as the API takes it. */
export interface HowLongChoice {
  /** A duration; empty for no end. */
  until: string;
  text: string;
}

export const DURATION_CHOICES: readonly HowLongChoice[] = [
  { until: '1h', text: 'for 1 hour' },
  { until: '4h', text: 'for 4 hours' },
  { until: '1d', text: 'for 1 day' },
  { until: '7d', text: 'for 7 days' },
];
/** What is chosen before anybody chooses: about as long as somebody works on a thing. */
export const DURATION_DEFAULT = '4h';

interface HowLongProps {
  chosen: Signal<string>;
  choices: readonly HowLongChoice[];
  label: string;
}

/** Lets people choose for how long the button before it does something. */
export function HowLong({ chosen, choices, label }: HowLongProps): JSX.Element {
  return (
    <select
      aria-label={label}
      value={chosen.value}
      onChange={(event) => (chosen.value = event.currentTarget.value)}
    >
      {choices.map(({ until, text }) => (
        <option key={until} value={until}>
          {text}
        </option>
      ))}
    </select>
  );
}
