import { signal } from '@preact/signals';

const query = matchMedia('(max-width: 640px)');
const isNarrow = signal(query.matches);
query.addEventListener('change', () => (isNarrow.value = query.matches));

/** Tells whether the window is as narrow as that of a phone. A component that asks is drawn anew when that changes. */
export function useNarrow(): boolean {
  return isNarrow.value;
}
