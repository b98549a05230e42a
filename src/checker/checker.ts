import { gapBefore } from '../apply/alive.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Store, Tx } from '../store/store.ts';
import { settleJob, settlingTime } from './settling.ts';
import { errorText } from '../core/model/errors.ts';

/**
 * The checker never sleeps longer, so that a suspended machine or a clock that was set is noticed soon (docs/design.md
 * §3.4).
 */
const SLEEP_MS_MAX = 10_000;
/** One commit settles at most this many jobs, if there is time for them. The rest follow at once. */
const BATCH_MAX = 500;
/** A job whose tick failed is left alone for this long, so that it holds up no other. */
const RETRY_MS = 30_000;
/** A check that failed as a whole is tried again after this time. */
const RETRY_FAILED_MS = 1_000;
/** A checker that wakes later than it meant to by more than this was suspended with its machine, or nearly so. */
const LATE_MS_MAX = 20_000;
/** The checker waits this long for liveness, which tries every 10 s, to note a time without a sign of life. */
const UNNOTED_MS_MAX = 30_000;

export interface CheckerOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Is called after each commit, because there may be something to deliver. */
  onCommit: () => void;
  /** Is called before a tick that comes much later than it was meant to, and notes the gap if there was one. */
  onLateWake: () => Promise<void>;
  /** Tells whether commits were refused of late and the jobs do not know of that gap yet. */
  isGapUnnoted: () => boolean;
}

/** Sleeps until the earliest `due_at` of any job, then lets time act on the jobs that are due. */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #retryAt = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #checking: Promise<void> | null = null;
  #wanted = false;
  #stopped = true;
  #wakeAt = Infinity;
  /**
   * The instant on the monotonic clock at which it was first found that nobody has noted yet how long pings were
   * refused.
   */
  #unnotedSinceMs: number | null = null;
  /**
   * The instant on the monotonic clock at which a check last left nothing undone that was due; null before the first.
   */
  lastPassedMs: number | null = null;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Waits for the commit that is under way. Everything else that is due is left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#checking;
  }

  /** Looks again at what is due next, because something changed. A call is cheap and safe at any time. */
  wake(): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#checking ??= this.#loop().finally(() => {
      this.#checking = null;
      // It was asked for after the loop had looked for the last time, and before the loop was over.
      if (this.#wanted) this.wake();
    });
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#options;
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      this.#cancel?.();
      let nextAt = clock.now() + SLEEP_MS_MAX;
      try {
        nextAt = Math.min(nextAt, await this.#check());
      } catch (error) {
        logger.error('the check failed and will be tried again', { error: errorText(error) });
        nextAt = clock.now() + RETRY_FAILED_MS;
      }
      if (this.#stopped) return;
      this.#wakeAt = nextAt;
      this.#cancel = clock.after(Math.max(0, nextAt - clock.now()), () => this.wake());
    }
  }

  /** Settles everything that is due, unless it is to stop, and returns the instant at which to look again. */
  async #check(): Promise<number> {
    const { store, clock, onLateWake } = this.#options;
    if (clock.now() - this.#wakeAt > LATE_MS_MAX) await onLateWake();
    this.#wakeAt = Infinity;
    while (!this.#stopped) {
      // Only instants that are over are settled. A ping of the present one may still come, and comes first
      // (docs/design.md §3).
      const now = clock.now() - 1;
      for (const [id, at] of this.#retryAt) {
        // No retry is set further off than that, so the clock was set back.
        if (at <= now || at > now + RETRY_MS) this.#retryAt.delete(id);
      }
      const due = await store.dueJobIds(now, BATCH_MAX + this.#retryAt.size);
      const ids = due.filter((id) => !this.#retryAt.has(id));
      if (ids.length === 0) break;
      if (await this.#settle(ids, now)) continue;
      // A gap has one end for all jobs, whichever of them was due first when the store worked again.
      this.#unnotedSinceMs ??= clock.monotonic();
      if (clock.monotonic() - this.#unnotedSinceMs < UNNOTED_MS_MAX) return now + RETRY_FAILED_MS;
      await onLateWake();
      await this.#settle(ids, now, true);
    }
    if (this.#stopped) return Infinity;
    this.#unnotedSinceMs = null;
    this.lastPassedMs = clock.monotonic();
    const earliest = await store.earliestDueAt();
    const nextAt = this.#retryAt.size > 0 ? Math.min(...this.#retryAt.values()) : (earliest ?? Infinity);
    return nextAt + 1;
  }

  /**
   * Settles the jobs as far as there is time.
   * @returns false if nothing was done, because a time without a sign of life has to be noted first
   */
  async #settle(ids: readonly string[], now: number, isWaitOver = false): Promise<boolean> {
    const { store, clock, logger, onCommit, isGapUnnoted } = this.#options;
    const isNoted = await store.transact({ ids }, (tx) => {
      if (!isWaitOver && (gapBefore(tx, now) !== null || isGapUnnoted())) return false;
      const isTimeUp = settlingTime(clock);
      for (const [at, id] of ids.entries()) {
        if (at > 0 && isTimeUp()) break;
        try {
          tx.attempt(() => this.#tick(tx, id, now, isTimeUp));
        } catch (error) {
          this.#retryAt.set(id, now + RETRY_MS);
          logger.error('a job could not be checked', { job_id: id, error: errorText(error) });
        }
      }
      return true;
    });
    if (!isNoted) return false;
    onCommit();
    return true;
  }

  #tick(tx: Tx, id: string, now: number, isTimeUp: () => boolean): void {
    const { reason, incidentCount } = settleJob(tx, id, now, isTimeUp);
    if (reason === null) return;
    this.#options.logger.debug('checked', { job: tx.jobById(id)?.name, reason, incidents: incidentCount });
  }
}
