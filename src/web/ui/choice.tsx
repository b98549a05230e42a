import type { JSX } from 'preact';
import { changeQuery } from '../router.tsx';

interface ChoiceProps {
  /** The key in the address. */
  name: string;
  chosen: string;
  /** The values, each with the words for it. The first stands for no choice. */
  choices: readonly { value: string; text: string }[];
  label: string;
}

/** A choice of a few, which stands in the address. */
export function Choice({ name, chosen, choices, label }: ChoiceProps): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(({ value, text }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          onClick={() => changeQuery({ [name]: value })}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A field for a text that is searched for, which stands in the address. */
export function Field({ name, value, label }: { name: string; value: string; label: string }): JSX.Element {
  return (
    <input
      type="search"
      placeholder={label}
      aria-label={label}
      value={value}
      onChange={(event) => changeQuery({ [name]: event.currentTarget.value.trim() })}
    />
  );
}
