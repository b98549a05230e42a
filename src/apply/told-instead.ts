import { deliveryIdOf, siblingIdOf } from '../core/model/delivery-id.ts';
import type { Delivery, JobDelivery, JobIncident, SystemDelivery } from '../core/model/records.ts';
import { systemDeliveries } from '../core/system/incidents.ts';
import { DAY_MS } from '../schedule/units.ts';
import type { Store, Tx } from '../store/store.ts';
import { EVENT_META, readGlobals, specOfJob } from './events.ts';
import { DECLARING_META } from './stored-configuration.ts';
import { audience } from './system.ts';

/** So many messages are looked at together. */
const LOOKED_AT_ONCE = 200;
/** A message that was owed for longer was given up, or told, before its notifier was removed. */
const OWED_MS_MAX = DAY_MS;

/** What was removed, and when. */
export interface Removal {
  /** The names of the notifiers that a configuration has no longer. */
  notifiers: readonly string[];
  /** The instant since which it stands. */
  since_at: number;
}

interface Told {
  /** Says that whoever calls may still do this. */
  isMine: (tx: Tx) => boolean;
  meta: readonly string[];
  now: () => number;
}

/**
 * Tells of trouble that only notifiers were to hear of which a configuration has removed, and that was over before its
 * job was given the notifiers that it has now. A job that is in trouble still tells these when its declaration is
 * changed. Nobody would hear of one that has recovered. So the message is owed to them, with its end. The same goes for
 * trouble of Cronflow itself that is over, as each outage is before it is told.
 */
export async function tellInstead(store: Store, removal: Removal, told: Told): Promise<void> {
  for (const notifier of removal.notifiers) {
    for await (const openings of openingsTo(store, notifier, removal.since_at)) {
      if (openings.length > 0 && !(await tellOf(store, openings, told))) return;
    }
  }
}

/**
 * Does as `tellInstead` for messages that are being given up, because the notifier to which they are owed was removed.
 * Nobody is told twice, whoever else does the same.
 */
export async function tellOthersThan(
  store: Store,
  owed: readonly Delivery[],
  now: () => number,
): Promise<void> {
  const openings = owed.filter(({ kind }) => kind === 'opened');
  if (openings.length > 0) await tellOf(store, openings, { isMine: () => true, meta: [], now });
}

/** Finds the messages to a notifier that was removed which told of trouble since then, or that it never took. */
async function* openingsTo(store: Store, notifier: string, sinceAt: number): AsyncGenerator<Delivery[]> {
  let after: { at: number; id: string } | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const { items } = await store.deliveries({ notifier, skip: 0, limit: LOOKED_AT_ONCE, ...place });
    yield items.filter((each) => isUnheardOpening(each, sinceAt));
    const last = items.at(-1);
    if (last === undefined || last.created_at < sinceAt - OWED_MS_MAX) return;
    after = { at: last.created_at, id: last.id };
  }
}

function isUnheardOpening({ kind, status, created_at, finished_at }: Delivery, sinceAt: number): boolean {
  if (kind !== 'opened') return false;
  const isHeard = status === 'sent' || status === 'logged';
  return created_at >= sinceAt || (!isHeard && (finished_at ?? Infinity) >= sinceAt);
}

function tellOf(store: Store, openings: readonly Delivery[], { isMine, meta, now }: Told): Promise<boolean> {
  const at = now();
  const isOfSystem = openings.some(({ job_id }) => job_id === null);
  const scope = {
    ids: [...new Set(openings.flatMap(({ job_id }) => job_id ?? []))],
    incident_ids: openings.map(({ incident_id }) => incident_id),
    delivery_ids: openings.flatMap((each) => [each.id, siblingIdOf(each, 'closed')]),
    meta: [...(isOfSystem ? DECLARING_META : EVENT_META), ...meta],
    system_incidents: isOfSystem,
  };
  return store.transact(scope, (tx) => {
    if (!isMine(tx)) return false;
    for (const opening of openings) {
      if (opening.job_id === null) tellAudience(tx, opening, at);
      else tellOthers(tx, opening, at);
    }
    return true;
  });
}

function tellOthers(tx: Tx, opening: JobDelivery, at: number): void {
  const job = tx.jobById(opening.job_id);
  const incident = tx.incident(opening.incident_id);
  if (job === undefined || job.removed_at !== null || incident?.kind !== 'job') return;
  const closing = tx.delivery(siblingIdOf(opening, 'closed'));
  // A pause ends trouble without a message.
  if (closing?.kind !== 'closed') return;
  const { notifiers } = readGlobals(tx);
  if (incident.told.some((name) => notifiers.includes(name))) return;
  const names = namesFor(specOfJob(tx, job).notify, incident).filter((name) => notifiers.includes(name));
  if (names.length === 0) return;
  tx.putIncident({ ...incident, told: [...incident.told, ...names] });
  for (const name of names)
    for (const each of [opening, closing as JobDelivery]) tx.putDelivery(owedTo(name, each, at));
}

/** Tells those who hear of Cronflow itself now. Of trouble that is not over they are told as joined notifiers are. */
function tellAudience(tx: Tx, opening: SystemDelivery, at: number): void {
  const incident = tx.incident(opening.incident_id);
  if (incident === undefined || incident.kind === 'job' || incident.closed_at === null) return;
  const closing = tx.delivery(siblingIdOf(opening, 'closed'));
  // Other trouble that was told has taken its place, or its notifier was removed.
  if (closing?.kind === 'closed_silently') return;
  const { notify } = audience(tx);
  if (incident.told.some((name) => notify.includes(name))) return;
  const names = notify.filter((name) => incident.kind !== 'notifier' || name !== incident.subject);
  if (names.length === 0) return;
  tx.putIncident({ ...incident, told: [...incident.told, ...names] });
  // A notifier that hears of its own jobs alone was told a part of the detail.
  const owed = { ...incident, told: names };
  for (const each of systemDeliveries(owed, 'opened', opening.facts.at, at)) tx.putDelivery(each);
  if (closing === undefined) return;
  for (const each of systemDeliveries(owed, 'closed', closing.facts.at, at)) tx.putDelivery(each);
}

function namesFor(notify: ReturnType<typeof specOfJob>['notify'], { kinds }: JobIncident): string[] {
  const taking = notify.filter(({ on }) => on.some((kind) => kinds.includes(kind)));
  return [...new Set(taking.map(({ to }) => to))];
}

/** Returns the message that tells another notifier the same. */
function owedTo(notifier: string, { incident_id, job_id, kind, facts }: JobDelivery, at: number): Delivery {
  return {
    id: deliveryIdOf(incident_id, notifier, kind === 'opened' ? 'opened' : 'closed'),
    job_id,
    incident_id,
    notifier,
    kind,
    created_at: at,
    status: 'pending',
    attempts: 0,
    next_attempt_at: at,
    finished_at: null,
    last_error: null,
    facts,
  };
}
