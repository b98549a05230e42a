import type { UnclaimedSlot } from '../model/records.ts';
import { startOf } from '../model/rows.ts';
import { earlyMs, slotAfter, slotAtOrBefore } from '../model/slots.ts';
import { noteClaimDelay } from './claim-delays.ts';
import type { Draft } from './draft.ts';
import { mayBeUnseen, plainDeadlineOf } from './due.ts';
import { recordSlot } from './history.ts';
import { missSlot } from './missed.ts';
import { giveUpUnseen } from './unseen.ts';
import { endLateEnds } from './why-missed.ts';

/** The slot that a run claims; without one the run is unscheduled. */
export interface Claim {
  slotAt: number | null;
  /** The slot had been given up before this run claimed it. */
  late: boolean;
  /** The history row of the slot that had been given up. */
  replacesRunId: string | null;
  replacesOutcome?: UnclaimedSlot['outcome'];
}

const UNSCHEDULED: Claim = { slotAt: null, late: false, replacesRunId: null };

/**
 * Claims the slot that a run starting at `startAt` belongs to and moves the expectation on (docs/design.md §3.1).
 * Only the ping that makes a run known claims one.
 * @param at the instant of that ping
 * @param mayBeLate whether it may take over a slot that was given up; a `skip` may not, for nothing ran
 */
export function claimSlot(draft: Draft, startAt: number, at: number, mayBeLate = true): Claim {
  const { schedule } = draft.spec;
  if (schedule === null || draft.paused) return UNSCHEDULED;
  const { slotAt, isLate } =
    schedule.kind === 'every' ? claimPeriod(draft, startAt) : claimCronSlot(draft, startAt);
  if (!isLate && slotAt !== null) {
    noteClaimDelay(draft, slotAt, at);
    endLateEnds(draft);
  }
  if (!isLate) return { slotAt, late: false, replacesRunId: null };
  return mayBeLate ? takeOver(draft, slotAt) : UNSCHEDULED;
}

/** The slot that a start belongs to; `isLate` says that it was settled already. */
interface Found {
  slotAt: number | null;
  isLate: boolean;
}

function claimCronSlot(draft: Draft, startAt: number): Found {
  const expectedAt = draft.job.expected_at;
  if (expectedAt !== null && startAt >= expectedAt) {
    const slotAt = slotOfStart(draft, startAt) ?? expectedAt;
    supersede(draft, expectedAt, slotAt, startAt);
    draft.job.expected_at = slotAfter(draft.spec, Math.max(startAt, slotAt));
    return { slotAt: Math.max(slotAt, expectedAt), isLate: false };
  }
  if (expectedAt !== null && expectedAt - startAt <= earlyMs(draft.spec, expectedAt)) {
    draft.job.expected_at = slotAfter(draft.spec, expectedAt);
    return { slotAt: expectedAt, isLate: false };
  }
  // Every slot near `startAt` is settled already. The run belongs to the slot that it would have claimed in time.
  return { slotAt: slotOfStart(draft, startAt), isLate: true };
}

/**
 * Finds the slot to which a run belongs by its start: the next slot if the run lies within its early
 * window, else the latest. Without the first case one lost ping would move every later run of a host with a fast
 * clock onto the slot before its own, where grace is as long as the period.
 */
function slotOfStart(draft: Draft, startAt: number): number | null {
  const next = slotAfter(draft.spec, startAt);
  const isEarly = next !== null && next - startAt <= earlyMs(draft.spec, next);
  return isEarly ? next : slotAtOrBefore(draft.spec, startAt);
}

/**
 * Settles slots that are older than the claimed one and still wait, because grace is longer than the period. They are
 * skipped. A slot whose deadline has come by the claimed slot had its whole grace and is missed. A slot that only
 * waits for pings of a gap to be sent again ends unknown at once, and may still be reported (§3.4).
 */
function supersede(draft: Draft, expectedAt: number, claimedAt: number, at: number): void {
  let slotAt: number | null = expectedAt;
  while (slotAt !== null && slotAt < claimedAt) {
    const isOver = plainDeadlineOf(draft, slotAt) <= claimedAt;
    const isWaiting = slotAt + draft.spec.graceMs < draft.learnedAt;
    if ((isOver || isWaiting) && mayBeUnseen(draft, slotAt)) {
      slotAt = giveUpUnseen(draft, slotAt, at, claimedAt);
    } else if (isOver) missSlot(draft, slotAt, at, draft.learnedAt);
    else recordSlot(draft, slotAt, at, 'skipped', 'superseded');
    slotAt = slotAfter(draft.spec, slotAt);
  }
}

/**
 * Claims the expected period, if the start is not too early for it. `every` expects the next run a period after the
 * last start, so every start moves the expectation on.
 */
function claimPeriod(draft: Draft, startAt: number): Found {
  const expectedAt = draft.job.expected_at;
  const isDue = expectedAt !== null && startAt >= expectedAt - earlyMs(draft.spec, expectedAt);
  const slotAt = isDue ? expectedAt : lastPeriodGivenUp(draft, startAt);
  // A start that is reported late moves the expectation to no earlier instant.
  draft.job.expected_at = Math.max(slotAfter(draft.spec, startAt) ?? 0, expectedAt ?? 0);
  return { slotAt, isLate: !isDue };
}

/**
 * Finds the latest period that was given up and that a start can still belong to, because no run has begun since and no
 * slot was skipped.
 */
function lastPeriodGivenUp(draft: Draft, startAt: number): number | null {
  const slotAt = draft.job.unclaimed
    .map((slot) => slot.at)
    .findLast((at) => at - earlyMs(draft.spec, at) <= startAt);
  if (slotAt === undefined) return null;
  const isTaken = draft.runs().some((row) => {
    if (row.kind === 'slots' && row.outcome !== 'skipped') return false;
    if (row.slot_at !== null && row.slot_at > slotAt)
      return row.slot_at - earlyMs(draft.spec, row.slot_at) <= startAt;
    // A `skip` is no run.
    if (row.kind === 'skip') return false;
    const at = startOf(row) ?? row.ended_at;
    return at !== null && at > slotAt && at <= startAt;
  });
  return isTaken ? null : slotAt;
}

function takeOver(draft: Draft, slotAt: number | null): Claim {
  const slot = draft.job.unclaimed.find((each) => each.at === slotAt);
  if (slot === undefined) return UNSCHEDULED;
  draft.job.unclaimed = draft.job.unclaimed.filter((each) => each !== slot);
  return { slotAt: slot.at, late: true, replacesRunId: slot.run_id, replacesOutcome: slot.outcome };
}
