import { gapBefore } from '../apply/alive.ts';
import { readDefaults } from '../apply/stored-configuration.ts';
import { GLOBALS_KEY, readGlobals, specOfJob } from '../apply/events.ts';
import { audience } from '../apply/system.ts';
import { putSystemChange } from '../apply/system-change.ts';
import { type Clock, type Reading, readingOf, setSince } from '../clock.ts';
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
import type { Store, Tx, View } from '../store/store.ts';
import { type JobFailure, settleJob, settlingTime } from './settling.ts';
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

/** The result of telling. */
interface Told {
  /** The text for each outage that is worth a message; null when more has to be settled first. */
  details: string[] | null;
  failures: JobFailure[];
}

/** Tells once that Cronflow was away and what it could not see (docs/design.md §3.4). */
export class Outages {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #isGapUnnoted: () => boolean;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  /** @param options.isGapUnnoted tells whether commits were refused for which there is no gap yet */
  constructor(options: { store: Store; clock: Clock; logger: Logger; isGapUnnoted: () => boolean }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
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
    const dueAt = await this.#store.view({ meta: [OUTAGES_KEY, GLOBALS_KEY] }, nextDueAt);
    if (dueAt === null) return;
    const read = readingOf(this.#clock);
    const now = read.at;
    if (dueAt > now) return this.#lookAfter(dueAt - now);
    const isLate = now >= dueAt + SETTLING_MS_MAX;
    const due = { now_at: now, limit: SETTLED_MAX + 1 };
    const dueCount = await this.#store.view({ due }, (view) => view.due().length);
    if (dueCount > SETTLED_MAX && !isLate) return this.#lookAfter(SETTLING_MS);
    const scope = { all: true, due, runs: { recent: true } };
    const { details, failures } = await this.#store.transact(scope, (tx) => this.#tell(tx, read, isLate));
    for (const failure of failures) this.#logger.error('a job could not be checked', failure);
    if (details === null) return this.#lookAfter(0);
    for (const detail of details) this.#logger.warn('Cronflow was away', { detail });
  }

  #lookAfter(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => void this.look());
  }

  /**
   * Tells of the outages that are due.
   * @param isLate that it waits no longer, even for jobs that are due and not settled yet
   */
  #tell(tx: Tx, read: Reading, isLate: boolean): Told {
    const now = read.at;
    const failures: JobFailure[] = [];
    // The transaction has learned that this is not the present. The next beat looks again.
    if (setSince(this.#clock, read) !== 0) return { details: [], failures };
    // The machine slept past the instant. Liveness notes that first, and may put the message off.
    if (gapBefore(tx, now) !== null || this.#isGapUnnoted()) return { details: [], failures };
    // Slots whose replay window ends with this very instant have ended, whichever timer fires first.
    const isTimeUp = settlingTime(this.#clock);
    for (const [at, id] of tx.due().entries()) {
      if (at > 0 && isTimeUp() && !isLate) return { details: null, failures };
      try {
        const { isDone } = tx.attempt(() => settleJob(tx, id, now, isTimeUp));
        if (!isDone && !isLate) return { details: null, failures };
      } catch (error) {
        // A job that cannot be settled at all must not keep people from being told.
        failures.push({ job_id: id, error: errorText(error) });
      }
    }
    return { details: tellDue(tx, now), failures };
  }
}

/** Tells of the outages that are due. Returns the text for each that is worth a message. */
function tellDue(tx: Tx, now: number): string[] {
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

function nextDueAt(tx: Pick<View, 'meta'>): number | null {
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

function readOutages(tx: Pick<View, 'meta'>): readonly Outage[] {
  return (tx.meta(OUTAGES_KEY) as readonly Outage[] | undefined) ?? [];
}

function writeOutages(tx: Tx, outages: readonly Outage[]): void {
  if (outages.length === 0 && tx.meta(OUTAGES_KEY) === undefined) return;
  tx.putMeta(OUTAGES_KEY, outages.length === 0 ? undefined : outages);
}
