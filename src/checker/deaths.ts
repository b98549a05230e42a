import { GAP_MS_MIN } from '../apply/alive.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../core/model/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import type { Sign, Signs } from './instances.ts';

/** An instance that signs every 2 s and has not done so for this long is looked after. */
const OVERDUE_MS = 2_500;
/**
 * Whoever lives has signed and is connected within this time, even where all connections to the store broke at once: it
 * may wait 4.7 s for an answer that never comes, and asks again half a second later. An instance that is given up too
 * early may have sent a message that it could not write down yet, and then people get that one twice.
 */
const ABSENT_MS_MIN = 7_000;

/** Whoever looks does so every 2 s. After a longer time the store was away in between. */
const LOOK_MS_MAX = 5_000;

interface DeathsOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Is told that lanes of an instance that died are free. */
  onDeath: () => void;
}

/**
 * Finds out which instances died without a word, by their connections to the store, and gives up the lanes that they
 * held. Otherwise people would hear of trouble only when the leases are up.
 */
export class Deaths {
  readonly #options: DeathsOptions;
  /** The instances that are not connected, with the instant on the monotonic clock since which that is known. */
  readonly #absent = new Map<string, { sign: Sign; sinceMs: number }>();
  readonly #buried = new Set<string>();
  /** The overdue signs that this instance found when it started, of instances that have given none since. */
  readonly #found = new Map<string, Sign>();
  #lookedMs = -Infinity;

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  /**
   * Takes the signs that this instance found when it started. One that died long before still holds its lanes, and its
   * old sign drops out of those that are stored.
   */
  suspect(signs: Signs, nowAt: number): void {
    for (const [id, sign] of Object.entries(signs)) if (isOverdue(sign, nowAt)) this.#found.set(id, sign);
  }

  /** Looks after instances that should have signed, and gives up the lanes of those that died. */
  async look(signs: Signs, nowAt: number): Promise<void> {
    const suspects = new Map(this.#found);
    // Old signs drop out of those that are stored. One that is gone earlier was taken back by a stop in order.
    for (const [id, { sign }] of this.#absent) if (nowAt - sign.at > GAP_MS_MIN) suspects.set(id, sign);
    for (const [id, sign] of Object.entries(signs)) {
      if (isOverdue(sign, nowAt)) suspects.set(id, sign);
      else for (const known of [suspects, this.#found, this.#buried]) known.delete(id);
    }
    for (const id of this.#buried) suspects.delete(id);
    try {
      const absent = await this.absentMs(Object.fromEntries(suspects));
      for (const [id, ms] of absent) if (ms >= ABSENT_MS_MIN) await this.#bury(id);
    } catch (error) {
      // The next look makes up for it.
      this.#options.logger.debug('could not look after other instances', { error: errorText(error) });
    }
  }

  /**
   * Returns those of these instances that are not connected, and for how long that has been known.
   * @throws CronflowError `store_unavailable`
   */
  async absentMs(signs: Signs): Promise<Map<string, number>> {
    const { store, clock } = this.#options;
    const presences = Object.values(signs).flatMap(({ presence }) => presence ?? []);
    const absent = (presences.length > 0 && (await store.absent?.(presences))) || new Set<string>();
    const nowMs = clock.monotonic();
    // The store was away. Then all connections to it broke, and of the time before nothing follows.
    if (nowMs - this.#lookedMs > LOOK_MS_MAX) this.#absent.clear();
    this.#lookedMs = nowMs;
    const found = new Map<string, number>();
    for (const [id, sign] of Object.entries(signs)) {
      if (sign.presence !== undefined && absent.has(sign.presence))
        found.set(id, nowMs - (this.#absent.get(id)?.sinceMs ?? nowMs));
    }
    this.#absent.clear();
    for (const [id, ms] of found) this.#absent.set(id, { sign: signs[id]!, sinceMs: nowMs - ms });
    return found;
  }

  /** Gives up the lanes of an instance that died. */
  async #bury(id: string): Promise<void> {
    const { store, logger, onDeath } = this.#options;
    await store.leaveLanes(id, new Map());
    this.#buried.add(id);
    for (const known of [this.#absent, this.#found]) known.delete(id);
    logger.warn('another instance has died; others send what it was sending', { instance: id });
    onDeath();
  }
}

function isOverdue({ at }: Sign, nowAt: number): boolean {
  return nowAt - at > OVERDUE_MS;
}
