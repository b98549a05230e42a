import { gapBefore } from '../apply/alive.ts';
import { EVENT_META } from '../apply/events.ts';
import { type Clock, type Reading, readingOf, setSince } from '../clock.ts';
import type { LogFields, Logger } from '../observe/log.ts';
import type { Change, Store, Tx } from '../store/store.ts';
import { type JobFailure, settleJob, settlingTime } from './settling.ts';
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
/** A job that another instance holds is looked at again after this time. */
const HELD_MS = 100;
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
  /** Is called before a tick that comes much later than it was meant to, and notes the gap if there was one. */
  onLateWake: () => Promise<void>;
  /** Tells whether commits were refused of late and the jobs do not know of that gap yet. */
  isGapUnnoted: () => boolean;
  /**
   * Judges nothing that was due less than this long ago. Where instances share a store, another one may be storing a
   * ping that came in time.
   */
  marginMs?: number;
}

/** The effect of a transaction on the jobs that were due. */
interface Settlement {
  /** The jobs on which time has acted, for the log. */
  checked: LogFields[];
  failures: JobFailure[];
}

/** Sleeps until the earliest `due_at` of any job, then lets time act on the jobs that are due. */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #retryAt = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #unwatch: (() => void) | null = null;
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
    this.#unwatch ??= this.#options.store.watch((changes) => {
      if (changes.some((change) => this.#mayBeDue(change))) this.wake();
    });
    this.wake();
  }

  /** Waits for the commit that is under way. Everything else that is due is left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch?.();
    this.#unwatch = null;
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

  /** Tells whether a change can make something due before the checker would look by itself. */
  #mayBeDue(change: Change): boolean {
    if (change.type === 'fresh') return true;
    return change.type === 'job' && change.due_at !== null && change.due_at + 1 < this.#wakeAt;
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
    const { store, clock, onLateWake, marginMs = 0 } = this.#options;
    if (clock.now() - this.#wakeAt > LATE_MS_MAX) await onLateWake();
    this.#wakeAt = Infinity;
    while (!this.#stopped) {
      // Only instants that are over are settled. A ping of the present one may still come, and comes first
      // (docs/design.md §3).
      const read = readingOf(clock);
      const now = read.at - 1 - marginMs;
      for (const [id, at] of this.#retryAt) {
        // No retry is set further off than that, so the clock was set back.
        if (at <= now || at > now + RETRY_MS) this.#retryAt.delete(id);
      }
      const done = await this.#settle(now, read);
      if (done === 'nothing') break;
      if (done === 'settled' || done === 'clock_set') continue;
      // A gap has one end for all jobs, whichever of them was due first when the store worked again.
      this.#unnotedSinceMs ??= clock.monotonic();
      if (clock.monotonic() - this.#unnotedSinceMs < UNNOTED_MS_MAX) return now + marginMs + RETRY_FAILED_MS;
      await onLateWake();
      await this.#settle(now, read, true);
    }
    if (this.#stopped) return Infinity;
    this.#unnotedSinceMs = null;
    this.lastPassedMs = clock.monotonic();
    // Whatever was told until now is durable, and the question sees it.
    this.#wanted = false;
    const retryAts = [...this.#retryAt.values()];
    const earliest = await store.earliestDueAt(new Set(this.#retryAt.keys()));
    const nextAt = Math.min(earliest ?? Infinity, ...retryAts);
    // What is due and was not found is held by another instance, which is not asked about at every moment.
    const soonestAt = marginMs > 0 ? clock.now() + HELD_MS : -Infinity;
    return Math.max(nextAt + 1 + marginMs, soonestAt);
  }

  /**
   * Settles the jobs that are due, as far as there is time. They are taken by the transaction that settles them, so that
   * several instances settle different ones.
   * @param read the clock when `now` was found
   * @returns `unnoted` if nothing was done because a time without a sign of life has to be noted first; `clock_set` if
   *   nothing was done because the transaction has learned that `now` is not the present
   */
  async #settle(
    now: number,
    read: Reading,
    isWaitOver = false,
  ): Promise<'nothing' | 'unnoted' | 'clock_set' | 'settled'> {
    const { store, clock, logger, isGapUnnoted } = this.#options;
    const due = { now_at: now, limit: BATCH_MAX, except: new Set(this.#retryAt.keys()) };
    const result = await store.transact({ due, meta: EVENT_META }, (tx) => {
      if (tx.due().length === 0) return 'nothing';
      if (setSince(clock, read) !== 0) return 'clock_set';
      if (!isWaitOver && (gapBefore(tx, now) !== null || isGapUnnoted())) return 'unnoted';
      return settleDue(tx, now, settlingTime(clock));
    });
    if (typeof result === 'string') return result;
    for (const fields of result.checked) logger.debug('checked', fields);
    for (const failure of result.failures) {
      this.#retryAt.set(failure.job_id, now + RETRY_MS);
      logger.error('a job could not be checked', failure);
    }
    return 'settled';
  }
}

/** Lets time act on the jobs that are due, one after another, on the first in any case. */
function settleDue(tx: Tx, now: number, isTimeUp: () => boolean): Settlement {
  const settlement: Settlement = { checked: [], failures: [] };
  for (const [at, id] of tx.due().entries()) {
    if (at > 0 && isTimeUp()) break;
    try {
      const { reason, incidentCount } = tx.attempt(() => settleJob(tx, id, now, isTimeUp));
      const job = tx.jobById(id)?.name;
      if (reason !== null) settlement.checked.push({ job, reason, incidents: incidentCount });
    } catch (error) {
      settlement.failures.push({ job_id: id, error: errorText(error) });
    }
  }
  return settlement;
}
