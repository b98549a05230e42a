import { CLOCK_STEP_MS_MIN } from '../../apply/alive.ts';
import type { Clock } from '../../clock.ts';
import type { Delivery } from '../../core/model/records.ts';
import type { Store } from '../../store/store.ts';
import { WAIT_MS_MAX } from './backoff.ts';

const DELIVERIES_MAX = 100_000;
/** The number of deliveries that one commit changes. */
const BATCH = 500;

/**
 * Makes deliveries due when the wall clock was set back. Their `next_attempt_at` and leases were set by the clock as
 * it was, so they could lie hours ahead.
 */
export class SetBack {
  readonly #clock: Clock;
  /**
   * The most that the wall clock was ahead of the monotonic clock since the last step. A maximum is kept so that
   * several small steps add up.
   */
  #offsetMs = -Infinity;
  /** The deliveries to make due: none, those that wait longer than any can (as after a restart), or all. */
  #isDue: 'none' | 'too_far' | 'all' = 'too_far';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that the clock was set back, also while Cronflow was away. Called by whoever finds this out. */
  note(): void {
    this.#require('all');
  }

  /**
   * Makes deliveries due where the clock was set back; called before deliveries are claimed.
   * @returns how many deliveries were made due
   * @throws CronflowError when the store fails; the next call makes up for it
   */
  async look(store: Store): Promise<number> {
    const now = this.#clock.now();
    const offsetMs = now - this.#clock.monotonic();
    const isSetBack = offsetMs < this.#offsetMs - CLOCK_STEP_MS_MIN;
    if (isSetBack) this.#require('all');
    this.#offsetMs = isSetBack ? offsetMs : Math.max(this.#offsetMs, offsetMs);
    const due = this.#isDue;
    if (due === 'none') return 0;
    // The flag is cleared before the store is asked, so that a step noted meanwhile counts for the next look.
    this.#isDue = 'none';
    try {
      return await makeDue(store, now, { fromAt: due === 'all' ? -Infinity : now + WAIT_MS_MAX });
    } catch (error) {
      this.#require(due);
      throw error;
    }
  }

  #require(due: 'too_far' | 'all'): void {
    if (this.#isDue !== 'all') this.#isDue = due;
  }
}

/**
 * Makes deliveries due that wait for their next attempt. Writing a delivery again ends its lease, too; one that is on
 * its way is not sent again because of this.
 * @param which only deliveries that would be tried after `fromAt`, and only those to `notifier`
 * @returns how many
 */
export async function makeDue(
  store: Store,
  now: number,
  { fromAt, notifier }: { fromAt: number; notifier?: string },
): Promise<number> {
  const to = notifier === undefined ? {} : { notifier };
  const { items } = await store.deliveries({ status: 'pending', ...to, skip: 0, limit: DELIVERIES_MAX });
  const ids = items.filter((each) => each.next_attempt_at > fromAt).map(({ id }) => id);
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH);
    await store.transact({ delivery_ids: batch }, (tx) => {
      for (const id of batch) {
        const delivery = tx.delivery(id);
        if (delivery?.status !== 'pending') continue;
        const { created_at: createdAt, next_attempt_at: nextAt } = delivery;
        // The 24 hours of a delivery count by the clock as it is now, too.
        const times = { created_at: Math.min(createdAt, now), next_attempt_at: Math.min(nextAt, now) };
        tx.putDelivery({ ...delivery, ...times, ...attemptsBy(delivery, now) });
      }
    });
  }
  return ids.length;
}

type Attempts = Pick<Delivery, 'failing_from_at' | 'refused'>;

/** Returns what is known of the attempts of a delivery, with no instant after `now`. */
function attemptsBy({ failing_from_at: failsAt, refused }: Delivery, now: number): Attempts {
  return {
    ...(failsAt === undefined ? {} : { failing_from_at: Math.min(failsAt, now) }),
    ...(refused === undefined
      ? {}
      : { refused: refused.map((each) => ({ ...each, at: Math.min(each.at, now) })) }),
  };
}
