import { LIMITS } from '../../core/model/limits.ts';
import { isSystemReason, type Reason, type SystemReason } from '../../core/model/reasons.ts';
import type { DeliveryFacts, DeliveryKind, JobFacts, SystemFacts } from '../../core/model/records.ts';
import { formatDuration } from '../../schedule/duration.ts';
import { cleanLine } from './clean.ts';
import { heldRevision, systemVerdict, systemWords, type Words } from './system-words.ts';
import { shortTime } from '../../schedule/wall-time.ts';

const DETAIL_LENGTH_MAX = 300;

/**
 * Returns the words for the reason of an incident. Any other reason gets words that are true of all, so that a new
 * reason can never mean a message that cannot be written.
 * @param timezone the zone of the job, for the instants in the words
 */
export function troubleWords(facts: DeliveryFacts, timezone: string): Words {
  if (facts.job_name === null) return systemWords(facts.reason, facts.detail);
  return { verdict: verdictOf(facts.reason), what: whatOf(facts, timezone) };
}

/** Returns the name of the trouble that a reason is, in capitals. */
export function verdictOf(reason: Reason): string {
  switch (reason) {
    case 'missed':
      return 'MISSED';
    case 'never_seen':
      return 'NEVER SEEN';
    case 'timeout':
      return 'TIMEOUT';
    case 'abandoned':
    case 'too_many_runs':
      return 'ABANDONED';
    default:
      return isSystemReason(reason) ? systemVerdict(reason) : 'FAILED';
  }
}

function whatOf(facts: JobFacts, timezone: string): string {
  const { reason } = facts;
  switch (reason) {
    case 'missed':
      return slotWords(facts, timezone, '');
    case 'never_seen':
      return slotWords(facts, timezone, ', nor ever before');
    case 'timeout':
      return withDetail(`still running${after(facts)}`, facts);
    case 'abandoned':
      return withDetail('its run reported no end before the next one began', facts);
    case 'too_many_runs':
      return withDetail('more runs open than max_open_runs allows, the oldest given up', facts);
    default:
      return isSystemReason(reason) ? systemWords(reason, facts.detail).what : failureWords(reason, facts);
  }
}

/** Returns the words under which jobs in the same kind of trouble are listed, without the details of each. */
export function groupedWords(facts: JobFacts, timezone: string, kind: DeliveryKind): Words {
  const { reason } = facts;
  const common: JobFacts = {
    ...facts,
    // A time-out comes after `max_runtime`, which many jobs share, so its duration stays.
    duration_ms: reason === 'timeout' ? facts.duration_ms : null,
    deadline_at: kind === 'reminder' ? null : facts.deadline_at,
    detail: NAMES_RUN.has(reason) ? null : facts.detail,
  };
  return troubleWords(common, timezone);
}

/** Returns the words for trouble of Cronflow itself where other trouble is listed beside it. */
export function listedSystemWords(facts: SystemFacts): Words {
  const words = systemWords(facts.reason, facts.detail);
  const revision = heldRevision(facts);
  if (revision === null) return words;
  return { ...words, what: `${words.what}: POST /config/reload?confirm=${revision}` };
}

/** Reasons whose detail is about one run. */
const NAMES_RUN: ReadonlySet<Reason> = new Set<Reason>([
  'overlap',
  'abandoned',
  'too_many_runs',
  'missed',
  'never_seen',
]);

type FailureReason = Exclude<
  Reason,
  SystemReason | 'missed' | 'never_seen' | 'timeout' | 'abandoned' | 'too_many_runs'
>;

function failureWords(reason: FailureReason, facts: JobFacts): string {
  switch (reason) {
    case 'exit_code':
      return withDetail(`exit ${exitWords(facts.exit_code)}${after(facts)}`, facts);
    case 'signal':
      return withDetail(`killed by ${signalName(facts.signal)}${after(facts)}`, facts);
    case 'reported_failure':
      return withDetail(`reported a failure${after(facts)}`, facts);
    case 'unreadable_report':
      return withDetail(`ended${after(facts)}, and nobody can read how`, facts);
    case 'too_fast':
      return withDetail(`ended${after(facts)}, too soon to have done its work`, facts);
    case 'output_mismatch':
      return `ended${after(facts)}, but ${cleanLine(facts.detail ?? 'its output is not what was expected', DETAIL_LENGTH_MAX)}`;
    case 'overlap':
      return withDetail('started while an earlier run was still going', facts);
    case 'stuck_lock':
      return withDetail(
        `found its lock taken ${LIMITS.skipsInARowMax} times in a row with no run open`,
        facts,
      );
    case 'late_report':
      return withDetail(`reported late that it had failed${after(facts)}`, facts);
    case 'rerun':
      return withDetail(`run again later and failed${after(facts)}`, facts);
    case 'succeeded':
    case 'superseded':
    case 'overlap_skipped':
    case 'lock_held':
    case 'spec_changed':
    case 'outage':
    case 'started':
    case 'unscheduled':
    case 'duplicate':
    case 'logged':
    case 'paused':
    case 'resumed':
    case 'acknowledged':
    case 'declared':
    case 'removed':
    case 'reminder':
    case 'announced':
    case 'gap_noted':
    case 'nothing_due':
      // None of these opens an incident by itself; should one ever be named, the message still goes out.
      return withDetail('in trouble', facts);
    default:
      return unknownReason(reason, facts);
  }
}

/** Words a reason of a later version, which was read from a store shared with it. */
function unknownReason(reason: never, facts: JobFacts): string {
  return withDetail(`in trouble (${cleanLine(String(reason), 50)})`, facts);
}

function slotWords(facts: JobFacts, timezone: string, more: string): string {
  const zone = ` (${timezone})`;
  if (facts.expected_at === null) return withDetail(`nothing heard of it${more}`, facts);
  const expected = `expected ${shortTime(facts.expected_at, facts.at, timezone)}`;
  if (facts.deadline_at === null) return withDetail(`${expected}, nothing came${more}${zone}`, facts);
  const deadline = shortTime(facts.deadline_at, facts.expected_at, timezone);
  return withDetail(`${expected}, nothing by ${deadline}${more}${zone}`, facts);
}

function after(facts: JobFacts): string {
  return facts.duration_ms === null ? '' : ` after ${formatDuration(facts.duration_ms)}`;
}

/** Adds what shells mean by an exit code, where that is always the same. */
function exitWords(exitCode: number | null): string {
  if (exitCode === 126) return '126 (not executable)';
  return exitCode === 127 ? '127 (command not found)' : String(exitCode ?? 'code unknown');
}

/** Returns `SIGTERM` for `TERM`, `SIGTERM` or `sigterm`, and `signal 15` for a number. */
function signalName(signal: string | null): string {
  if (signal === null) return 'a signal';
  const name = cleanLine(signal, 20).toUpperCase();
  if (/^\d+$/.test(name)) return `signal ${name}`;
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

/** Adds the first line of the detail, because a title is one line; the message shows the rest. */
function withDetail(text: string, facts: JobFacts): string {
  const detail = detailLine(facts);
  return detail === '' ? text : `${text}: ${detail}`;
}

function detailLine(facts: JobFacts): string {
  const [line = ''] = (facts.detail ?? '').trim().split('\n', 1);
  return cleanLine(line, DETAIL_LENGTH_MAX);
}

/** Says how many messages to this notifier were given up since one last got through. */
export function deadCountWords(count: number): string {
  const messages = count === 1 ? 'one earlier message' : `${count} earlier messages`;
  return `${messages} could not be sent here; what is still open is told again`;
}

/** Writes `1st`, `2nd`, `3rd`, `11th`, `21st`. */
export function ordinal(count: number): string {
  const tens = count % 100;
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${suffix}`;
}
