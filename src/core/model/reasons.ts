/** The ways in which a run or a slot ends (docs/design.md §1). */
export const OUTCOMES = [
  'success',
  'failure',
  'timeout',
  'missed',
  'abandoned',
  'skipped',
  'unknown',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The ways in which a run ends. */
export type RunOutcome = Exclude<Outcome, 'missed' | 'skipped'>;

/** The ways in which a slot ends without a run. */
export type SlotOutcome = 'missed' | 'skipped' | 'unknown';

/** The kinds of trouble that thresholds count and notifiers choose from (docs/design.md §3.3). */
export const BAD_KINDS = ['failure', 'missed', 'timeout'] as const;
export type BadKind = (typeof BAD_KINDS)[number];

export const PING_KINDS = ['start', 'success', 'failure', 'log', 'skip'] as const;
export type PingKind = (typeof PING_KINDS)[number];

/** The state of a job: what it does now, or how its last counted run or slot ended (docs/design.md §3.3). */
export const STATUSES = ['pending', 'running', 'success', 'failure', 'missed', 'timeout', 'paused'] as const;
export type Status = (typeof STATUSES)[number];

/** The troubles of Cronflow itself. Such an incident belongs to no job (docs/design.md §3.3). */
const SYSTEM_REASONS = [
  'config_invalid',
  'config_held',
  'cronflow_away',
  'store_failing',
  'notifier_failing',
] as const;
export type SystemReason = (typeof SYSTEM_REASONS)[number];

/**
 * The reasons why something is as it is: the closed union that travels from `transition` to the log, the API and the
 * message. A switch over it is exhaustive, so a new reason cannot be forgotten anywhere.
 */
export const REASONS = [
  // These say how a run ended.
  'succeeded',
  'reported_failure',
  'exit_code',
  'signal',
  'unreadable_report',
  'too_fast',
  'output_mismatch',
  'overlap',
  'stuck_lock',
  'timeout',
  'abandoned',
  'too_many_runs',
  // These say how a slot ended without a run.
  'missed',
  'never_seen',
  'superseded',
  'overlap_skipped',
  'lock_held',
  'spec_changed',
  'outage',
  // These say how history was corrected.
  'late_report',
  'rerun',
  // These say what an event did that ended nothing.
  'started',
  'unscheduled',
  'duplicate',
  'logged',
  'paused',
  'resumed',
  'acknowledged',
  'declared',
  'removed',
  'reminder',
  'announced',
  'gap_noted',
  'nothing_due',
  ...SYSTEM_REASONS,
] as const;
export type Reason = (typeof REASONS)[number];

/** Tells whether a reason is of Cronflow itself and of no job. */
export function isSystemReason(reason: Reason): reason is SystemReason {
  return SYSTEM_REASONS.some((each) => each === reason);
}

/** The reasons why an incident closes. */
export const CLOSE_REASONS = ['recovered', 'late_report', 'paused', 'removed'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Returns the kind of trouble that an outcome is, or null for an outcome that is not bad (docs/design.md §3.3). */
export function badKindOf(outcome: Outcome): BadKind | null {
  if (outcome === 'missed' || outcome === 'timeout') return outcome;
  return outcome === 'failure' || outcome === 'abandoned' ? 'failure' : null;
}

/** Tells whether an outcome is neither good nor bad. Such an outcome changes no incident and no status (§3.2). */
export function isNeutral(outcome: Outcome): boolean {
  return outcome === 'skipped' || outcome === 'unknown';
}

/**
 * Tells whether an outcome means that nobody reported how the run ended. Such an outcome is replaced by a report that
 * still comes (§3.2).
 */
export function isGivenUp(outcome: Outcome | null): boolean {
  return outcome === 'timeout' || outcome === 'abandoned' || outcome === 'unknown';
}
