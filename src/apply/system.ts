import {
  type Audience,
  closeTrouble,
  openTrouble,
  remindOfTrouble,
  type Trouble,
} from '../core/system/incidents.ts';
import type { ServiceIncident } from '../core/model/records.ts';
import { parseDuration } from '../schedule/duration.ts';
import type { Store, Tx } from '../store/store.ts';
import { readDefaults } from './configuration.ts';
import { readGlobals } from './events.ts';
import { putSystemChange } from './system-change.ts';
import { defaultNotifiers } from '../core/model/defaults.ts';

/** Reports that something is wrong with Cronflow itself, in one message to `defaults.notify` (docs/design.md §3.3). */
export function reportTrouble(store: Store, trouble: Trouble, at: number): Promise<void> {
  return store.transact({}, (tx) => {
    putSystemChange(tx, openTrouble(tx.openSystemIncidents(), trouble, audience(tx), at));
  });
}

/** Tells those who heard of a trouble that it is over. It does nothing if there was no such trouble. */
export function reportMended(store: Store, kind: ServiceIncident['kind'], at: number): Promise<void> {
  return store.transact({}, (tx) =>
    putSystemChange(tx, closeTrouble(tx.openSystemIncidents(), { kind }, at)),
  );
}

/** Returns the notifiers that are told of system incidents, and how often they are reminded. */
export function audience(tx: Tx): Audience {
  const defaults = readDefaults(tx);
  const every = defaults.remind_every;
  const remindEveryMs = every === undefined || every === 'off' ? null : parseDuration(every);
  return { notify: defaultNotifiers(defaults, readGlobals(tx).notifiers), remindEveryMs };
}

/**
 * Owes the reminders of system incidents that are due.
 * @returns whether anything is owed now
 */
export function remindOfSystemIncidents(store: Store, at: number): Promise<boolean> {
  return store.transact({}, (tx) => {
    const change = remindOfTrouble(tx.openSystemIncidents(), audience(tx), at);
    putSystemChange(tx, change);
    return change.deliveries.length > 0;
  });
}
