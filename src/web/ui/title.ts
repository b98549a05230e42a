import { useEffect } from 'preact/hooks';

/** Says in the title of the window, and in its icon, where the reader is and how many jobs are in trouble. */
export function useTitle(name: string, troubleCount: number): void {
  useEffect(() => {
    document.title = `${troubleCount === 0 ? '' : `(${troubleCount}) `}${name} · Cronflow`;
    document.querySelector('#icon')?.setAttribute('href', iconOf(troubleCount));
  }, [name, troubleCount]);
}

/** Draws the icon: a tick while nothing is wrong, and otherwise the number of jobs in trouble. */
function iconOf(count: number): string {
  const text = count > 99 ? '99+' : String(count);
  const sign =
    count === 0
      ? '<circle cx="16" cy="16" r="15" fill="#1a7f37"/><path d="m9 16 5 5 9-10" fill="none" stroke="#fff" stroke-width="4"/>'
      : `<rect width="32" height="32" rx="7" fill="#b3261e"/><text x="16" y="23" fill="#fff" font-family="sans-serif" font-weight="700" font-size="${text.length > 2 ? 15 : 21}" text-anchor="middle">${text}</text>`;
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${sign}</svg>`)}`;
}
