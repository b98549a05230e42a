import { signal } from '@preact/signals';
import { ask } from '../api/client.ts';
import { keepRight } from '../live/resource.ts';

/** How many incidents are open. */
export const openCount = signal(0);

/** Counts the open incidents for as long as the page is open. Returns the way to end that. */
export function countOpen(): () => void {
  return keepRight(
    async (aborted) =>
      (await ask('get_incidents', { query: { open: 'true', limit: 1 }, signal: aborted })).total,
    ({ type }) => type === 'incident',
    ({ data }) => {
      if (typeof data === 'number') openCount.value = data;
    },
  );
}

/** Says in the title of the window, and in its icon, where the reader is and how much is wrong. */
export function showTitle(name: string): void {
  const count = openCount.value;
  document.title = `${count === 0 ? '' : `(${count}) `}${name} · Cronflow`;
  document.querySelector('#icon')?.setAttribute('href', iconOf(count));
}

/** Draws the icon: a tick while nothing is wrong, and otherwise how many incidents are open. */
function iconOf(count: number): string {
  const text = count > 99 ? '99+' : String(count);
  const sign =
    count === 0
      ? '<circle cx="16" cy="16" r="15" fill="#1a7f37"/><path d="m9 16 5 5 9-10" fill="none" stroke="#fff" stroke-width="4"/>'
      : `<rect width="32" height="32" rx="7" fill="#b3261e"/><text x="16" y="23" fill="#fff" font-family="sans-serif" font-weight="700" font-size="${text.length > 2 ? 15 : 21}" text-anchor="middle">${text}</text>`;
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${sign}</svg>`)}`;
}
