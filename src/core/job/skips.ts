import { LIMITS } from '../model/limits.ts';
import type { Draft } from './draft.ts';

/**
 * Notes a `skip` of that instant and says whether it is at least the third in a row with no run open
 * (docs/design.md §3.2). A row goes by when the skips were, however late they are reported; one from before the latest
 * sign of a run is in none, for the lock has been free since.
 */
export function noteSkip(draft: Draft, at: number): boolean {
  if (draft.paused) return false;
  // A lock that a run holds is in good hands.
  if (draft.openRuns().length > 0) {
    endSkips(draft, at);
    return false;
  }
  if (at < (draft.job.skips_from_at ?? -Infinity)) return false;
  const skips = [...(draft.job.skips ?? []), at].sort((a, b) => a - b);
  // Of more than that the newest are enough to tell what remains if a run is heard of that lies between.
  draft.job.skips = skips.slice(-LIMITS.skipsInARowMax);
  return skips.length >= LIMITS.skipsInARowMax;
}

/** A run was started, or had ended, at that instant: skips before it are in a row with none after it. */
export function endSkips(draft: Draft, at: number): void {
  draft.job.skips_from_at = Math.max(at, draft.job.skips_from_at ?? -Infinity);
  if (draft.job.skips !== undefined) draft.job.skips = draft.job.skips.filter((skip) => skip > at);
}
