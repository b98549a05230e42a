import { CLOCK_STEP_MS_MIN } from '../../apply/alive.ts';
import type { Clock } from '../../clock.ts';
import type { Store } from '../../store/store.ts';
import { WAIT_MS_MAX } from './backoff.ts';

const DELIVERIES_MAX = 100_000;
/** Rewritten in one commit. */
const BATCH = 500;

/**
 * Sees to it that a wall clock that was set back holds no message back: `next_attempt_at` and leases were
 * set by the clock as it was, and could lie hours ahead.
 */
export class ClockStep {
  readonly #clock: Clock;
  /** Wall clock minus monotonic clock: the most since the last step. Several small steps add up to one. */
  #offsetMs = -Infinity;
  /** What is to be made due: what waits longer than anything does, as after a restart; or everything. */
  #isDue: 'none' | 'too_far' | 'all' = 'too_far';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called when others found that the clock was set back, be it while Cronflow was away. */
  note(): void {
    this.#require('all');
  }

  /**
   * To be called before deliveries are claimed.
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
    // Before the store is asked: what is noted meanwhile is looked for the next time.
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
 * Makes what waits for its next attempt due. Putting a delivery again ends its lease, too; what is on its way is not
 * sent again for that.
 * @param which only what would be tried after `fromAt`, and only to `notifier`
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
        // Its 24 hours count by the clock as it is, too.
        const times = { created_at: Math.min(createdAt, now), next_attempt_at: Math.min(nextAt, now) };
        tx.putDelivery({ ...delivery, ...times });
      }
    });
  }
  return ids.length;
}
