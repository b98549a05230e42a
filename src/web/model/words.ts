import type { Delivery, Incident, Outcome, Reason, Run, Status } from '../../cli/api-types.ts';
import { clockText, durationText, instantOf } from './time.ts';

/** What the dashboard says for the words of the API. */

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  pending: 'not run yet',
  running: 'running',
  success: 'succeeded',
  failure: 'failed',
  missed: 'missed',
  timeout: 'timed out',
  paused: 'paused',
};

export function statusWord(status: Status): string {
  return STATUS_WORDS[status];
}

/** Says how a run or a slot ended, by one word; one that is open runs. */
export function outcomeWord(outcome: Outcome): string {
  if (outcome === null) return 'running';
  if (outcome === 'abandoned' || outcome === 'skipped' || outcome === 'unknown') return outcome;
  return STATUS_WORDS[outcome];
}

/** What is known of a run or of slots that ended alike, where a sentence says why it is bad. */
export type ToldRun = Pick<
  Run,
  | 'reason'
  | 'outcome'
  | 'exit_code'
  | 'signal'
  | 'duration_ms'
  | 'detail'
  | 'slot_at'
  | 'first_slot_at'
  | 'count'
  | 'ended_at'
>;

/**
 * Says why a run or a slot is bad: `exit 1 after 4m 12s`, `did not start at 02:00`.
 * @param timeZone the zone in which the reader gets instants
 */
export function whyText(run: ToldRun, nowAt: number, timeZone: string): string {
  const after = run.duration_ms === null ? '' : ` after ${durationText(run.duration_ms)}`;
  switch (run.reason) {
    case 'exit_code':
    case 'late_report':
    case 'rerun':
      return run.exit_code === null
        ? withDetail(`failed${after}`, run)
        : withDetail(`exit ${run.exit_code}${after}`, run);
    case 'signal':
      return withDetail(`killed by ${signalName(run.signal)}${after}`, run);
    case 'reported_failure':
      return withDetail(`reported a failure${after}`, run);
    case 'unreadable_report':
      return withDetail(`ended${after}, and its report cannot be read`, run);
    case 'too_fast':
      return withDetail(`ended${after}, too soon to have done its work`, run);
    case 'output_mismatch':
      return `ended${after}, but ${run.detail ?? 'its output is not what was expected'}`;
    case 'timeout':
      return withDetail(timeoutText(run), run);
    case 'missed':
    case 'never_seen':
      return missedText(run, nowAt, timeZone);
    default:
      return withDetail(REASON_WORDS[run.reason] ?? `${outcomeWord(run.outcome)}${after}`, run);
  }
}

const REASON_WORDS: Partial<Record<Reason, string>> = {
  abandoned: 'reported no end before the next run began',
  too_many_runs: 'had more runs open than max_open_runs allows',
  overlap: 'started while an earlier run was still going',
  stuck_lock: 'found its lock taken again and again with no run open',
  config_invalid: 'the configuration on disk has faults',
  config_held: 'a change of the configuration waits to be confirmed',
  cronflow_away: 'Cronflow was away',
  store_failing: 'the store fails',
  notifier_failing: 'messages cannot be delivered',
};

/** Says what an incident of Cronflow itself is about. */
export function systemText({
  reason,
  detail,
  subject,
}: Pick<Incident, 'reason' | 'detail' | 'subject'>): string {
  const about = subject === undefined ? '' : `${subject}: `;
  return `${about}${detail ?? REASON_WORDS[reason] ?? reason}`;
}

/** A run that has timed out has no limit any more, and lasted as long as that was. */
function timeoutText({ duration_ms: ms }: ToldRun): string {
  return ms === null
    ? 'reported no end by its limit'
    : `reported no end within its limit of ${durationText(ms)}`;
}

function missedText(run: ToldRun, nowAt: number, timeZone: string): string {
  const firstAt = instantOf(run.first_slot_at) ?? instantOf(run.slot_at);
  const never = run.reason === 'never_seen' ? ', nor ever before' : '';
  if (firstAt === null) return `did not start${never}`;
  const first = clockText(firstAt, nowAt, timeZone);
  const lastAt = instantOf(run.slot_at) ?? firstAt;
  if (run.count <= 1) {
    const givenUpAt = instantOf(run.ended_at);
    const by =
      givenUpAt === null ? '' : `: nothing was heard of it by ${clockText(givenUpAt, nowAt, timeZone)}`;
    return `did not start at ${first}${by}${never}`;
  }
  return `did not start ${run.count} times, from ${first} to ${clockText(lastAt, nowAt, timeZone)}${never}`;
}

function withDetail(text: string, { detail }: ToldRun): string {
  return detail === null || detail === '' ? text : `${text}: ${detail}`;
}

function signalName(signal: string | null): string {
  return signal === null
    ? 'a signal'
    : signal.startsWith('SIG') || /^\d/.test(signal)
      ? signal
      : `SIG${signal}`;
}

/** Says what a reason is, in a few words. Those that say it themselves are written with spaces. */
export function reasonText(reason: Reason): string {
  return REASON_WORDS[reason] ?? SHORT_REASONS[reason] ?? reason.replaceAll('_', ' ');
}

const SHORT_REASONS: Partial<Record<Reason, string>> = {
  exit_code: 'exit code',
  signal: 'killed by a signal',
  reported_failure: 'reported a failure',
  unreadable_report: 'its report cannot be read',
  too_fast: 'ended too soon',
  output_mismatch: 'its output is not what was expected',
  missed: 'did not start',
  never_seen: 'did not start, nor ever before',
  timeout: 'reported no end by its limit',
  late_report: 'reported late',
  rerun: 'ran again',
};

/** Says how an incident ended; `open` for one that goes on. */
export function closedText({
  closed_at: closedAt,
  close_reason: reason,
}: Pick<Incident, 'closed_at' | 'close_reason'>): string {
  if (closedAt === null) return 'open';
  switch (reason) {
    case 'late_report':
      return 'closed by a late report';
    case 'paused':
      return 'closed because the job was paused';
    case 'removed':
      return 'closed because the job was removed';
    case 'recovered':
    case null:
      return 'recovered';
  }
}

/** Returns until when somebody is on an incident; null where nobody is, or was and is no longer. */
export function acknowledgedUntil(
  { acknowledged_until_at: until }: Pick<Incident, 'acknowledged_until_at'>,
  nowAt: number,
): number | null {
  const at = instantOf(until);
  return at !== null && at > nowAt ? at : null;
}

const KIND_WORDS: Readonly<Record<Delivery['kind'], string>> = {
  opened: 'alert',
  reminder: 'reminder',
  closed: 'end',
  closed_silently: 'end, without a message',
};
const DELIVERY_WORDS: Readonly<Record<Delivery['status'], string>> = {
  pending: 'owed',
  sent: 'sent',
  logged: 'only logged, nobody was told',
  dead: 'given up',
};

/** Says what a message is and what became of it: `alert sent`. */
export function deliveryText({
  kind,
  status,
  merged_into: into,
}: Pick<Delivery, 'kind' | 'status' | 'merged_into'>): string {
  return `${KIND_WORDS[kind]} ${DELIVERY_WORDS[status]}${into === undefined ? '' : ' together with others'}`;
}

/** What a warning names for those who ask the API, with the screens that show the same. */
const SCREENS_OF_ROUTES: Readonly<Record<string, string>> = { '/config': '/configuration' };

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Parts a warning of the service into what people are to read and the address, below `/ui`, of the screen that says
 * why: `... are not delivered; GET /deliveries?notifier=pager says why`.
 */
export function warningOf(text: string): { said: string; path: { pathname: string; search: string } | null } {
  const [, said, pathname = '', search = ''] = /^(.*); GET (\/[^\s?]*)(\?\S*)? says why$/s.exec(text) ?? [];
  if (said === undefined) return { said: capital(text), path: null };
  return { said: `${capital(said)}.`, path: { pathname: SCREENS_OF_ROUTES[pathname] ?? pathname, search } };
}
