import { LIMITS } from '../model/limits.ts';
import type { Outcome, Reason, SlotOutcome } from '../model/reasons.ts';
import type { SlotsRow } from '../model/records.ts';
import type { Draft } from './draft.ts';

/**
 * Records that a slot ended without a run. Consecutive rows of the same outcome and reason become one counted row
 * (docs/design.md §3.5), so that a job that is down for a week does not push its runs out of the history.
 * @returns the row that stands for the slot
 */
export function recordSlot(
  draft: Draft,
  slotAt: number,
  at: number,
  outcome: SlotOutcome,
  reason: Reason,
): SlotsRow {
  const last = draft.newestRow();
  const folds = last?.kind === 'slots' && last.outcome === outcome && last.reason === reason;
  if (!folds || last.slot_at >= slotAt)
    return draft.addSlot({ slot_at: slotAt, ended_at: at, outcome, reason });
  draft.tallySlots(slotAt, outcome, 1);
  const latest = withLatest(last, [slotAt]);
  return draft.changeSlots(last, {
    slot_at: slotAt,
    ended_at: at,
    count: last.count + 1,
    latest_slots_at: latest,
  });
}

/** Returns the latest slots of a row to which more are added, as many as may still be taken out of it. */
export function withLatest(row: SlotsRow, slots: readonly number[]): readonly number[] {
  const known = row.latest_slots_at ?? [row.slot_at];
  return [...known, ...slots].slice(-LIMITS.unclaimedSlotsMax);
}

/** Remembers a slot that ended `missed` or `unknown`, so that a rerun or a late report may claim it. */
export function rememberUnclaimed(
  draft: Draft,
  at: number,
  outcome: 'missed' | 'unknown',
  runId: string,
): void {
  draft.job.unclaimed.push({ at, outcome, run_id: runId });
  if (draft.job.unclaimed.length > LIMITS.unclaimedSlotsMax) draft.job.unclaimed.shift();
}

/**
 * Takes a slot out of its row of history, because a run claimed it after all.
 * @param outcome the outcome with which it was given up; absent where a run of an older version claimed it
 */
export function unrecordSlot(draft: Draft, runId: string, slotAt: number, outcome?: Outcome): void {
  const row = draft.run(runId);
  const givenUpAs = outcome ?? row?.outcome ?? null;
  if (givenUpAs !== null) draft.tallySlots(slotAt, givenUpAs, -1);
  // The row was trimmed from the history since.
  if (row?.kind !== 'slots') return;
  if (row.count <= 1) return draft.removeRun(runId);
  const others =
    row.latest_slots_at?.filter((at) => at !== slotAt) ??
    draft.job.unclaimed.filter((slot) => slot.run_id === runId).map((slot) => slot.at);
  // If the slot was an edge of the row, the edge moves to the nearest slot that is still known to belong to the row,
  // or to the other edge.
  const newestAt = row.slot_at === slotAt ? Math.max(row.first_slot_at, ...others) : row.slot_at;
  const oldestAt = row.first_slot_at === slotAt ? Math.min(row.slot_at, ...others) : row.first_slot_at;
  draft.changeSlots(row, {
    count: row.count - 1,
    ...(row.latest_slots_at === undefined ? {} : { latest_slots_at: others }),
    slot_at: newestAt,
    first_slot_at: oldestAt,
    ended_at: row.ended_at - (row.slot_at - newestAt),
  });
}
