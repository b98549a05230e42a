import { failingNotifiers } from '../../apply/failing-notifiers.ts';
import { SYSTEM_SCOPE } from '../../apply/system.ts';
import { tellOthersThan } from '../../apply/told-instead.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { MessageOutcome } from '../../observe/message-counts.ts';
import type { LaneLease, Store } from '../../store/store.ts';
import { forgetRefusals } from './refusals.ts';
import { makeDue } from './set-back.ts';
import { deadKeyOf, forgetDead, type Redelivery, redeliver, readDeadCount } from './dead.ts';
import { type SendOutcome, recordOutcome } from './outcome.ts';
import type { Parcel } from './parcel.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import { HOUR_MS } from '../../schedule/units.ts';

/**
 * The wait before a store that fails is asked again. What became of a message is to be stored as soon as the store works,
 * before another instance takes the message for one that nobody sends.
 */
export const STORE_RETRY_MS = 1_000;
const REDELIVER_RETRY_MS = 10_000;
/** By then others know of an instance that starts beside them. One without an address would not leave it what it owes. */
const KNOWN_MS = 10_000;
/**
 * The shortest time between two redeliveries of the same delivery that happen only because other messages get through.
 */
const REVIVE_EVERY_MS = HOUR_MS;

/** What may have mended a notifier. */
export type Occasion = 'changed' | 'started' | 'started_beside_others';

interface SettlerOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  notifiers: { get(name: string): { keepsState: boolean; onlyLogs?: true } | undefined };
  /** Called for every message that was sent, or not, once that is stored. */
  onOutcome?: ((notifier: string, outcome: MessageOutcome) => void) | undefined;
}

/** Stores the outcomes of messages, however long the store takes to work again. */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #stopping: AbortSignal;
  readonly #stopped: AbortSignal;
  #failing: readonly string[] = [];

  /**
   * @param stopping aborted when nothing new is to begin
   * @param stopped aborted when nothing is waited for any longer
   */
  constructor(options: SettlerOptions, around: { stopping: AbortSignal; stopped: AbortSignal }) {
    this.#options = options;
    this.#stopping = around.stopping;
    this.#stopped = around.stopped;
  }

  /** Names of the notifiers that lose messages. */
  get failing(): readonly string[] {
    return this.#failing;
  }

  async readFailing(): Promise<void> {
    this.#failing = await this.#options.store.view({ system_incidents: true }, failingNotifiers);
  }

  /**
   * Stores an outcome. It waits while the store fails, because sending again would tell people twice.
   * @throws CronflowError `lease_lost` when another instance sends to the notifier by now; nothing is stored then
   */
  async settle(parcel: Parcel, outcome: SendOutcome, lease: LaneLease): Promise<void> {
    const { store, clock, logger, onOutcome } = this.#options;
    const scope = {
      delivery_ids: [parcel.head, ...parcel.merged].map(({ id }) => id),
      system_incidents: true,
      meta: [...SYSTEM_SCOPE.meta, deadKeyOf(parcel.head.notifier)],
      lane: lease,
    };
    const { told, failing } = await this.#untilStored(parcel.head.id, () =>
      store.transact(scope, (tx) => {
        const news = recordOutcome(tx, parcel, outcome, clock.now());
        return { told: news, failing: failingNotifiers(tx) };
      }),
    );
    this.#failing = failing;
    if (outcome.type !== 'silent') onOutcome?.(parcel.head.notifier, outcome.type);
    if (told?.length === 0) {
      logger.error('a notifier fails and there is no other to tell', { notifier: parcel.head.notifier });
    }
  }

  /**
   * Tells others of what is owed to a notifier that is not configured any more, where nobody would hear of it
   * (docs/design.md §7).
   */
  async tellOthers({ head, merged }: Parcel): Promise<void> {
    const { store, clock } = this.#options;
    await this.#untilStored(head.id, () => tellOthersThan(store, [head, ...merged], () => clock.now()));
  }

  /**
   * Owes a notifier the messages about incidents that are still open, because it had lost messages and takes them
   * again (docs/design.md §7).
   */
  async recover(notifier: string, deadCount: number): Promise<void> {
    const { store } = this.#options;
    // A message that is always refused, while others get through, would be reported as lost each time. Once an hour
    // is enough.
    const notSinceAt = this.#options.clock.now() - REVIVE_EVERY_MS;
    // The count is cleared last. If this is cut short, the next message that gets through makes up for it.
    const leftCount = await this.#untilStored(notifier, () =>
      this.#redeliver(notifier, { of: 'dead', isMended: false, notSinceAt }),
    );
    await this.#untilStored(notifier, () =>
      store.transact({ meta: [deadKeyOf(notifier)] }, (tx) =>
        forgetDead(tx, notifier, Math.max(0, deadCount - leftCount)),
      ),
    );
  }

  /**
   * Owes again the messages that a notifier lost, if it lost any and may have been mended, and those that it only
   * logged while it had no address. Where its configuration changed, deliveries that wait for their next attempt are
   * tried at once.
   */
  async redeliverIfAny(notifier: string, occasion: Occasion): Promise<void> {
    const { store, clock, logger, notifiers } = this.#options;
    if (occasion === 'started_beside_others') {
      await sleep(clock, KNOWN_MS, this.#stopping);
      if (this.#stopping.aborted) return;
    }
    for (;;) {
      try {
        const nowAt = clock.now();
        const settings = notifiers.get(notifier);
        if (occasion === 'changed') {
          await makeDue(store, nowAt, { fromAt: nowAt, notifier });
          await forgetRefusals(store, notifier);
        }
        if (occasion !== 'started_beside_others' && (await readDeadCount(store, notifier)) > 0) {
          await this.#redeliver(notifier, { of: 'dead', isMended: true });
        }
        // The notifier may have got its address while Cronflow was stopped. No other instance has one, or it were sent.
        if (settings !== undefined && settings.onlyLogs !== true) {
          await this.#redeliver(notifier, { of: 'logged', isMended: true });
        }
        return;
      } catch (error) {
        if (this.#stopping.aborted) return;
        logger.error('messages that were given up cannot be sent again yet', {
          notifier,
          error: errorText(error),
        });
        await sleep(clock, REDELIVER_RETRY_MS, this.#stopping);
      }
    }
  }

  /**
   * Tries with one dead delivery whether a failing notifier takes messages again, unless another delivery is pending
   * to it. A notifier that was mended on the far side would otherwise go unnoticed until something else went wrong.
   */
  async probe(): Promise<void> {
    const { store, logger } = this.#options;
    for (const notifier of this.#failing) {
      try {
        const { total } = await store.deliveries({ status: 'pending', notifier, skip: 0, limit: 1 });
        if (total === 0) await this.#redeliver(notifier, { of: 'dead', isMended: false, countMax: 1 });
      } catch (error) {
        logger.error('messages that were given up cannot be sent again yet', {
          notifier,
          error: errorText(error),
        });
      }
    }
  }

  /** @returns how many were left for later */
  async #redeliver(notifier: string, how: Omit<Redelivery, 'nowAt' | 'keepsState'>): Promise<number> {
    const { store, clock, logger, notifiers } = this.#options;
    const keepsState = notifiers.get(notifier)?.keepsState ?? false;
    const { count, leftCount } = await redeliver(store, notifier, {
      ...how,
      nowAt: clock.now(),
      keepsState,
    });
    if (count === 0) return leftCount;
    const what = how.of === 'dead' ? 'had been given up' : 'only the log had';
    logger.warn(`messages that ${what} are owed again`, { notifier, count });
    return leftCount;
  }

  /**
   * Tries to write as often as it takes.
   * @throws CronflowError when the worker stops before the store works again, and `lease_lost`
   */
  async #untilStored<T>(about: string, write: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options;
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await write();
      } catch (error) {
        if (this.#stopped.aborted || isLeaseLost(error)) throw error;
        if (isFirst) logger.error('the outbox cannot be written', { about, error: errorText(error) });
        await sleep(clock, STORE_RETRY_MS, this.#stopped);
      }
    }
  }
}

/** Tells whether another instance holds the lane by now. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof CronflowError && error.code === 'lease_lost';
}
