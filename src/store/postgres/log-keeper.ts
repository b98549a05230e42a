import type { Clock } from '../../clock.ts';
import { dateOf } from '../../core/model/daily.ts';
import type { Logger } from '../../observe/log.ts';
import { DAY_MS, HOUR_MS } from '../../schedule/units.ts';
import type { Database } from './database.ts';
import { isLocked, reasonText } from './errors.ts';
import { ADD_EVENTS_OF } from './sql/add-events-of.ts';
import { BEGIN_LOG } from './sql/begin-log.ts';
import { DROP_BASES } from './sql/drop-bases.ts';
import { DROP_EVENTS_BEFORE } from './sql/drop-events-before.ts';
import { DROP_META_HISTORY } from './sql/drop-meta-history.ts';
import { LOCK_LOG } from './sql/lock-log.ts';
import { MOVE_LOG_BEGIN } from './sql/move-log-begin.ts';
import { TRIM_EVENTS } from './sql/trim-events.ts';
import { type Step, step } from './statement.ts';

/** The log goes back so far. */
const LOG_MS_MAX = 30 * DAY_MS;
const KEEP_EVERY_MS = HOUR_MS;
const KEEP_MS_MAX = 60_000;
/**
 * To add and to drop a partition waits for all who use the log, such as a backup, and every commit waits behind that. So
 * it waits for no longer than a ping can. Events of a day that has no partition stand in the one for all else.
 */
const LOCK_MS_MAX = 500;
/** Partitions are there for so many days ahead. What is dated later stands in a partition for all else. */
const DAYS_AHEAD = 3;

interface LogKeeperOptions {
  database: Database;
  clock: Clock;
  log: Logger;
}

/**
 * Keeps the log of commits (docs/design.md §3.5). Each day is a partition, so that a day that is too old is dropped
 * whole: to delete its events one by one would cost as much as to write them.
 */
export class LogKeeper {
  readonly #options: LogKeeperOptions;
  #cancel: () => void = () => {};
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: LogKeeperOptions) {
    this.#options = options;
  }

  /** Keeps the log in order once, or, where something holds the log at this moment, as a backup does, later. */
  async open(): Promise<void> {
    await this.#keep().catch((error: unknown) => {
      if (!isLocked(error)) throw error;
      this.#warn(error);
    });
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#keeping;
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(KEEP_EVERY_MS, () => {
      this.#keeping = this.#keep().catch((error: unknown) => this.#warn(error));
      this.#schedule();
    });
  }

  #warn(error: unknown): void {
    this.#options.log.warn('the log of commits could not be kept in order', { error: reasonText(error) });
  }

  async #keep(): Promise<void> {
    const { database, clock } = this.#options;
    const now = clock.now();
    await database.write(KEEP_MS_MAX, async (session) => {
      await session.begin([], 'write', LOCK_MS_MAX);
      const [locked] = await session.run([step(LOCK_LOG), step(BEGIN_LOG, now)]);
      // Another instance does it at this moment.
      if (locked![0]!['is_locked'] !== true) return session.rollback();
      await session.commit([...daysAhead(now), ...daysPast(now)]);
    });
  }
}

function daysAhead(now: number): Step[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: DAYS_AHEAD + 1 }, (_, index) => {
    const from = today + index * DAY_MS;
    return step(ADD_EVENTS_OF, nameOf(from), from, from + DAY_MS);
  });
}

/** The log begins with a whole day, and so do the records and values from which its events are told. */
function daysPast(now: number): Step[] {
  const beginAt = Math.floor((now - LOG_MS_MAX) / DAY_MS) * DAY_MS;
  return [
    step(DROP_EVENTS_BEFORE, nameOf(beginAt)),
    step(TRIM_EVENTS, beginAt),
    step(DROP_BASES, beginAt),
    step(DROP_META_HISTORY, beginAt),
    step(MOVE_LOG_BEGIN, beginAt),
  ];
}

function nameOf(at: number): string {
  return dateOf(at).replaceAll('-', '');
}
