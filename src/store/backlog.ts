import type { Clock } from '../clock.ts';
import { CronflowError, errorText } from '../core/model/errors.ts';
import type { Logger } from '../observe/log.ts';

const RETRY_MS = 1_000;

/** Whether a commit was refused, by a full disk for instance, so that the same can succeed later. */
export function isRefusal(error: unknown): error is CronflowError {
  return error instanceof CronflowError && error.code === 'store_unavailable';
}

/**
 * Work that the store refused and that must be done although nobody asks for it again: it is done in order as soon as
 * the store takes commits.
 */
export class Backlog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By what it is; oldest first. */
  readonly #waiting = new Map<string, () => Promise<void>>();
  #cancel: (() => void) | null = null;
  #stopped = false;
  #trying: Promise<void> = Promise.resolve();

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether work of this name waits for the store. */
  has(what: string): boolean {
    return this.#waiting.has(what);
  }

  /**
   * Does the work now or, if the store refuses it or work before it, later.
   * @param what it is; what waits under the same name is out of date and is dropped
   * @throws whatever else than a refusal the work throws at the first try
   */
  async do(what: string, work: () => Promise<void>): Promise<void> {
    this.#waiting.delete(what);
    if (this.#waiting.size === 0) {
      try {
        return await work();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#logger.warn('put off until something can be stored', { what, error: error.message });
      }
    }
    this.#waiting.set(what, work);
    this.#retryLater();
  }

  /** Waits for a try under way; none follows. What is left is found out again by the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#trying;
  }

  /** In order, as far as the store takes it. */
  async #tryAll(): Promise<void> {
    for (const [what, work] of this.#waiting) {
      if (this.#stopped) return;
      try {
        await work();
      } catch (error) {
        if (isRefusal(error)) return this.#retryLater();
        this.#logger.error('what was put off failed', { what, error: errorText(error) });
      }
      // Newer work of the same name may have come meanwhile.
      if (this.#waiting.get(what) === work) this.#waiting.delete(what);
    }
  }

  #retryLater(): void {
    this.#cancel?.();
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(RETRY_MS, () => {
      this.#trying = this.#trying.then(() => this.#tryAll());
    });
  }
}
