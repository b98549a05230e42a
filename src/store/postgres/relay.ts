import { systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Feed } from '../local/feed.ts';
import type { Change } from '../store.ts';
import type { Database } from './database.ts';
import { CHANNEL, Listener } from './listener.ts';
import { NOTIFY } from './sql/notify.ts';
import { READ_FEED } from './sql/read-feed.ts';
import { READ_FEED_END } from './sql/read-feed-end.ts';
import { TRIM_FEED } from './sql/trim-feed.ts';

/** Commits of this long are told of by one notification. The database lets those take turns with all commits. */
const NOTIFY_EVERY_MS = 50;
/** Without notifications the feed is looked at so often, and with them as often as makes up for one that was lost. */
const POLL_MS = 500;
const POLL_NOTIFIED_MS = 5_000;
const ASK_MS_MAX = 4_500;
/** A place in the feed that stays empty for so long belongs to a commit that failed. */
const GAP_MS_MAX = 90_000;
/** So many empty places are looked after. */
const GAPS_MAX = 1_000;
/** The feed keeps its entries so long. */
const KEPT_MS = 120_000;
const TRIM_EVERY_MS = 30_000;
/** So many commits of others are read at a time. */
const READ_AT_ONCE = 500;

interface RelayOptions {
  database: Database;
  url: string;
  instance: string;
  feed: Feed;
  log: Logger;
  now: () => number;
}

/**
 * Passes the changes that other instances committed on to the listeners of this one. What a commit changed stands in a
 * table, so that nothing is lost where no notification comes: notifications only say that it is worth a look.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #cancels = new Map<string, () => void>();
  #position = 0;
  /** Maps each place before the last one that was empty to the instant at which it is given up. */
  readonly #gaps = new Map<number, number>();
  readonly #listener: Listener;
  /** Says whether another instance has notified this one since the feed was last polled. */
  #isNotified = false;
  #isClosed = false;
  #reading: Promise<void> | null = null;
  #isReadAgain = false;
  /** Counts the commits of others that were read. */
  #foreignCount = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { database, url, instance, log } = options;
    this.#listener = new Listener({
      database,
      url,
      instance,
      log,
      onNotified: () => {
        this.#isNotified = true;
        void this.#look();
      },
      onLost: () => this.#poll(),
    });
  }

  /** The word by which others find out whether this instance is there; null while they could not. */
  get presence(): string | null {
    return this.#listener.presence;
  }

  /** Begins with what is committed from now on. */
  async open(): Promise<void> {
    const [row] = await this.#options.database.read(ASK_MS_MAX, (session) => session.ask(READ_FEED_END));
    this.#position = row?.['position'] as number;
    this.#poll();
    this.#trim();
    this.#listener.open();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#listener.close();
    await this.#reading;
  }

  /** Tells other instances, soon, that something was committed. */
  committed(): void {
    if (this.#cancels.has('notify')) return;
    this.#after('notify', NOTIFY_EVERY_MS, () => {
      const { database, instance } = this.#options;
      database.write(ASK_MS_MAX, (session) => session.ask(NOTIFY, CHANNEL, instance)).catch(() => {});
    });
  }

  #after(what: string, delayMs: number, act: () => void): void {
    this.#cancels.get(what)?.();
    if (this.#isClosed) return;
    const cancel = systemClock.after(delayMs, () => {
      this.#cancels.delete(what);
      act();
    });
    this.#cancels.set(what, cancel);
  }

  #poll(): void {
    const delayMs = this.#listener.isHeard ? POLL_NOTIFIED_MS : POLL_MS;
    this.#after('poll', delayMs, () => void this.#polled());
  }

  async #polled(): Promise<void> {
    const before = this.#foreignCount;
    await this.#look();
    // Somebody has committed, and should have said so.
    if (this.#foreignCount > before && !this.#isNotified) this.#listener.prove();
    this.#isNotified = false;
    this.#poll();
  }

  /** Reads what is new. While it reads, further calls make it read once more. */
  async #look(): Promise<void> {
    if (this.#reading !== null) {
      this.#isReadAgain = true;
      return this.#reading;
    }
    this.#reading = this.#read();
    await this.#reading;
    this.#reading = null;
    if (!this.#isReadAgain || this.#isClosed) return;
    this.#isReadAgain = false;
    await this.#look();
  }

  async #read(): Promise<void> {
    const { database, feed, instance } = this.#options;
    try {
      for (let count = READ_AT_ONCE; count === READ_AT_ONCE && !this.#isClosed;) {
        const places = [...this.#gaps.keys()];
        const rows = await database.read(ASK_MS_MAX, (session) =>
          session.ask(READ_FEED, this.#position, places, READ_AT_ONCE),
        );
        count = rows.length;
        for (const row of rows) {
          this.#notePlace(row['position'] as number);
          if (row['instance'] === instance) continue;
          this.#foreignCount += 1;
          feed.pass(row['changes'] as Change[]);
        }
      }
      const now = systemClock.monotonic();
      for (const [place, untilMs] of this.#gaps)
        if (untilMs < now || this.#gaps.size > GAPS_MAX) this.#gaps.delete(place);
    } catch {
      // The database is away. The next look begins where this one ended.
    }
  }

  /** Commits take their places before they are committed, so that a later place may be seen first. */
  #notePlace(place: number): void {
    if (this.#gaps.delete(place)) return;
    const untilMs = systemClock.monotonic() + GAP_MS_MAX;
    for (let empty = Math.max(this.#position + 1, place - GAPS_MAX); empty < place; empty += 1)
      this.#gaps.set(empty, untilMs);
    this.#position = Math.max(this.#position, place);
  }

  #trim(): void {
    this.#after('trim', TRIM_EVERY_MS, () => {
      const { database, now } = this.#options;
      void database
        .write(ASK_MS_MAX, (session) => session.ask(TRIM_FEED, now() - KEPT_MS))
        .catch(() => {})
        .then(() => this.#trim());
    });
  }
}
