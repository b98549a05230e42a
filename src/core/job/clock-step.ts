import { LIMITS } from '../model/limits.ts';
import type { BadOutcome, JobIncident, Run } from '../model/records.ts';
import { slotAfter } from '../model/slots.ts';
import type { Draft } from './draft.ts';
import { holdAnew } from './telling.ts';

/**
 * Notes that the wall clock was set back to `at` (docs/design.md §3.4). Every instant of the old clock that is later is
 * dated `at` now. Otherwise nothing would be expected, no failure would be new and no success would be a recovery until
 * the clock came by again.
 */
export function setClockBack(draft: Draft, at: number): void {
  const { job, spec } = draft;
  const stepMs = Math.max(0, job.settled_at - at);
  const capped = (instant: number | null): number | null => (instant === null ? null : Math.min(instant, at));
  job.settled_at = Math.min(job.settled_at, at);
  job.last_start_at = capped(job.last_start_at);
  if (job.expected_from_at !== undefined) job.expected_from_at = Math.min(job.expected_from_at, at);
  job.last_success_at = capped(job.last_success_at);
  job.last_outcome_at = capped(job.last_outcome_at);
  if (job.skips_from_at !== undefined) job.skips_from_at = Math.min(job.skips_from_at, at);
  if (job.skips !== undefined) job.skips = job.skips.map((skip) => Math.min(skip, at));
  if (job.anonymous_end !== undefined) {
    const { at: endAt, started_since_at: startAt } = job.anonymous_end;
    job.anonymous_end = { ...job.anonymous_end, at: Math.min(endAt, at), started_since_at: capped(startAt) };
  }
  // A pause lasts no longer than it would have, because a clock that was wrong by a year must not silence a job for one.
  if (job.paused_until_at !== undefined) job.paused_until_at = Math.max(at, job.paused_until_at - stepMs);
  job.deadline_at_min = Math.min(job.deadline_at_min, at + spec.graceMs);
  job.bad = job.bad.map((bad): BadOutcome => ({
    ...bad,
    at: Math.min(bad.at, at),
    began_at: Math.min(bad.began_at, at),
  }));
  // Slots that are still to come on the new clock are expected again.
  job.unclaimed = job.unclaimed.filter((slot) => slot.at <= at);
  job.gaps = job.gaps
    .filter((gap) => gap.from_at < at)
    .map((gap) => ({ ...gap, to_at: Math.min(gap.to_at, at) }));
  if (job.expected_at !== null) job.expected_at = Math.min(job.expected_at, slotAfter(spec, at) ?? Infinity);
  for (const run of draft.openRuns()) setRunBack(draft, run, at);
  if (draft.incident !== null) draft.setIncident(incidentSetBack(draft.incident, at, spec.remindEveryMs));
  // A window that held trouble back on the old clock may be a day off on the new one; another window may hold it
  // back.
  holdAnew(draft, at);
}

/** Gives a run that began later than now on the old clock its whole time from now. */
function setRunBack(draft: Draft, run: Run, at: number): void {
  if (run.started_at === null || run.started_at <= at) return;
  const limitAt = run.limit_at === null ? null : at + draft.spec.maxRuntimeMs;
  const { limit_at_min: atLeast } = run;
  draft.changeRun(run.id, {
    started_at: at,
    limit_at: limitAt,
    ...(atLeast === undefined ? {} : { limit_at_min: Math.min(atLeast, at + LIMITS.delayedStartMsMin) }),
  });
}

function incidentSetBack(incident: JobIncident, at: number, remindEveryMs: number | null): JobIncident {
  const { next_reminder_at: reminderAt, held_instants: held, opened_by_began_at: openedBy } = incident;
  return {
    ...incident,
    opened_at: Math.min(incident.opened_at, at),
    outcomes: incident.outcomes.map((outcome) => ({
      ...outcome,
      at: Math.min(outcome.at, at),
      began_at: Math.min(outcome.began_at, at),
    })),
    newest_bad_at: Math.min(incident.newest_bad_at, at),
    ...(openedBy === undefined ? {} : { opened_by_began_at: Math.min(openedBy, at) }),
    ...(held === undefined ? {} : { held_instants: held.map((instant) => Math.min(instant, at)) }),
    next_reminder_at: reminderAt === null ? null : Math.min(reminderAt, at + (remindEveryMs ?? 0)),
  };
}
