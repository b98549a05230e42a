import { formatDuration } from '../../schedule/duration.ts';
import type { Reason } from '../model/reasons.ts';
import { startOf } from '../model/rows.ts';
import { slotAfter } from '../model/slots.ts';
import type { Draft } from './draft.ts';
import { type Due, nextDue } from './due.ts';
import { recordSlot } from './history.ts';
import { missSlot } from './missed.ts';
import { resumeAt } from './pausing.ts';
import { endRun } from './run.ts';
import { announce, remind } from './telling.ts';
import { giveUpUnseen } from './unseen.ts';

/**
 * Applies everything that is due before `until` (or at it, when `inclusive`), in order, each dated at its own instant.
 * So an outcome never depends on how late a tick came (docs/design.md §3).
 * @returns the reason of the last thing applied; null when nothing was due
 */
export function settle(draft: Draft, until: number, inclusive: boolean): Reason | null {
  let reason: Reason | null = null;
  for (;;) {
    const due = nextDue(draft);
    if (due === null || due.at > until || (due.at === until && !inclusive)) break;
    reason = apply(draft, due);
  }
  return reason;
}

function apply(draft: Draft, due: Due): Reason {
  switch (due.kind) {
    case 'limit':
      endRun(draft, due.runId, {
        at: due.at,
        knownAt: due.at,
        outcome: 'timeout',
        reason: 'timeout',
        detail: unseenDetail(draft, due.runId, due.at),
      });
      return 'timeout';
    case 'dropped':
      return dropSlot(draft, due.at);
    case 'deadline':
      return giveUpSlot(draft, due.at, due.outcome);
    case 'announcement':
      announce(draft, due.at);
      return 'announced';
    case 'reminder':
      remind(draft, due.at);
      return 'reminder';
    case 'resumption':
      resumeAt(draft, due.at);
      return 'resumed';
  }
}

/** Skips a slot that came while a run was open: the job's own lock drops the start (docs/design.md §3.2). */
function dropSlot(draft: Draft, slotAt: number): Reason {
  draft.job.expected_at = slotAfter(draft.spec, slotAt);
  recordSlot(draft, slotAt, slotAt, 'skipped', 'overlap_skipped');
  return 'overlap_skipped';
}

function giveUpSlot(draft: Draft, at: number, outcome: 'missed' | 'unknown'): Reason {
  const slotAt = draft.job.expected_at;
  if (slotAt === null) throw new Error('a deadline without an expected slot: a bug in the core');
  if (outcome === 'unknown') {
    draft.job.expected_at = slotAfter(draft.spec, giveUpUnseen(draft, slotAt, at));
    return 'outage';
  }
  draft.job.expected_at = slotAfter(draft.spec, slotAt);
  return missSlot(draft, slotAt, at, at);
}

/**
 * Returns what a timeout says of Cronflow's absence: a run that was open then may have ended unseen (docs/design.md
 * §3.4).
 */
function unseenDetail(draft: Draft, runId: string, limitAt: number): string | null {
  const run = draft.run(runId);
  const startedAt = (run === undefined ? null : startOf(run)) ?? limitAt;
  const awayMs = draft.job.gaps
    .map((gap) => Math.min(gap.to_at, limitAt) - Math.max(gap.from_at, startedAt))
    .reduce((sum, spanMs) => sum + Math.max(0, spanMs), 0);
  if (awayMs === 0) return null;
  return `Cronflow was away for ${formatDuration(awayMs)} of that and may not have seen its end`;
}
