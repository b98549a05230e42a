import { forgetFormerNames, formerNamesEndBefore, RENAMES_KEY } from '../apply/renames.ts';
import type { Clock } from '../clock.ts';
import { dateOf } from '../core/model/daily.ts';
import type { DeliveryStatus } from '../core/model/records.ts';
import type { Logger } from '../observe/log.ts';
import type { Page, Place, Store } from '../store/store.ts';
import { DAY_MS, HOUR_MS } from '../schedule/units.ts';
import { errorText } from '../core/model/errors.ts';

const EVERY_MS = HOUR_MS;
/** The history of a removed job is kept for this long, so that a revert restores it (docs/design.md §5). */
const REMOVED_JOBS_MS = 30 * DAY_MS;
/** Closed incidents (docs/design.md §3.5) and the deliveries about them are kept for this long. */
const INCIDENTS_MS = 90 * DAY_MS;
/** Daily figures are kept for this long (docs/design.md §3.5). */
const DAYS_MS = 90 * DAY_MS;
/** Entries of the audit log are kept for this long (docs/design.md §8). */
const AUDIT_MS = 90 * DAY_MS;
const BATCH = 500;

/** Forgets once an hour everything that is older than it needs to be, a batch at a time beside the traffic. */
export class Housekeeping {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #cancel: (() => void) | null = null;

  constructor(options: { store: Store; clock: Clock; logger: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  start(): void {
    this.#cancel = this.#clock.after(EVERY_MS, () => {
      void this.run()
        .catch((error: unknown) => this.#logger.error('housekeeping failed', { error: errorText(error) }))
        .then(() => this.#cancel !== null && this.start());
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /**
   * Removes jobs, former names, daily figures, incidents, entries of the audit log and finished deliveries that are past
   * their time.
   */
  async run(): Promise<void> {
    const now = this.#clock.now();
    while (await this.#tidyJobs(now)) continue;
    while (await this.#removeOldDays(dateOf(now - DAYS_MS))) continue;
    while (await this.#removeOldIncidents(now - INCIDENTS_MS)) continue;
    while (await this.#removeOldAudit(now - AUDIT_MS)) continue;
    for (const status of ['sent', 'logged', 'dead'] as const) {
      while (await this.#removeOldDeliveries(status, now - INCIDENTS_MS)) continue;
    }
  }

  /** Deletes jobs that were removed long ago, and takes former names from the others. */
  async #tidyJobs(now: number): Promise<boolean> {
    const removedAt = now - REMOVED_JOBS_MS;
    const before = { removed_at: removedAt, renamed_at: formerNamesEndBefore(now), limit: BATCH };
    const ids = await this.#store.outdatedJobIds(before);
    await this.#store.transact({ ids, meta: [RENAMES_KEY] }, (tx) => {
      const kept = ids.flatMap((id) => {
        const job = tx.jobById(id);
        if (job === undefined) return [];
        if (job.removed_at === null || job.removed_at >= removedAt) return [job];
        tx.deleteJob(id);
        return [];
      });
      forgetFormerNames(tx, kept, now);
    });
    return ids.length > 0;
  }

  async #removeOldDays(before: string): Promise<boolean> {
    const days = await this.#store.daysBefore(before, BATCH);
    if (days.length === 0) return false;
    await this.#store.transact({ ids: days.map((day) => day.job_id) }, (tx) =>
      days.forEach((day) => tx.deleteDay(day.job_id, day.date)),
    );
    return true;
  }

  async #removeOldAudit(before: number): Promise<boolean> {
    const ids = await this.#store.auditIdsBefore(before, BATCH);
    if (ids.length === 0) return false;
    await this.#store.transact({ audit_ids: ids }, (tx) => ids.forEach((id) => tx.deleteAudit(id)));
    return true;
  }

  async #removeOldIncidents(before: number): Promise<boolean> {
    const ids = await idsOfOld(
      before,
      (page) => this.#store.incidents({ open: false, ...page }),
      ({ opened_at: beganAt, closed_at: endedAt }) => ({ beganAt, endedAt }),
    );
    if (ids.length === 0) return false;
    await this.#store.transact({ incident_ids: ids }, (tx) => ids.forEach((id) => tx.deleteIncident(id)));
    return true;
  }

  async #removeOldDeliveries(status: Exclude<DeliveryStatus, 'pending'>, before: number): Promise<boolean> {
    const ids = await idsOfOld(
      before,
      (page) => this.#store.deliveries({ status, ...page }),
      ({ created_at: beganAt, finished_at: endedAt }) => ({ beganAt, endedAt }),
    );
    if (ids.length === 0) return false;
    await this.#store.transact({ delivery_ids: ids }, (tx) => ids.forEach((id) => tx.deleteDelivery(id)));
    return true;
  }
}

/**
 * Finds some records that ended before an instant. They began before it as well, and are listed by that. To skip all
 * that are kept would take longer with each of them, and their number is not always that of this very moment.
 */
async function idsOfOld<T extends { id: string }>(
  before: number,
  list: (page: { skip: 0; limit: number; after: Place }) => Promise<Page<T>>,
  timesOf: (record: T) => { beganAt: number; endedAt: number | null },
): Promise<string[]> {
  for (let after: Place = { at: before, id: '' }; ;) {
    const { items } = await list({ skip: 0, limit: BATCH, after });
    const old = items.filter((each) => (timesOf(each).endedAt ?? Infinity) < before);
    const last = items.at(-1);
    // Those that lasted until after the instant may fill a page.
    if (old.length > 0 || last === undefined) return old.map(({ id }) => id);
    after = { at: timesOf(last).beganAt, id: last.id };
  }
}
