import type { Reason } from '../model/reasons.ts';
import type { Draft } from './draft.ts';
import { recordSlot, rememberUnclaimed } from './history.ts';
import { countOutcome } from './incident.ts';

/**
 * Ends a slot that no run claimed as `missed` and counts that (docs/design.md §3.1).
 * @param at its deadline, or the start of the run that claimed the next slot shortly before it
 * @param knownAt the first instant at which that could be known
 */
export function missSlot(draft: Draft, slotAt: number, at: number, knownAt: number): Reason {
  const reason: Reason = draft.job.seen ? 'missed' : 'never_seen';
  const row = recordSlot(draft, slotAt, at, 'missed', reason);
  rememberUnclaimed(draft, slotAt, 'missed', row.id);
  countOutcome(draft, row, at, { knownAt });
  return reason;
}
