import type { Delivery, Refusal } from '../../core/model/records.ts';
import type { Store } from '../../store/store.ts';
import { MINUTE_MS, SECOND_MS } from '../../schedule/units.ts';
import type { SendResult } from '../notifier.ts';

/**
 * For so long an instance that was refused leaves the lane to others. One of them that could not reach the receiver tries
 * again after five minutes at most. One that sends nothing at all, since it cannot read the configuration, must not keep a
 * message from being given up for longer.
 */
export const OTHERS_TURN_MS = 5 * MINUTE_MS + 30 * SECOND_MS;
const PAGE = 1_000;
const BATCH = 500;

/** The result of an attempt, by which this instance either settles a message or leaves it to another one. */
export type Weighed = SendResult | { result: 'left'; refusal: Refused };

type Refused = Omit<Refusal, 'at'>;

/** What an instance does about a message: leaves it to the others for a while, settles it unsent, or (null) sends it. */
export type Turn = 'wait' | SendResult | null;

interface RefusalsOptions {
  store: Store;
  /** Names this instance. */
  owner: string;
  /** Returns the names of the other instances that live. */
  others: () => readonly string[];
}

/**
 * Decides what follows from a final refusal where instances share a store (docs/design.md §6). Each has secrets of its
 * own, so what one may not send another one may. Each tries a message until it is refused, and no further.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  /** Maps the notifiers that refused this instance, and not since took a message from it, to what they answered. */
  readonly #known = new Map<string, string>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Returns what the receivers answered that refuse this instance, by the names of the notifiers. */
  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /** Notes that the notifier has other settings now. */
  forget(notifier: string): void {
    this.#known.delete(notifier);
  }

  /** Decides what becomes of a message by the answer to it. */
  async weigh(claimed: Delivery, sent: SendResult): Promise<Weighed> {
    if (sent.result === 'ok') this.#known.delete(claimed.notifier);
    const refusal = this.#refusalBy(sent);
    if (refusal === null) return sent;
    // The answer must not be lost with the store.
    const head = await this.#asStored(claimed).catch(() => claimed);
    if (refusal.is_logged !== true && this.#options.others().length > 0)
      this.#known.set(head.notifier, refusal.why);
    return this.#untried(head).length > 0 ? { result: 'left', refusal } : lastWordOf(head, sent);
  }

  /**
   * Decides about a message before it is sent. An instance that had its turn waits for the others, and settles the
   * message if nobody takes it.
   * @throws CronflowError when the store cannot be read
   */
  async turn(claimed: Delivery, nowAt: number): Promise<Turn> {
    if (this.#ownIn(claimed) === undefined) return null;
    const head = await this.#asStored(claimed);
    const own = this.#ownIn(head);
    if (own === undefined) return null;
    // The time counts from the last refusal, and from the next attempt that another instance has planned.
    const lastAt = Math.max(head.next_attempt_at, ...(head.refused ?? []).map(({ at }) => at));
    const isTheirs = this.#untried(head).length > 0 && nowAt - lastAt < OTHERS_TURN_MS;
    return isTheirs ? 'wait' : lastWordOf(head, resultOf(own));
  }

  /**
   * Names the notifiers whose messages wait for this instance, among those that have just changed: another one was
   * refused, and this one has not tried.
   * @throws CronflowError when the store cannot be read
   */
  async waitingFor(ids: readonly string[]): Promise<string[]> {
    return this.#options.store.view({ delivery_ids: ids }, (view) => {
      const changed = ids.flatMap((id) => view.delivery(id) ?? []);
      return changed.filter((each) => this.isFor(each)).map(({ notifier }) => notifier);
    });
  }

  /** Tells whether another instance was refused a message that this one has not tried. */
  isFor(delivery: Delivery): boolean {
    const { status, refused } = delivery;
    return status === 'pending' && refused !== undefined && this.#ownIn(delivery) === undefined;
  }

  /** Reads a message again: the settings of an instance may have changed since it was claimed. */
  async #asStored(claimed: Delivery): Promise<Delivery> {
    const scope = { delivery_ids: [claimed.id] };
    return (await this.#options.store.view(scope, (view) => view.delivery(claimed.id))) ?? claimed;
  }

  #ownIn({ refused }: Delivery): Refusal | undefined {
    return refused?.find(({ by }) => by === this.#options.owner);
  }

  /** Returns the others that live and may still try. */
  #untried({ refused = [] }: Delivery): string[] {
    return this.#options.others().filter((id) => refused.every(({ by }) => by !== id));
  }

  #refusalBy(sent: SendResult): Refused | null {
    const by = this.#options.owner;
    if (sent.result === 'permanent') return { by, why: sent.detail };
    if (sent.result === 'logged' && sent.notSentBecause !== null)
      return { by, why: sent.notSentBecause, is_logged: true };
    return null;
  }
}

function resultOf({ why, is_logged: isLogged }: Refused): SendResult {
  return isLogged === true ? { result: 'logged', notSentBecause: why } : { result: 'permanent', detail: why };
}

/** Returns how a message ends. A receiver that refused it tells more than an instance that has no address for it. */
function lastWordOf({ refused = [] }: Delivery, sent: SendResult): SendResult {
  if (sent.result !== 'logged') return sent;
  const refusal = refused.find(({ is_logged: isLogged }) => isLogged !== true);
  return refusal === undefined ? sent : resultOf(refusal);
}

/** Lets every instance try what a notifier is owed, since its settings have changed at one of them. */
export async function forgetRefusals(store: Store, notifier: string): Promise<void> {
  const ids: string[] = [];
  // It goes on from the last one and not by number, since messages are settled meanwhile.
  for (let place: { after?: { at: number; id: string } } = {}; ;) {
    const { items } = await store.deliveries({ status: 'pending', notifier, skip: 0, limit: PAGE, ...place });
    ids.push(...items.flatMap(({ id, refused }) => (refused === undefined ? [] : [id])));
    const last = items.at(-1);
    if (last === undefined || items.length < PAGE) break;
    place = { after: { at: last.created_at, id: last.id } };
  }
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH);
    await store.transact({ delivery_ids: batch }, (tx) => {
      for (const id of batch) {
        const delivery = tx.delivery(id);
        if (delivery?.status === 'pending') tx.putDelivery(withoutRefusals(delivery));
      }
    });
  }
}

/** Returns a delivery without what counts only while it is tried. */
export function withoutAttempts(delivery: Delivery): Delivery {
  const { failing_from_at: _fromAt, ...rest } = withoutRefusals(delivery);
  return rest;
}

/** Returns a delivery that every instance may try. */
function withoutRefusals(delivery: Delivery): Delivery {
  const { refused: _refused, ...rest } = delivery;
  return rest;
}
