import { ask } from '../api/client.ts';
import { onChanges } from './connection.ts';

/** Where a reload does not help, such as with a file that a proxy refuses, the page is not loaded for ever. */
const AGAIN_MS_MIN = 60_000;
const KEY = 'cronflow reloaded';

let isWanted = false;

/**
 * Loads the page anew, which then has the files of the present version of the server. Where there is no answer, what is
 * shown stays, and the page is loaded as soon as the server is back.
 */
export function reloadOnce(): void {
  if (isWanted) return;
  isWanted = true;
  onChanges((changes) => {
    if (changes.some(({ type }) => type === 'fresh')) reload();
  });
  ask('get_session').then(reload, () => {});
}

function reload(): void {
  try {
    const lastAt = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Math.abs(Date.now() - lastAt) < AGAIN_MS_MIN) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without a storage nobody could tell a first reload from a hundredth.
    return;
  }
  location.reload();
}
