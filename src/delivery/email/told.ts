import { forgetOldest } from '../../core/model/bounded.ts';

/** A limit that practice stays below: this many deliveries, each still waiting for some of its addresses. */
const DELIVERIES_MAX = 1_000;

/**
 * Remembers which addresses already have a delivery, so that nobody gets a mail again because somebody else's mailbox
 * was busy. It is kept in memory: after a restart those addresses may get the mail twice, with the same Message-ID.
 */
export class Told {
  readonly #byDelivery = new Map<string, Set<string>>();

  has(deliveryId: string, address: string): boolean {
    return this.#byDelivery.get(deliveryId)?.has(address) ?? false;
  }

  hasAny(deliveryId: string): boolean {
    return this.#byDelivery.has(deliveryId);
  }

  add(deliveryId: string, addresses: readonly string[]): void {
    if (addresses.length === 0) return;
    const told = this.#byDelivery.get(deliveryId) ?? new Set();
    for (const address of addresses) told.add(address);
    this.#byDelivery.delete(deliveryId);
    this.#byDelivery.set(deliveryId, told);
    forgetOldest(this.#byDelivery, DELIVERIES_MAX);
  }

  forget(deliveryId: string): void {
    this.#byDelivery.delete(deliveryId);
  }
}
