import type { Clock } from '../clock.ts';
import { CronflowError, errorText } from '../core/model/errors.ts';
import type { Logger } from '../observe/log.ts';

const RETRY_MS = 1_000;

/**
 * Tells whether the store refused a commit, for instance because the disk is full, so that the same commit can succeed
 * later.
 */
export function isRefusal(error: unknown): error is CronflowError {
  return error instanceof CronflowError && error.code === 'store_unavailable';
}

/**
 * Keeps work that the store refused and that must be done although nobody asks for it again. It is done in order as
 * soon as the store takes commits.
 */
export class Backlog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Maps the name of each piece of work to the work, oldest first. */
  readonly #waiting = new Map<string, () => Promise<void>>();
  #cancel: (() => void) | null = null;
  #stopped = false;
  #trying: Promise<void> = Promise.resolve();

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Tells whether work of this name waits for the store. */
  has(what: string): boolean {
    return this.#waiting.has(what);
  }

  /**
   * Does the work now, or later if the store refuses it or work before it.
   * @param what the name of the work; work that waits under the same name is out of date and is dropped
   * @throws any error but a refusal that the work throws at the first try
   */
  async do(what: string, work: () => Promise<void>): Promise<void> {
    this.#waiting.delete(what);
    if (this.#waiting.size === 0) {
      try {
        return await work();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#logger.warn('the store refused work, which is put off until the store takes commits', {
          what,
          error: error.message,
        });
      }
    }
    this.#waiting.set(what, work);
    this.#retryLater();
  }

  /**
   * Waits for a try that is under way, after which there is none. The next start finds out again which work is left.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#trying;
  }

  /** Does the work in order, as far as the store takes it. */
  async #tryAll(): Promise<void> {
    for (const [what, work] of this.#waiting) {
      if (this.#stopped) return;
      try {
        await work();
      } catch (error) {
        if (isRefusal(error)) return this.#retryLater();
        this.#logger.error('work that was put off failed', { what, error: errorText(error) });
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
