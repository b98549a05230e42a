import { deliveryIdOf, type DeliverySuffix, isEndKind } from '../model/delivery-id.ts';
import type { CloseReason, SystemReason } from '../model/reasons.ts';
import type {
  DeliveryKind,
  NotifierIncident,
  ServiceIncident,
  SystemDelivery,
  SystemIncident,
} from '../model/records.ts';

/** The trouble that is meant, whatever it was about it that went wrong. */
export type TroubleKey = Pick<ServiceIncident, 'kind'> | Pick<NotifierIncident, 'kind' | 'subject'>;

/** A trouble of Cronflow itself. */
export type Trouble = TroubleKey & {
  reason: SystemReason;
  /** A full account, for people. */
  detail: string;
  /** The causes that make up the detail, where there are several; each is told of once. */
  causes?: readonly string[];
};

/** The notifiers that are told of system incidents, and how often they are reminded; both come from `defaults`. */
export interface Audience {
  /** Names of the notifiers. */
  notify: readonly string[];
  /** Names of all that are configured. They hear of a notifier that fails where it is the only one in `notify`. */
  everyone?: readonly string[];
  /** Null means never. */
  remindEveryMs: number | null;
}

/** Records of a system incident that are new or changed. */
export interface SystemChange {
  incidents: SystemIncident[];
  deliveries: SystemDelivery[];
}

/** An open incident remembers this many of the latest causes. */
const CAUSES_MAX = 1_000;

const NOTHING: SystemChange = { incidents: [], deliveries: [] };

/**
 * Opens a system incident (docs/design.md §3.3). The same trouble again changes nothing: it is told once, also over
 * restarts. Other trouble of the same kind replaces it, so that its end is told once too; a notifier that keeps state
 * is told of both ends. A notifier that fails in another way is in the same trouble.
 * @param open the open incidents of no job
 */
export function openTrouble(
  open: readonly SystemIncident[],
  trouble: Trouble,
  audience: Audience,
  at: number,
): SystemChange {
  const { remindEveryMs } = audience;
  const same = open.filter((incident) => isAbout(incident, trouble));
  const known = same.find(
    (incident) =>
      incident.kind === 'notifier' || incident.detail === trouble.detail || isToldOf(incident, trouble),
  );
  if (known?.kind === 'notifier' || known?.detail === trouble.detail) return NOTHING;
  // Some of the causes are gone, or one that was told before is back. The incident shows the causes that there are
  // now.
  if (known !== undefined)
    return { incidents: [{ ...known, reason: trouble.reason, detail: trouble.detail }], deliveries: [] };
  const replaced = same.map((incident) => closed(incident, at, 'recovered'));
  const causes = [...new Set([...same.flatMap((each) => each.causes ?? []), ...(trouble.causes ?? [])])];
  const incident: SystemIncident = {
    ...systemIncident(`${trouble.kind}-${at}-${open.length}`, trouble, listeners(trouble, audience), at),
    next_reminder_at: remindEveryMs === null ? null : at + remindEveryMs,
    ...(causes.length === 0 ? {} : { causes: causes.slice(-CAUSES_MAX) }),
  };
  const ends = replaced.flatMap((each) => systemDeliveries(each, 'closed_silently', at, at));
  const deliveries = [...ends, ...systemDeliveries(incident, 'opened', at, at)];
  return { incidents: [...replaced, incident], deliveries };
}

/** Closes the open incidents of a trouble and owes the end to those who were told. */
export function closeTrouble(open: readonly SystemIncident[], key: TroubleKey, at: number): SystemChange {
  const incidents = open
    .filter((incident) => isAbout(incident, key))
    .map((incident) => closed(incident, at, 'recovered'));
  const deliveries = incidents.flatMap((incident) => systemDeliveries(incident, 'closed', at, at));
  return { incidents, deliveries };
}

/** Closes the incidents of notifiers that are configured no longer: nobody is told (docs/design.md §3.3). */
export function closeRemoved(
  open: readonly SystemIncident[],
  notifiers: readonly string[],
  at: number,
): SystemChange {
  const incidents = open
    .filter((incident) => incident.kind === 'notifier' && !notifiers.includes(incident.subject))
    .map((incident) => closed(incident, at, 'removed'));
  const deliveries = incidents.flatMap((incident) => systemDeliveries(incident, 'closed_silently', at, at));
  return { incidents, deliveries };
}

/**
 * Returns a system incident that was over before it could be stored. Its end is owed to those who were told of it.
 * @param told names of the notifiers that took the message
 */
export function pastTrouble(
  trouble: Trouble,
  told: readonly string[],
  fromAt: number,
  at: number,
): SystemChange {
  const incident = closed(
    systemIncident(`${trouble.kind}-${fromAt}`, trouble, told, fromAt),
    at,
    'recovered',
  );
  return { incidents: [incident], deliveries: systemDeliveries(incident, 'closed', at, at) };
}

/**
 * Lets time act on open system incidents. Reminders that are due are owed, unless the incident is acknowledged for
 * longer, and openings are owed to notifiers that joined since. Of several reminders that were due while Cronflow was
 * away one is owed.
 */
export function remindOfTrouble(
  open: readonly SystemIncident[],
  audience: Audience,
  at: number,
): SystemChange {
  const { remindEveryMs } = audience;
  const changes = open.flatMap((incident) => {
    const heard = listeners(incident, audience);
    const joined = heard.filter((name) => !incident.told.includes(name));
    const welcome = systemDeliveries({ ...incident, told: joined }, 'opened', at, at);
    const reminded = withReminder({ ...incident, told: [...incident.told, ...joined] }, remindEveryMs, at);
    const isReminded = reminded.reminder_count > incident.reminder_count;
    const reminders = isReminded
      ? systemDeliveries(
          { ...reminded, told: incident.told.filter((name) => heard.includes(name)) },
          'reminder',
          at,
          at,
        )
      : [];
    const isChanged =
      joined.length > 0 || reminded.next_reminder_at !== incident.next_reminder_at || isReminded;
    return isChanged ? [{ incident: reminded, deliveries: [...welcome, ...reminders] }] : [];
  });
  return {
    incidents: changes.map(({ incident }) => incident),
    deliveries: changes.flatMap(({ deliveries }) => deliveries),
  };
}

function withReminder(incident: SystemIncident, everyMs: number | null, at: number): SystemIncident {
  if (everyMs === null) return { ...incident, next_reminder_at: null };
  // A reminder is further off than that if the period was shortened or the clock set back.
  const dueAt = Math.min(incident.next_reminder_at ?? Infinity, at + everyMs);
  // A reminder that falls due while the incident is acknowledged comes when that ends. No reminder comes sooner for
  // the sake of an acknowledgement.
  if (Math.max(dueAt, incident.acknowledged_until_at ?? 0) > at) {
    return { ...incident, next_reminder_at: dueAt };
  }
  return { ...incident, next_reminder_at: at + everyMs, reminder_count: incident.reminder_count + 1 };
}

/** Tells whether every cause of the trouble was told already. */
function isToldOf(incident: SystemIncident, { causes = [] }: Trouble): boolean {
  const told = new Set(incident.causes);
  return causes.length > 0 && causes.every((cause) => told.has(cause));
}

function isAbout(incident: TroubleKey, key: TroubleKey): boolean {
  return incident.kind === key.kind && subjectOf(incident) === subjectOf(key);
}

function subjectOf(key: TroubleKey): string | null {
  return key.kind === 'notifier' ? key.subject : null;
}

/**
 * Returns the notifiers that are told of a trouble. A notifier that fails is not told of its own, because that message
 * would only be one more that is lost. If it is the only one that hears of Cronflow itself, all others are told: nobody
 * would know that its messages are lost.
 */
function listeners(key: TroubleKey, { notify, everyone = [] }: Audience): string[] {
  const others = notify.filter((name) => name !== subjectOf(key));
  if (key.kind !== 'notifier' || others.length > 0 || notify.length === 0) return others;
  return everyone.filter((name) => name !== key.subject);
}

function closed(incident: SystemIncident, at: number, reason: CloseReason): SystemIncident {
  return {
    ...incident,
    closed_at: Math.max(at, incident.opened_at),
    close_reason: reason,
    next_reminder_at: null,
  };
}

/** Returns an open incident of no job, of which `told` are told. */
export function systemIncident(
  id: string,
  trouble: Trouble,
  told: readonly string[],
  openedAt: number,
): SystemIncident {
  return {
    id,
    ...keyOf(trouble),
    opened_at: openedAt,
    closed_at: null,
    reason: trouble.reason,
    close_reason: null,
    told: [...new Set(told)],
    next_reminder_at: null,
    reminder_count: 0,
    acknowledged_until_at: null,
    detail: trouble.detail,
  };
}

/**
 * Returns the deliveries owed to everyone who is told of a system incident.
 * @param at the instant of what the message tells
 * @param owedAt from which it is owed
 */
export function systemDeliveries(
  incident: SystemIncident,
  kind: DeliveryKind,
  at: number,
  owedAt: number,
): SystemDelivery[] {
  const suffix = suffixOf(kind, incident);
  return incident.told.map((notifier) => ({
    id: deliveryIdOf(incident.id, notifier, suffix),
    job_id: null,
    incident_id: incident.id,
    notifier,
    kind,
    created_at: owedAt,
    status: 'pending',
    attempts: 0,
    next_attempt_at: owedAt,
    finished_at: null,
    last_error: null,
    facts: {
      job_name: null,
      reason: incident.reason,
      at,
      incident_opened_at: incident.opened_at,
      detail: incident.detail,
    },
  }));
}

function keyOf(trouble: Trouble): TroubleKey {
  return trouble.kind === 'notifier'
    ? { kind: trouble.kind, subject: trouble.subject }
    : { kind: trouble.kind };
}

function suffixOf(kind: DeliveryKind, incident: SystemIncident): DeliverySuffix {
  if (kind === 'reminder') return `reminder.${incident.reminder_count}`;
  return isEndKind(kind) ? 'closed' : 'opened';
}
