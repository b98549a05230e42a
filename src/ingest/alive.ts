import type { Tx } from '../store/store.ts';

/** Meta key of the last instant at which Cronflow is known to have been able to take pings. */
export const LIVENESS_KEY = 'liveness';
export const LIVENESS_WRITE_EVERY_MS = 10_000;
/** Longer than this without a stored sign of life, and pings may have been refused. */
export const GAP_MS_MIN = 3 * LIVENESS_WRITE_EVERY_MS;

/**
 * The time before `at` in which Cronflow could not take pings, if nothing noted it yet: what wakes up first
 * after a suspension or a full disk may be a ping or a tick, and it must not be judged as if somebody had
 * been listening (DESIGN.md §3.4).
 */
export function gapBefore(tx: Tx, at: number): { from_at: number; to_at: number } | null {
  const aliveAt = tx.meta(LIVENESS_KEY) as number | undefined;
  if (aliveAt === undefined || at - aliveAt <= GAP_MS_MIN) return null;
  return { from_at: aliveAt, to_at: at };
}
