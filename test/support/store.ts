import type { Delivery } from '../../src/core/model/records.ts';
import type { ClaimOptions, Store } from '../../src/store/store.ts';

/** Returns the ids of the jobs that are due, the earliest first. */
export function dueIds(store: Store, nowAt: number, limit = 1_000): Promise<readonly string[]> {
  return store.view({ due: { now_at: nowAt, limit } }, (view) => view.due());
}

/** Claims for an owner of no special name, and returns the deliveries of all lanes. */
export async function claimed(
  store: Store,
  claim: Omit<ClaimOptions, 'owner'> & { owner?: string },
): Promise<Delivery[]> {
  const lanes = await store.claimDeliveries({ owner: 'owner', ...claim });
  return lanes.flatMap(({ deliveries }) => deliveries);
}
