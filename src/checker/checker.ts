import { gapBefore } from '../apply/alive.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Store, Tx } from '../store/store.ts';
import { settleJob, settlingTime } from './settling.ts';
import { errorText } from '../core/model/errors.ts';

/** Never sleeps longer: a suspended machine or a stepped clock is noticed soon (docs/design.md §3.4). */
const SLEEP_MS_MAX = 10_000;
/** Jobs settled in one commit, if there is time for as many; the rest follow at once. */
const BATCH_MAX = 500;
/** A job whose tick failed is left alone for this long, so that it holds up no other. */
const RETRY_MS = 30_000;
/** How soon a check that failed as a whole is tried again. */
const RETRY_FAILED_MS = 1_000;
/** Waking later than meant by more than this means that the machine was suspended, or nearly. */
const LATE_MS_MAX = 20_000;
/** How long it waits for liveness, which tries every 10 s, to note a time without a sign of life. */
const UNNOTED_MS_MAX = 30_000;

export interface CheckerOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Called after each commit: there may be something to deliver. */
  onCommit: () => void;
  /** Called before a tick that comes much later than it was meant to: notes a gap that may have been. */
  onLateWake: () => Promise<void>;
  /** Whether commits were refused of late and the jobs do not know of that gap yet. */
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
  /** On the monotonic clock, when it was first found that nobody has noted yet how long pings were refused. */
  #unnotedSinceMs: number | null = null;
  /** On the monotonic clock, when a check last left nothing undone that was due; null before the first. */
  lastPassedMs: number | null = null;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Waits for the commit that is under way; what else is due is left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#checking;
  }

  /** Something changed: look again at what is due next. Cheap, and safe to call at any time. */
  wake(): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#checking ??= this.#loop().finally(() => {
      this.#checking = null;
      // Asked for after the loop looked for the last time, and before it was over.
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

  /** Settles everything that is due, unless it is to stop, and returns when to look again. */
  async #check(): Promise<number> {
    const { store, clock, onLateWake } = this.#options;
    if (clock.now() - this.#wakeAt > LATE_MS_MAX) await onLateWake();
    this.#wakeAt = Infinity;
    while (!this.#stopped) {
      // Only instants that are over: a ping of this very one may still come, and comes first (docs/design.md §3).
      const now = clock.now() - 1;
      for (const [id, at] of this.#retryAt) {
        // Further off than any retry is set means that the clock stepped back.
        if (at <= now || at > now + RETRY_MS) this.#retryAt.delete(id);
      }
      const due = await store.dueJobIds(now, BATCH_MAX + this.#retryAt.size);
      const ids = due.filter((id) => !this.#retryAt.has(id));
      if (ids.length === 0) break;
      if (await this.#settle(ids, now)) continue;
      // A gap has one end for all jobs, whatever was due first when the store worked again.
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

  /** @returns false if a time without a sign of life has to be noted first, and nothing was done */
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
