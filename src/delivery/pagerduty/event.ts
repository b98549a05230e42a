import type { DeliveryFacts } from '../../core/model/records.ts';
import { shorten } from '../message/clean.ts';
import type { Message } from '../message/message.ts';
import { keepEnd } from '../transport/fit.ts';

/**
 * PagerDuty documents 1,024 characters for a summary, 255 for the key and 512 kB for an event ("Events API v2"). The
 * other limits are ours and keep well within that.
 */
const SUMMARY_LENGTH_MAX = 1_024;
const KEY_LENGTH_MAX = 255;
const WORD_LENGTH_MAX = 255;
const VALUE_LENGTH_MAX = 1_000;
const OUTPUT_LENGTH_MAX = 10_000;
const FIELDS_MAX = 30;
const LINKS_MAX = 10;
const LINK_LENGTH_MAX = 2_000;

/** The severities that PagerDuty knows. */
export type PagerDutySeverity = 'critical' | 'error' | 'warning' | 'info';

interface Link {
  href: string;
  text: string;
}

/** An event for PagerDuty, without the routing key. */
export type PagerDutyEvent =
  | {
      event_action: 'trigger';
      dedup_key: string;
      client: 'Cronflow';
      client_url?: string;
      links: Link[];
      payload: {
        summary: string;
        severity: PagerDutySeverity;
        source: string;
        timestamp: string;
        component: string;
        group?: string;
        class: string;
        custom_details: Record<string, string>;
      };
    }
  | { event_action: 'resolve'; dedup_key: string };

/**
 * Returns the events of a message, in order. Trouble that was over before it could be told is triggered with severity
 * `info` and resolved at once. So it is on record and wakes nobody where urgency follows severity.
 * @param severity the severity of trouble that goes on
 */
export function eventsOf(message: Message, severity: PagerDutySeverity): PagerDutyEvent[] {
  const resolve = { event_action: 'resolve', dedup_key: keyOf(message) } as const;
  switch (message.kind) {
    case 'closed':
    case 'closed_silently':
      return [resolve];
    case 'opened_and_closed':
      return [triggerOf(message, 'info'), resolve];
    default:
      // A message that Cronflow was away comes after the end, and nothing follows it.
      return message.severity === 'over'
        ? [triggerOf(message, 'info'), resolve]
        : [triggerOf(message, severity)];
  }
}

function triggerOf(message: Message, severity: PagerDutySeverity): PagerDutyEvent {
  const { delivery, job } = message.source;
  const { facts } = delivery;
  const links = linksOf(message);
  const group = job?.declaration.group;
  return {
    event_action: 'trigger',
    dedup_key: keyOf(message),
    client: 'Cronflow',
    ...(links[0] === undefined ? {} : { client_url: links[0].href }),
    links,
    payload: {
      summary: cut(message.title, SUMMARY_LENGTH_MAX),
      severity,
      source: cut(hostOf(facts), WORD_LENGTH_MAX) || 'Cronflow',
      timestamp: new Date(facts.at).toISOString(),
      component: cut(facts.job_name ?? 'Cronflow', WORD_LENGTH_MAX),
      ...(group === undefined ? {} : { group: cut(group, WORD_LENGTH_MAX) }),
      class: facts.reason,
      custom_details: detailsOf(message),
    },
  };
}

function hostOf(facts: DeliveryFacts): string {
  return facts.job_name === null ? '' : (facts.host ?? '');
}

/** Returns the key that all events about one incident share. */
function keyOf({ incidentId }: Message): string {
  return keepEnd(incidentId, KEY_LENGTH_MAX);
}

function detailsOf({ description, fields, output, outputNote, links }: Message): Record<string, string> {
  const details: Record<string, string> = {};
  if (description !== null) details['Description'] = cut(description, VALUE_LENGTH_MAX);
  for (const { label, value } of fields.slice(0, FIELDS_MAX)) details[label] = cut(value, VALUE_LENGTH_MAX);
  for (const { label, text, url } of links) if (url === null) details[label] = cut(text, VALUE_LENGTH_MAX);
  if (output !== null) {
    const label = outputNote === null ? 'Output' : `Output, ${cut(outputNote, WORD_LENGTH_MAX)}`;
    details[label] = keepEnd(output.toWellFormed(), OUTPUT_LENGTH_MAX);
  }
  return details;
}

/** Returns the links. A link that is too long is left out, because a cut one would lead elsewhere. */
function linksOf({ links }: Message): Link[] {
  return links
    .flatMap(({ label, url }) =>
      url === null || url.length > LINK_LENGTH_MAX ? [] : [{ href: url, text: label }],
    )
    .slice(0, LINKS_MAX);
}

function cut(text: string, lengthMax: number): string {
  return shorten(text.toWellFormed(), lengthMax);
}
