import { computed, signal } from '@preact/signals';
import type { Root, Session } from '../../cli/api-types.ts';
import { BASE } from '../api/base.ts';
import { ask, isLoginNeeded } from '../api/client.ts';

/** Who reads the page, and what that allows; null until it is known. */
export const session = signal<Session | null>(null);
/** What the server says of itself, and its warnings; null until it is known. */
export const server = signal<Root | null>(null);

/** True if the reader may change something. */
export const mayWrite = computed(() => session.value?.allows.includes('all') ?? false);

/** Asks who reads the page. */
export async function loadSession(): Promise<void> {
  try {
    const [who, what] = await Promise.all([ask('get_session'), ask('get_root')]);
    session.value = who.body;
    server.value = what.body;
  } catch {
    // The connection says that the server is lost, and this is asked for again when it is back.
  }
}

/** Returns the address of the login, which leads back to where the reader is. */
export function loginAddress(): string {
  return `${BASE}/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}

export async function logOut(): Promise<void> {
  await ask('post_logout');
  isLoginNeeded.value = true;
  location.assign(`${BASE}/login`);
}
