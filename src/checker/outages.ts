import { gapBefore } from '../apply/alive.ts';
import { readDefaults } from '../apply/configuration.ts';
import { readGlobals, specOfJob } from '../apply/events.ts';
import { audience } from '../apply/system.ts';
import { putSystemChange } from '../apply/system-change.ts';
import type { Clock } from '../clock.ts';
import {
  type Gap,
  type Outage,
  outageDueAt,
  postponed,
  tellOutage,
  touchedUntil,
  type Unseen,
  unseenOf,
  withClockSetBack,
  withGap,
} from '../core/system/outage.ts';
import type { Logger } from '../observe/log.ts';
import type { Store, Tx } from '../store/store.ts';
import { settleJob, settlingTime } from './settling.ts';
import { errorText } from '../core/model/errors.ts';

/** The meta key of the outages of which nobody was told yet. */
export const OUTAGES_KEY = 'outages';
/**
 * The commit that tells settles at most this many jobs. While more are due, the checker is given time to settle them.
 */
const SETTLED_MAX = 500;
const SETTLING_MS = 1_000;
/** The message comes at most this long after it was owed, however many jobs are due. */
const SETTLING_MS_MAX = 300_000;

/** Notes a gap of which a message is to tell. It is called in the commit that tells the jobs of the gap. */
export function noteGap(tx: Tx, gap: Gap): void {
  writeOutages(tx, withGap(readOutages(tx), gap, readGlobals(tx).replayWindowMs));
}

/** Dates the outages that are not told yet as if the clock had been right all along. */
export function setOutagesBack(tx: Tx, byMs: number): void {
  writeOutages(tx, withClockSetBack(readOutages(tx), byMs));
}

/** Tells once that Cronflow was away and what it could not see (docs/design.md §3.4). */
export class Outages {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onCommit: () => void;
  readonly #isGapUnnoted: () => boolean;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  /** @param options.isGapUnnoted tells whether commits were refused for which there is no gap yet */
  constructor(options: {
    store: Store;
    clock: Clock;
    logger: Logger;
    onCommit: () => void;
    isGapUnnoted: () => boolean;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onCommit = options.onCommit;
    this.#isGapUnnoted = options.isGapUnnoted;
  }

  /**
   * Tells of the outages that are due, and looks again when the next one is. It is called often, because a timer alone
   * would not notice a clock that was set.
   */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#lookNow())
      .catch((error: unknown) => {
        this.#logger.error('the message about an outage failed and will be tried again', {
          error: errorText(error),
        });
      });
    return this.#looking;
  }

  /** Waits for a commit that is under way, after which there is none. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#looking;
  }

  async #lookNow(): Promise<void> {
    this.#cancel?.();
    if (this.#stopped) return;
    const dueAt = await this.#store.transact({}, nextDueAt);
    if (dueAt === null) return;
    const now = this.#clock.now();
    if (dueAt > now) return this.#lookAfter(dueAt - now);
    const jobIds = await this.#store.dueJobIds(now, SETTLED_MAX + 1);
    if (jobIds.length > SETTLED_MAX && now < dueAt + SETTLING_MS_MAX) return this.#lookAfter(SETTLING_MS);
    const isLate = now >= dueAt + SETTLING_MS_MAX;
    const told = await this.#store.transact({ all: true }, (tx) => this.#tell(tx, jobIds, now, isLate));
    if (told === null) return this.#lookAfter(0);
    if (told.length === 0) return;
    this.#onCommit();
    for (const detail of told) this.#logger.warn('Cronflow was away', { detail });
  }

  #lookAfter(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => void this.look());
  }

  /**
   * Tells of the outages that are due.
   * @param isLate that it waits no longer, even for jobs that are due and not settled yet
   * @returns the text for each outage that is worth a message; null when more has to be settled first
   */
  #tell(tx: Tx, dueJobIds: readonly string[], now: number, isLate: boolean): string[] | null {
    // The machine slept past the instant. Liveness notes that first, and may put the message off.
    if (gapBefore(tx, now) !== null || this.#isGapUnnoted()) return [];
    // Slots whose replay window ends with this very instant have ended, whichever timer fires first.
    const isTimeUp = settlingTime(this.#clock);
    for (const [at, id] of dueJobIds.entries()) {
      if (at > 0 && isTimeUp() && !isLate) return null;
      if (!this.#settle(tx, id, now, isTimeUp) && !isLate) return null;
    }
    const { replayWindowMs } = readGlobals(tx);
    const outages = readOutages(tx);
    const due = outages.filter((outage) => outageDueAt(outage, replayWindowMs) <= now);
    const unseen = new Map(due.map((outage) => [outage, unseenIn(tx, outage)]));
    const later = outages.flatMap((outage) => {
      if (!due.includes(outage)) return [outage];
      return postponed(outage, unseen.get(outage) ?? [], touchedUntilIn(tx, outage), now) ?? [];
    });
    writeOutages(tx, later);
    const timezone = readDefaults(tx).timezone ?? 'UTC';
    const isLater = new Set(later.map((outage) => outage.from_at));
    return due.flatMap((outage) => {
      if (isLater.has(outage.from_at)) return [];
      const hidden = unseen.get(outage) ?? [];
      const change = tellOutage(outage, hidden, audience(tx).notify, timezone, now);
      putSystemChange(tx, change);
      return change.incidents.map((incident) => incident.detail ?? '');
    });
  }

  /**
   * Settles one job.
   * @returns whether nothing is left of the job that was due, as far as it can be settled at all
   */
  #settle(tx: Tx, id: string, now: number, isTimeUp: () => boolean): boolean {
    try {
      return tx.attempt(() => settleJob(tx, id, now, isTimeUp)).isDone;
    } catch (error) {
      this.#logger.error('a job could not be checked', { job_id: id, error: errorText(error) });
      return true;
    }
  }
}

function nextDueAt(tx: Tx): number | null {
  const { replayWindowMs } = readGlobals(tx);
  const dueAts = readOutages(tx).map((outage) => outageDueAt(outage, replayWindowMs));
  return dueAts.length === 0 ? null : Math.min(...dueAts);
}

function unseenIn(tx: Tx, outage: Outage): Unseen[] {
  return tx.jobs().flatMap((job) => {
    if (job.removed_at !== null) return [];
    return unseenOf(specOfJob(tx, job), job.state, tx.runsOf(job.id), outage) ?? [];
  });
}

/** Returns the instant until which slots that the outage touched are still expected, or null when none is. */
function touchedUntilIn(tx: Tx, outage: Outage): number | null {
  const untilAts = tx.jobs().flatMap((job) => {
    if (job.removed_at !== null) return [];
    return touchedUntil(specOfJob(tx, job), job.state, tx.runsOf(job.id), outage) ?? [];
  });
  return untilAts.length === 0 ? null : Math.max(...untilAts);
}

function readOutages(tx: Tx): readonly Outage[] {
  return (tx.meta(OUTAGES_KEY) as readonly Outage[] | undefined) ?? [];
}

function writeOutages(tx: Tx, outages: readonly Outage[]): void {
  if (outages.length === 0 && tx.meta(OUTAGES_KEY) === undefined) return;
  tx.putMeta(OUTAGES_KEY, outages.length === 0 ? undefined : outages);
}
