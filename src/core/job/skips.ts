import { LIMITS } from '../model/limits.ts';
import type { Draft } from './draft.ts';

/**
 * Notes a `skip` of that instant and tells whether it is at least the third in a row with no run open (docs/design.md
 * §3.2). A row goes by the instants of the skips, however late they are reported. A skip from before the latest sign of
 * a run belongs to no row, because the lock has been free since.
 */
export function noteSkip(draft: Draft, at: number): boolean {
  if (draft.paused) return false;
  // A lock that a run holds is not stuck.
  if (draft.openRuns().length > 0) {
    endSkips(draft, at);
    return false;
  }
  if (at < (draft.job.skips_from_at ?? -Infinity)) return false;
  const skips = [...(draft.job.skips ?? []), at].sort((a, b) => a - b);
  // The newest of the skips are enough to tell how many remain if a run is heard of that lies between them.
  draft.job.skips = skips.slice(-LIMITS.skipsInARowMax);
  return skips.length >= LIMITS.skipsInARowMax;
}

/** Notes that a run was started, or had ended, at that instant. Skips before it are in no row with those after it. */
export function endSkips(draft: Draft, at: number): void {
  draft.job.skips_from_at = Math.max(at, draft.job.skips_from_at ?? -Infinity);
  if (draft.job.skips !== undefined) draft.job.skips = draft.job.skips.filter((skip) => skip > at);
}
