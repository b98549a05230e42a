import { startOf } from '../model/rows.ts';
import { slotAfter } from '../model/slots.ts';
import type { Draft } from './draft.ts';
import { closeSilently } from './incident.ts';
import { endSkips } from './skips.ts';

/**
 * Begins a pause. Pings of a paused job are recorded and do not count, and its trouble is over (docs/design.md §3.3).
 */
export function pause(draft: Draft, at: number): void {
  closeSilently(draft, at, 'paused');
  draft.job.expected_at = null;
  draft.job.bad = [];
  draft.job.unclaimed = [];
  endSkips(draft, at);
}

/** Notes when a pause of the API ends by itself; undefined for one that somebody has to end. */
export function setPauseEnd(draft: Draft, untilAt: number | undefined): void {
  if (untilAt === undefined) delete draft.job.paused_until_at;
  else draft.job.paused_until_at = untilAt;
}

/** Forgets that the job was paused over the API. */
export function forgetPause(draft: Draft): void {
  draft.job.paused_by_api = false;
  delete draft.job.paused_until_at;
}

/** Ends a pause of the API. The job goes on being paused where its declaration says so. */
export function resumeAt(draft: Draft, at: number): void {
  const wasPaused = draft.paused;
  forgetPause(draft);
  if (wasPaused && !draft.paused) endPause(draft, at);
}

/**
 * Ends a pause. From now on the job counts again, and so does the end of a run that is open, whenever it began
 * (docs/design.md §3.3).
 */
export function endPause(draft: Draft, at: number): void {
  expectAnew(draft, at);
  for (const run of draft.openRuns()) if (!run.counted) draft.changeRun(run.id, { counted: true });
}

/** Expects the first slot after an instant, unless a run that came a little early has claimed that one already. */
export function expectAnew(draft: Draft, at: number): void {
  if (draft.spec.schedule?.kind === 'every') draft.job.expected_from_at = at;
  const slotAt = slotAfter(draft.spec, at);
  const isClaimed = draft
    .runs()
    .some((row) => row.slot_at === slotAt && (startOf(row) ?? row.ended_at ?? Infinity) <= at);
  draft.job.expected_at = slotAt !== null && isClaimed ? slotAfter(draft.spec, slotAt) : slotAt;
}
