import {
  type Audience,
  closeTrouble,
  openTrouble,
  remindOfTrouble,
  type Trouble,
} from '../core/system/incidents.ts';
import type { ServiceIncident } from '../core/model/records.ts';
import { parseDuration } from '../schedule/duration.ts';
import { CONFIGURATION_KEY, type Scope, type Store, type View } from '../store/store.ts';
import { readDefaults } from './stored-configuration.ts';
import { GLOBALS_KEY, readGlobals } from './events.ts';
import { putSystemChange } from './system-change.ts';
import { defaultNotifiers } from '../core/model/defaults.ts';

/** The scope of a transaction that changes system incidents, with what says who is told of them. */
export const SYSTEM_SCOPE = {
  system_incidents: true,
  meta: [GLOBALS_KEY, CONFIGURATION_KEY],
} as const satisfies Scope;

/** Reports that something is wrong with Cronflow itself, in one message to `defaults.notify` (docs/design.md §3.3). */
export function reportTrouble(store: Store, trouble: Trouble, at: number): Promise<void> {
  return store.transact(SYSTEM_SCOPE, (tx) => {
    putSystemChange(tx, openTrouble(tx.openSystemIncidents(), trouble, audience(tx), at));
  });
}

/** Tells those who heard of a trouble that it is over. It does nothing if there was no such trouble. */
export function reportMended(store: Store, kind: ServiceIncident['kind'], at: number): Promise<void> {
  return store.transact(SYSTEM_SCOPE, (tx) =>
    putSystemChange(tx, closeTrouble(tx.openSystemIncidents(), { kind }, at)),
  );
}

/** Returns the notifiers that are told of system incidents, and how often they are reminded. */
export function audience(tx: Pick<View, 'meta'>): Audience {
  const defaults = readDefaults(tx);
  const every = defaults.remind_every;
  const remindEveryMs = every === undefined || every === 'off' ? null : parseDuration(every);
  const { notifiers: everyone } = readGlobals(tx);
  return { notify: defaultNotifiers(defaults, everyone), everyone, remindEveryMs };
}

/** Owes the reminders of system incidents that are due. */
export function remindOfSystemIncidents(store: Store, at: number): Promise<void> {
  return store.transact(SYSTEM_SCOPE, (tx) => {
    putSystemChange(tx, remindOfTrouble(tx.openSystemIncidents(), audience(tx), at));
  });
}
