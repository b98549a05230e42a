import { closeTrouble, openTrouble, type SystemChange, type Trouble } from '../core/system.ts';
import type { Store, Tx } from '../store/store.ts';
import { readDefaults } from './configuration.ts';
import { readGlobals } from './events.ts';

/** Says that something is wrong with Cronflow itself: one message to `defaults.notify` (DESIGN.md §3.3). */
export function reportTrouble(store: Store, trouble: Trouble, at: number): Promise<void> {
  return store.transact({}, (tx) => {
    putSystemChange(tx, openTrouble(tx.openSystemIncidents(), trouble, defaultNotifiers(tx), at));
  });
}

/** Says that it is over, to those who were told; nothing if there was no such trouble. */
export function reportMended(store: Store, kind: Trouble['kind'], at: number): Promise<void> {
  return store.transact({}, (tx) => putSystemChange(tx, closeTrouble(tx.openSystemIncidents(), kind, at)));
}

/** Names of those who are told of what belongs to no job: `defaults.notify`, or everyone without it. */
export function defaultNotifiers(tx: Tx): readonly string[] {
  const notify = readDefaults(tx).notify?.map((item) => (typeof item === 'string' ? item : item.to));
  return notify ?? readGlobals(tx).notifiers;
}

/** Writes what became of system incidents. */
export function putSystemChange(tx: Tx, { incidents, deliveries }: SystemChange): void {
  for (const incident of incidents) tx.putIncident(incident);
  for (const delivery of deliveries) tx.putDelivery(delivery);
}
