import type { DeliveryFacts, JobFacts } from '../../core/model/records.ts';
import { formatDuration } from '../../schedule/duration.ts';
import { cleanLine } from './clean.ts';
import type { Parts } from './parts.ts';
import { failingNotifierOf, systemRecovery } from './system-words.ts';
import { badCountOf } from '../../core/model/one-shape.ts';
import { isSystemReason } from '../../core/model/reasons.ts';
import { shortTime } from '../../schedule/wall-time.ts';
import { ordinal, troubleWords } from './words.ts';

const HOST_LENGTH_MAX = 60;

/**
 * Returns the title, which must be understood alone: `FAILED daily-database-backup on web1: exit 1 after 4m12s (3rd
 * in a row)`.
 */
export function titleOf(parts: Parts): string {
  const { facts, kind, timezone, context } = parts;
  if (kind === 'closed') return `RESOLVED${subjectOf(parts, false)}: ${recoveryOf(parts, facts)}`;
  if (kind === 'closed_silently') return silentTitleOf(parts);
  const { verdict, what } = troubleWords(facts, timezone);
  const subject = subjectOf(parts, true);
  switch (kind) {
    case 'opened': {
      const badCount = badCountOf(facts);
      const count = badCount >= 2 ? ` (${ordinal(badCount)} in a row)` : '';
      return `${verdict}${subject}: ${what}${count}`;
    }
    case 'reminder':
      return `STILL ${verdict}${subject}: ${what}; in trouble for ${lastedOf(facts)}${badCountWords(facts)}`;
    case 'opened_and_closed': {
      const closing = parts.closing ?? facts;
      const from = shortTime(facts.at, context.nowAt, timezone);
      const to = shortTime(closing.at, context.nowAt, timezone);
      const when = `from ${from} to ${to} (${timezone})`;
      return `${verdict} AND RESOLVED${subject}: ${what}; ${recoveryOf(parts, closing)}, ${when}`;
    }
  }
}

/** Says why the incident is over although nothing got better. */
function silentTitleOf(parts: Parts): string {
  const { facts, context } = parts;
  const reason = context.incident?.close_reason;
  // A system incident that "recovered" silently was replaced: Cronflow has another trouble now, with an alert of its
  // own.
  const verdict = reason === 'removed' ? 'REMOVED' : reason === 'recovered' ? 'REPLACED' : 'PAUSED';
  return `${verdict}${subjectOf(parts, false)}: was in trouble for ${lastedOf(facts)}${badCountWords(facts)}`;
}

/** Returns ` daily-database-backup on web1`, or nothing where the trouble is Cronflow's own. */
function subjectOf({ facts }: Parts, withHost: boolean): string {
  if (facts.job_name === null) return '';
  const host = withHost ? onHost(facts) : '';
  return ` ${facts.job_name}${host}`;
}

function onHost({ host }: JobFacts): string {
  const name = cleanLine(host ?? '', HOST_LENGTH_MAX);
  return name === '' ? '' : ` on ${name}`;
}

function recoveryOf(parts: Parts, closing: DeliveryFacts): string {
  const { incident } = parts.context;
  const incidentReason = incident?.reason ?? closing.reason;
  if (closing.job_name === null || isSystemReason(incidentReason)) {
    return `${systemRecovery(incidentReason, failingNotifierOf(incident))}, after ${lastedOf(closing)}`;
  }
  return `${howItRan(parts, closing)}, was in trouble for ${lastedOf(closing)}${badCountWords(closing)}`;
}

function howItRan({ kind, context }: Parts, closing: JobFacts): string {
  const { incident, run } = context;
  const host = onHost(closing);
  const tookMs = closing.duration_ms ?? 0;
  // Only the run that timed out can end the incident among those that began before the time-out.
  const openedAt = closing.incident_opened_at;
  const isItself = closing.at >= openedAt && closing.at - tookMs < openedAt;
  if (incident?.reason === 'timeout' && isItself) {
    return `ended well${host} after all, after ${formatDuration(tookMs)}`;
  }
  const isLate = incident?.close_reason === 'late_report' || closing.reason === 'late_report';
  if (isLate) return `had run fine${host} after all and said so late`;
  // In a message that tells of opening and closing, the run is the one that failed.
  const isLateRun = kind === 'closed' && run?.kind === 'run' && run.late;
  const lateMs = isLateRun ? (run.started_at ?? 0) - (run.slot_at ?? 0) : 0;
  if (lateMs > 0) return `ran fine${host}, ${formatDuration(lateMs)} late`;
  return closing.reason === 'rerun' ? `ran fine${host} when run again` : `ran fine${host}`;
}

function lastedOf(facts: DeliveryFacts): string {
  return formatDuration(facts.at - facts.incident_opened_at);
}

function badCountWords(facts: DeliveryFacts): string {
  const count = badCountOf(facts);
  return count >= 2 ? ` (${count} bad)` : '';
}
