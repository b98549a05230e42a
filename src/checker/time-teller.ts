import { randomUUID } from 'node:crypto';
import { readTimeEvents, type TimeEvent, type TimeEvents, withTimeEvent } from '../apply/alive.ts';
import { EVENT_META, tellOfTime } from '../apply/events.ts';
import { isLeft } from '../apply/signed.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../core/model/errors.ts';
import type { Logger } from '../observe/log.ts';
import { TIME_EVENTS_KEY, type Store, type Tx } from '../store/store.ts';
import { attemptOn, type JobFailure } from './settling.ts';

/** One commit tells so many jobs. Pings wait for no longer than it takes. */
export const TOLD_AT_ONCE = 500;

/**
 * Tells all jobs of what happened to time, where instances share the store. To tell 100,000 of them in one commit would
 * hold everybody up for longer than a ping may wait. So the first commit notes what happened, and each of those that
 * follow tells some jobs. A job that is pinged or judged before its turn is told first (`applyEvent`). Where whoever
 * tells them dies, another instance goes on.
 */
export class TimeTeller {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #by = randomUUID();
  #isStopped = false;
  #telling: Promise<void> | null = null;

  constructor(options: { store: Store; clock: Clock; logger: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Notes what all jobs are to be told, in the commit that makes it known. Call `goOn` after that. */
  note(tx: Tx, event: TimeEvent, at: number): void {
    const known = readTimeEvents(tx)?.events ?? [];
    const events = withTimeEvent(known, event);
    tx.putMeta(TIME_EVENTS_KEY, { by: this.#by, signed_at: at, after: null, events } satisfies TimeEvents);
  }

  /** Tells the jobs, beside all other work. */
  goOn(): void {
    if (this.#telling !== null || this.#isStopped) return;
    this.#telling = this.#tellAll()
      .catch((error: unknown) => {
        // The next look goes on.
        this.#logger.warn('the jobs could not be told of what happened to time yet', {
          error: errorText(error),
        });
      })
      .finally(() => (this.#telling = null));
  }

  /** Goes on where nobody does, since whoever told the jobs has died, or the store refused its commit. */
  async look(): Promise<void> {
    if (this.#telling !== null || this.#isStopped) return;
    const isToDo = await this.#store.view({ meta: [TIME_EVENTS_KEY] }, (view) =>
      this.#isLeft(readTimeEvents(view)),
    );
    if (!isToDo) return;
    const at = this.#clock.now();
    const isMine = await this.#store.transact({ meta: [TIME_EVENTS_KEY] }, (tx) => {
      const left = readTimeEvents(tx);
      if (left === undefined || !this.#isLeft(left)) return false;
      tx.putMeta(TIME_EVENTS_KEY, { ...left, by: this.#by, signed_at: at } satisfies TimeEvents);
      return true;
    });
    if (isMine) this.goOn();
  }

  /** Waits for the commit that is under way, after which another instance, or the next start, goes on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#telling;
  }

  #isLeft(events: TimeEvents | undefined): boolean {
    if (events === undefined) return false;
    return events.by === this.#by || isLeft(events, this.#clock.now());
  }

  async #tellAll(): Promise<void> {
    let after: string | null = null;
    while (!this.#isStopped) {
      const told = await this.#tellSome(after);
      for (const failure of told?.failures ?? [])
        this.#logger.error('a job could not be told of what happened to time', failure);
      if (told === null) return;
      after = told.after;
    }
  }

  /**
   * Tells some jobs.
   * @returns up to which job all are told by then; null once there is nothing to do for this instance
   */
  async #tellSome(after: string | null): Promise<{ after: string | null; failures: JobFailure[] } | null> {
    const ids = await this.#store.jobIdsAfter(after, TOLD_AT_ONCE);
    const at = this.#clock.now();
    return this.#store.transact({ ids, meta: EVENT_META }, (tx) => {
      const noted = readTimeEvents(tx);
      if (noted === undefined || noted.by !== this.#by) return null;
      // It begins anew since more has happened, or goes on from where another instance was.
      if (noted.after !== after) return { after: noted.after, failures: [] };
      const last = ids.at(-1);
      if (last === undefined) {
        tx.putMeta(TIME_EVENTS_KEY, undefined);
        return null;
      }
      const failures = ids.flatMap((id) => tellJob(tx, id, at));
      tx.putMeta(TIME_EVENTS_KEY, { ...noted, signed_at: at, after: last } satisfies TimeEvents);
      return { after: last, failures };
    });
  }
}

/** @returns the failure of a job that cannot be told */
function tellJob(tx: Tx, id: string, at: number): JobFailure[] {
  return attemptOn(tx, id, () => {
    const job = tx.jobById(id);
    if (job !== undefined && job.removed_at === null) tellOfTime(tx, job, at);
  });
}
