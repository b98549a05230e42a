import { counted } from '../text/counts.ts';
import type { Delivery, JobIncident } from '../model/records.ts';
import { badKindOf } from '../model/reasons.ts';
import type { Spec } from '../model/spec.ts';
import type { ClockWords } from './clock-words.ts';
import { told, type Told } from './explanation.ts';
import { listed, nobodyWords, thresholdWords } from './trouble-words.ts';

/** Outcomes of an incident that are named one by one; of longer ones only the latest. */
const OUTCOMES_MAX = 5;

/** Tells what an incident is about, as of the instant that is asked about. */
export function incidentTold(
  incident: JobIncident | null,
  { spec, at: asOfAt }: { spec: Spec; at: number },
  words: ClockWords,
): Told[] {
  if (incident === null) return [told('There is none: nothing bad counts.')];
  const { reason, opened_at: openedAt, bad_count: count, outcomes } = incident;
  const threshold =
    'any' in spec.failureThreshold && spec.failureThreshold.any === 1
      ? ''
      : ` (${thresholdWords(spec.failureThreshold)})`;
  const bad = outcomes.filter(({ outcome }) => badKindOf(outcome) !== null);
  const latest = bad.slice(-OUTCOMES_MAX).map(({ outcome, at }) => `${outcome} at ${words.at(at)}`);
  const which =
    count === 0
      ? 'Nothing bad is left in it.'
      : `${counted(count, 'bad outcome')} in it${count > latest.length ? `, the last of them` : ''}: ${listed(latest)}.`;
  const said = [
    told(`It has been open since ${words.at(openedAt)}${threshold}. ${which}`, { at: openedAt, reason }),
    told(closingWords(incident, spec, words)),
  ];
  const until = incident.acknowledged_until_at;
  if (until !== null && until > asOfAt)
    said.push(
      told(`It is acknowledged: nobody is reminded before ${words.at(until)}.`, {
        reason: 'acknowledged',
      }),
    );
  else if (until !== null) said.push(told(`It was acknowledged until ${words.at(until)}, and is no longer.`));
  return said;
}

function closingWords(incident: JobIncident, { recoveryThreshold: needed }: Spec, words: ClockWords): string {
  const { newest_bad_at: newestBadAt, good_run_ids: good } = incident;
  const since = newestBadAt === 0 ? '' : ` that began at ${words.at(newestBadAt)} or later`;
  if (needed === 1)
    return `A run${since} and ends well closes it.`.replace('A run and ends', 'A run that ends');
  const count = good.length === 1 ? 'was 1' : `were ${good.length}`;
  return `${needed} runs in a row that end well close it (recovery_threshold). Until now there ${count}.`;
}

/**
 * Tells who was told of an incident, by what became of the messages.
 * @param deliveries the messages as they are now, by id
 */
export function whoTold(
  incident: JobIncident | null,
  spec: Spec,
  deliveries: readonly Delivery[],
  words: ClockWords,
): Told[] {
  if (incident === null) return [];
  if (incident.announce_at !== null)
    return [told(`Nobody yet: maintenance holds the message back until ${words.at(incident.announce_at)}.`)];
  if (incident.told.length === 0) return [told(nobodyWords(spec, incident.kinds))];
  const known = deliveries.filter(({ incident_id: id }) => id === incident.id);
  const unknown = incident.told.filter((name) => !known.some(({ notifier }) => notifier === name));
  const said = known.map((each) =>
    told(deliveryWords(each, words), { at: each.finished_at ?? each.created_at }),
  );
  if (unknown.length > 0)
    said.push(told(`${listed(unknown)}: a message was owed. What became of it is not kept any more.`));
  return said;
}

const TOLD = {
  opened: 'told that the job is in trouble',
  reminder: 'reminded',
  closed: 'told that it is over',
  closed_silently: 'shown that the incident is closed',
} as const;

function deliveryWords(delivery: Delivery, words: ClockWords): string {
  const { notifier, kind, status, attempts, last_error: error, finished_at: finishedAt } = delivery;
  const what = TOLD[kind];
  const said = error === null ? '' : ` (${error})`;
  const when = words.at(finishedAt ?? delivery.created_at);
  switch (status) {
    case 'sent':
      return `${notifier} was ${what} at ${when}${delivery.merged_into === undefined ? '' : ', together with other news'}.`;
    case 'logged':
      return `${notifier} was not ${what}: only the log of Cronflow has the message, since ${when}${said}.`;
    case 'dead':
      return `${notifier} was not ${what}: the message could not be delivered and was given up at ${when}${said}.`;
    case 'pending':
      return attempts === 0
        ? `${notifier} is to be ${what}. The message is owed since ${when} and was not sent yet.`
        : `${notifier} is to be ${what}. The message is owed since ${when}, and ${counted(attempts, 'attempt')} failed${said}. The next is at ${words.at(delivery.next_attempt_at)}.`;
  }
}
