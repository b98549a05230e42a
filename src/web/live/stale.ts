import { computed, signal } from '@preact/signals';
import { ApiError } from '../api/client.ts';

/** What could not be asked for again, since when, and why. */
interface Stale {
  sinceAt: number;
  detail: string;
}

const all = signal<ReadonlyMap<object, Stale>>(new Map());

/** What has been stale for longest; null while everything that is shown is right. */
export const stale = computed<Stale | null>(
  () => [...all.value.values()].sort((a, b) => a.sinceAt - b.sinceAt)[0] ?? null,
);

/**
 * Notes how the last request of somebody went.
 * @param error null where it went well, or where nobody waits for it any longer
 */
export function noteRequest(of: object, error: Error | null): void {
  const known = all.peek().get(of);
  if (error === null && known === undefined) return;
  const next = new Map(all.peek());
  if (error === null) next.delete(of);
  else next.set(of, { sinceAt: known?.sinceAt ?? Date.now(), detail: detailOf(error) });
  all.value = next;
}

function detailOf(error: Error): string {
  return error instanceof ApiError ? error.message : 'no answer came.';
}

/** An answer that the same request would have again: what is asked for is not there, or the page is at fault. */
const FINAL: ReadonlySet<number> = new Set([400, 404, 405, 410, 422]);

/** Tells whether a request that failed is worth sending again after a while. */
export function isWorthRepeating(error: unknown): boolean {
  // Whoever logs in again makes the page look at everything again.
  return !(error instanceof ApiError && (FINAL.has(error.status) || error.status === 401));
}
