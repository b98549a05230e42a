import type { Reason, SystemReason } from '../../core/model/reasons.ts';
import type { DeliveryFacts, Incident } from '../../core/model/records.ts';
import { OUTPUTS_REFUSED } from '../../store/store.ts';
import { cleanLine } from './clean.ts';

/** The two halves of a title: the name of the trouble, and what happened. */
export interface Words {
  /** The name in capitals, e.g. `FAILED`. */
  verdict: string;
  /** The event, e.g. `exit 1 after 4m12s`. */
  what: string;
}

const DETAIL_LENGTH_MAX = 240;
/** Matches the place of an error as `formatFaults` writes it. */
const PLACE = /^\S.*?:\d+:\d+ /gm;

const VERDICTS: Readonly<Record<SystemReason, string>> = {
  config_invalid: 'CONFIGURATION INVALID',
  config_held: 'CONFIGURATION HELD',
  cronflow_away: 'CRONFLOW WAS AWAY',
  store_failing: 'STORE FAILING',
  notifier_failing: 'NOTIFIER FAILING',
};

/** Returns the name of a trouble of Cronflow itself, in capitals. */
export function systemVerdict(reason: SystemReason): string {
  return VERDICTS[reason];
}

/** Returns the words for a trouble of Cronflow itself. */
export function systemWords(reason: SystemReason, detail: string | null): Words {
  return { verdict: systemVerdict(reason), what: consequenceOf(reason, whatOf(reason, detail ?? '')) };
}

/** Adds what follows from it, or says that alone where nothing else is known. */
function consequenceOf(reason: SystemReason, what: string): string {
  switch (reason) {
    case 'config_invalid':
      return joined(what, 'the last good configuration goes on running');
    case 'config_held':
      return joined(what, 'it waits until it is confirmed');
    case 'cronflow_away':
      return what || 'some runs may have gone unseen';
    case 'store_failing':
      return joined(
        what,
        what.startsWith(OUTPUTS_REFUSED)
          ? 'pings count without it until it works again'
          : 'pings are refused until it works again',
      );
    case 'notifier_failing':
      return what || 'messages are not delivered';
  }
}

function joined(what: string, consequence: string): string {
  return what === '' ? consequence : `${what.replace(/\.$/, '')}; ${consequence}`;
}

/** Returns the first of several errors, without the list of allowed words; for a held change, what it would do. */
function whatOf(reason: SystemReason, text: string): string {
  const detail = text.trim();
  const [first = ''] = detail.split('\n', 1);
  if (reason === 'config_held')
    return cleanLine(/^.*?would remove \d+ of \d+ jobs/.exec(first)?.[0] ?? first, DETAIL_LENGTH_MAX);
  if (reason !== 'config_invalid') return cleanLine(first, DETAIL_LENGTH_MAX);
  const error = cleanLine(first.replace(/ \(allowed: .*$/, ''), DETAIL_LENGTH_MAX);
  const more = (detail.match(PLACE)?.length ?? 1) - 1;
  return more > 0 ? `${error} (and ${more} more ${more === 1 ? 'error' : 'errors'})` : error;
}

/** Finds the revision that is to be confirmed in the words of the reloader; null where these name none. */
export function heldRevision({ reason, detail }: DeliveryFacts): string | null {
  if (reason !== 'config_held') return null;
  return /\bconfirm revision ([0-9a-f]{64})\b/.exec(detail ?? '')?.[1] ?? null;
}

/** Says in full what a held change would do. */
export function heldWords({ detail }: DeliveryFacts): string {
  return (detail ?? '').split('; to do so,', 1)[0] ?? '';
}

/** Returns the name of the notifier that an incident is about; null where it is about something else. */
export function failingNotifierOf(incident: Incident | null): string | null {
  return incident?.kind === 'notifier' ? incident.subject : null;
}

/**
 * Says how a system incident ended.
 * @param subject the notifier that had failed
 */
export function systemRecovery(reason: Reason, subject: string | null): string {
  switch (reason) {
    case 'config_invalid':
      return 'the configuration is valid again';
    case 'config_held':
      return 'the held configuration was confirmed or taken back';
    case 'cronflow_away':
      return 'Cronflow sees its jobs again';
    case 'store_failing':
      return 'the store works again';
    case 'notifier_failing':
      return `messages${subject === null ? '' : ` to ${subject}`} are delivered again`;
    default:
      return 'all is well again';
  }
}
