import type { Clock } from '../clock.ts';
import { errorText } from '../core/model/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import type { Signs } from './instances.ts';

/** An instance that signs every 2 s and has not done so for this long is looked after. */
const OVERDUE_MS = 5_000;
/** Whoever lives signs within this time, even where all connections to the store broke at once. */
const ABSENT_MS_MIN = 2_000;

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
  /** Maps each instance that is not connected to the instant on the monotonic clock since which that is known. */
  readonly #absentSinceMs = new Map<string, number>();
  readonly #buried = new Set<string>();

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  /** Looks after instances that should have signed, and gives up the lanes of those that died. */
  async look(signs: Signs, nowAt: number): Promise<void> {
    const overdue = Object.entries(signs).filter(([, { at }]) => nowAt - at > OVERDUE_MS);
    for (const [id, { at }] of Object.entries(signs)) if (nowAt - at <= OVERDUE_MS) this.#buried.delete(id);
    try {
      const absent = await this.absentMs(Object.fromEntries(overdue));
      for (const [id, ms] of absent) if (ms >= ABSENT_MS_MIN) await this.bury(id);
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
    const found = new Map<string, number>();
    for (const [id, { presence }] of Object.entries(signs)) {
      const sinceMs = this.#absentSinceMs.get(id) ?? nowMs;
      if (presence !== undefined && absent.has(presence)) found.set(id, nowMs - sinceMs);
    }
    this.#absentSinceMs.clear();
    for (const [id, ms] of found) this.#absentSinceMs.set(id, nowMs - ms);
    return found;
  }

  /** Gives up the lanes of an instance that died. */
  async bury(id: string): Promise<void> {
    const { store, logger, onDeath } = this.#options;
    if (this.#buried.has(id)) return;
    await store.leaveLanes(id, new Map());
    this.#buried.add(id);
    logger.warn('another instance has died; others send what it was sending', { instance: id });
    onDeath();
  }
}
