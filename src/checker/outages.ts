import { gapBefore, readTimeEvents } from '../apply/alive.ts';
import type { Job } from '../core/model/records.ts';
import { DECLARING_META, readDefaults } from '../apply/stored-configuration.ts';
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
import { jobIdsInParts } from '../store/job-ids.ts';
import { TIME_EVENTS_KEY, type Store, type Tx, type View } from '../store/store.ts';
import { type JobFailure, settleJob, settlingTime } from './settling.ts';
import { errorText } from '../core/model/errors.ts';

/** The meta key of the outages of which nobody was told yet. */
export const OUTAGES_KEY = 'outages';
/**
 * The commit that tells settles at most this many jobs. While more are due, the checker is given time to settle them.
 */
const SETTLED_MAX = 500;
const SETTLING_MS = 1_000;
/** So many jobs are looked at together, with their histories. */
const LOOKED_AT_ONCE = 500;
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
    const { dueAt, isToldOf } = await this.#store.view(
      { meta: [OUTAGES_KEY, GLOBALS_KEY, TIME_EVENTS_KEY] },
      (view) => ({ dueAt: nextDueAt(view), isToldOf: readTimeEvents(view) === undefined }),
    );
    if (dueAt === null) return;
    const read = readingOf(this.#clock);
    const now = read.at;
    if (dueAt > now) return this.#lookAfter(dueAt - now);
    const isLate = now >= dueAt + SETTLING_MS_MAX;
    // Only a job that was told of an outage knows what that hid.
    if (!isToldOf && !isLate) return this.#lookAfter(SETTLING_MS);
    const due = { now_at: now, limit: SETTLED_MAX + 1 };
    const dueCount = await this.#store.view({ due }, (view) => view.due().length);
    if (dueCount > SETTLED_MAX && !isLate) return this.#lookAfter(SETTLING_MS);
    const { details, failures } = await this.#settleAndTell(read, due, isLate);
    for (const failure of failures) this.#logger.error('a job could not be checked', failure);
    if (details === null) return this.#lookAfter(0);
    for (const detail of details) this.#logger.warn('Cronflow was away', { detail });
  }

  #lookAfter(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => void this.look());
  }

  /**
   * Settles what is due and tells of the outages. In a store of one process that is one commit. Among instances it would
   * hold up everybody, and load the history of all jobs. So jobs are settled first, then looked at some at a time, and
   * what came of that is told.
   */
  async #settleAndTell(
    read: Reading,
    due: { now_at: number; limit: number },
    isLate: boolean,
  ): Promise<Told> {
    const store = this.#store;
    if (store.isShared !== true) {
      const scope = { all: true, due, runs: { recent: true } };
      return store.transact(scope, (tx) => this.#tell(tx, read, { isLate, look: lookIn }));
    }
    const meta = [...DECLARING_META, OUTAGES_KEY];
    const settled = await store.transact({ due, runs: { recent: true }, meta }, (tx) =>
      this.#tell(tx, read, { isLate, look: null }),
    );
    if (settled.details === null) return settled;
    const looked = await lookInParts(store, read.at);
    const told = await store.transact({ meta, system_incidents: true, due: { ...due, limit: 0 } }, (tx) =>
      this.#tell(tx, read, { isLate, look: looked }),
    );
    return { details: told.details, failures: [...settled.failures, ...told.failures] };
  }

  /**
   * Tells of the outages that are due.
   * @param how.isLate that it waits no longer, even for jobs that are due and not settled yet
   * @param how.look finds what was hidden; null settles only what is due
   */
  #tell(tx: Tx, read: Reading, { isLate, look }: { isLate: boolean; look: Look | null }): Told {
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
    return { details: look === null ? [] : tellDue(tx, now, look), failures };
  }
}

/** What an outage hid. */
interface Hidden {
  unseen: Unseen[];
  /** The instant until which slots that it touched are still expected, or null when none is. */
  touchedUntilAt: number | null;
}

/** Finds what an outage hid; undefined where that was not looked at. */
type Look = (tx: Tx, outage: Outage) => Hidden | undefined;

/** Tells of the outages that are due. Returns the text for each that is worth a message. */
function tellDue(tx: Tx, now: number, look: Look): string[] {
  const outages = readOutages(tx);
  const hidden = new Map<Outage, Hidden>();
  for (const outage of dueIn(tx, now)) {
    const found = look(tx, outage);
    // It came, or was dated anew, while jobs were looked at. The next look tells of it.
    if (found !== undefined) hidden.set(outage, found);
  }
  const due = [...hidden.keys()];
  const later = outages.flatMap((outage) => {
    const found = hidden.get(outage);
    if (found === undefined) return [outage];
    return postponed(outage, found.unseen, found.touchedUntilAt, now) ?? [];
  });
  writeOutages(tx, later);
  const timezone = readDefaults(tx).timezone ?? 'UTC';
  const isLater = new Set(later.map((outage) => outage.from_at));
  return due.flatMap((outage) => {
    if (isLater.has(outage.from_at)) return [];
    const { unseen } = hidden.get(outage)!;
    const change = tellOutage(outage, unseen, audience(tx).notify, timezone, now);
    putSystemChange(tx, change);
    return change.incidents.map((incident) => incident.detail ?? '');
  });
}

function nextDueAt(tx: Pick<View, 'meta'>): number | null {
  const { replayWindowMs } = readGlobals(tx);
  const dueAts = readOutages(tx).map((outage) => outageDueAt(outage, replayWindowMs));
  return dueAts.length === 0 ? null : Math.min(...dueAts);
}

function dueIn(tx: Pick<View, 'meta'>, now: number): Outage[] {
  const { replayWindowMs } = readGlobals(tx);
  return readOutages(tx).filter((outage) => outageDueAt(outage, replayWindowMs) <= now);
}

/** Finds among all jobs what an outage hid. */
function lookIn(tx: Tx, outage: Outage): Hidden {
  return hiddenOf(tx, tx.jobs(), outage);
}

function hiddenOf(view: View, jobs: readonly Job[], outage: Outage): Hidden {
  const unseen: Unseen[] = [];
  const untilAts: number[] = [];
  for (const job of jobs) {
    if (job.removed_at !== null) continue;
    const [spec, runs] = [specOfJob(view, job), view.runsOf(job.id)];
    const found = unseenOf(spec, job.state, runs, outage);
    if (found !== null) unseen.push(found);
    const untilAt = touchedUntil(spec, job.state, runs, outage);
    if (untilAt !== null) untilAts.push(untilAt);
  }
  return { unseen, touchedUntilAt: untilAts.length === 0 ? null : Math.max(...untilAts) };
}

/** Finds what the outages hid that are due, some jobs at a time, so that no more than their histories is loaded at once. */
async function lookInParts(store: Store, now: number): Promise<Look> {
  const meta = [OUTAGES_KEY, GLOBALS_KEY];
  const due = await store.view({ meta }, (view) => dueIn(view, now));
  const hidden = new Map<string, Hidden>(
    due.map((each) => [keyOf(each), { unseen: [], touchedUntilAt: null }]),
  );
  const parts = due.length === 0 ? [] : jobIdsInParts(store, LOOKED_AT_ONCE);
  for await (const some of parts) {
    const found = await store.view({ ids: some, meta, runs: { unknown: true } }, (view) => {
      const jobs = some.map((id) => view.jobById(id)).filter((job) => job !== undefined);
      return due.map((outage) => hiddenOf(view, jobs, outage));
    });
    for (const [index, outage] of due.entries()) {
      const known = hidden.get(keyOf(outage))!;
      const { unseen, touchedUntilAt } = found[index]!;
      known.unseen.push(...unseen);
      if (touchedUntilAt !== null)
        known.touchedUntilAt = Math.max(known.touchedUntilAt ?? touchedUntilAt, touchedUntilAt);
    }
  }
  return (_tx, outage) => hidden.get(keyOf(outage));
}

/** Names an outage as it is now. */
function keyOf(outage: Outage): string {
  return JSON.stringify(outage);
}

function readOutages(tx: Pick<View, 'meta'>): readonly Outage[] {
  return (tx.meta(OUTAGES_KEY) as readonly Outage[] | undefined) ?? [];
}

function writeOutages(tx: Tx, outages: readonly Outage[]): void {
  if (outages.length === 0 && tx.meta(OUTAGES_KEY) === undefined) return;
  tx.putMeta(OUTAGES_KEY, outages.length === 0 ? undefined : outages);
}
