import type { SystemChange } from '../core/system/incidents.ts';
import type { Tx } from '../store/store.ts';

/** Writes the records of system incidents that are new or changed. */
export function putSystemChange(tx: Tx, { incidents, deliveries }: SystemChange): void {
  for (const incident of incidents) tx.putIncident(incident);
  for (const delivery of deliveries) tx.putDelivery(delivery);
}
