import { LIMITS } from '../model/limits.ts';
import { slotAfter, slotAtOrBefore } from '../model/slots.ts';
import type { Draft } from './draft.ts';
import { recordSlot, rememberUnclaimed, withLatest } from './history.ts';
import { DAY_MS } from '../../schedule/units.ts';

/**
 * Ends slots as `unknown`, since Cronflow was away and their runs may have gone unseen (docs/design.md §3.4): the given
 * slot, and all after it that lie with their grace within the same gap. All of these have one deadline, and after a
 * year away there are half a million of them.
 * @param at the instant at which they are given up
 * @param claimedAt the slot that a run has claimed; that one and later slots are not given up
 * @returns the last slot that was given up
 */
export function giveUpUnseen(draft: Draft, slotAt: number, at: number, claimedAt = Infinity): number {
  const row = recordSlot(draft, slotAt, at, 'unknown', 'outage');
  rememberUnclaimed(draft, slotAt, 'unknown', row.id);
  const lastAt = lastInGap(draft, slotAt, claimedAt);
  if (lastAt === null || lastAt <= slotAt) return slotAt;
  let count = 0;
  const newest: number[] = [];
  for (const day of byDay(draft, slotAt, lastAt)) {
    draft.tallySlots(day.slots[0] ?? slotAt, 'unknown', day.slots.length);
    count += day.slots.length;
    newest.push(...day.slots.slice(-LIMITS.unclaimedSlotsMax));
    newest.splice(0, newest.length - LIMITS.unclaimedSlotsMax);
  }
  draft.changeSlots(row, {
    slot_at: lastAt,
    ended_at: at,
    count: row.count + count,
    latest_slots_at: withLatest(row, newest),
  });
  for (const each of newest) rememberUnclaimed(draft, each, 'unknown', row.id);
  return lastAt;
}

/**
 * Finds the last slot that lies with its grace in the gap in which the given slot does. Returns null if that slot lies
 * in no gap.
 */
function lastInGap(draft: Draft, slotAt: number, claimedAt: number): number | null {
  const { spec } = draft;
  const gap = draft.job.gaps.find((each) => each.from_at <= slotAt && each.to_at >= slotAt + spec.graceMs);
  // An open run can make the job's own lock drop a slot, and such a slot is not unknown.
  if (gap === undefined || spec.overlap === 'skip') return null;
  return slotAtOrBefore(spec, Math.min(gap.to_at - spec.graceMs, claimedAt - 1));
}

/** Lists the slots after `fromAt`, up to `toAt`, by UTC day. */
function* byDay(draft: Draft, fromAt: number, toAt: number): Generator<{ slots: number[] }> {
  let slots: number[] = [];
  for (let at = slotAfter(draft.spec, fromAt); at !== null && at <= toAt; at = slotAfter(draft.spec, at)) {
    if (Math.floor(at / DAY_MS) !== Math.floor((slots[0] ?? at) / DAY_MS)) {
      yield { slots };
      slots = [];
    }
    slots.push(at);
  }
  if (slots.length > 0) yield { slots };
}
