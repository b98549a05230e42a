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
const POLL_NOTIFIED_MS = 2_000;
const ASK_MS_MAX = 4_500;
/** A place in the feed that stays empty for so long belongs to a commit that failed. */
const GAP_MS_MAX = 90_000;
/** So many empty places are looked after. */
const GAPS_MAX = 1_000;
/** The feed keeps its entries so long. */
const KEPT_MS = 120_000;
const TRIM_EVERY_MS = 30_000;
/** So many commits may have a place in the feed and not be in it yet. */
const UNDER_WAY_MAX = 100;
/** So many commits of others are read at a time. */
const READ_AT_ONCE = 500;

/** A place in the feed that a commit has taken. */
interface PlaceRow extends Mark {
  position: number;
}

/** A row of the feed. */
interface FeedRow extends PlaceRow {
  /** Null where the instance that reads has made them. */
  changes: Change[] | null;
}

interface RelayOptions {
  database: Database;
  url: string;
  instance: string;
  feed: Feed;
  log: Logger;
  now: () => number;
}

/** What a commit wrote at its place in the feed. It is the same for as long as the place is the same commit's. */
interface Mark {
  instance: string;
  at: number;
}

/**
 * Passes the changes that other instances committed on to the listeners of this one. What a commit changed stands in a
 * table, so that nothing is lost where no notification comes: notifications only say that it is worth a look.
 *
 * The last place that was read must still stand there at the next look. Where it does not, the feed was trimmed
 * meanwhile, because the database was out of reach for longer than it is kept, or another server took over, which had
 * not received all commits. Then nobody knows what changed, and listeners are told `fresh`.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #cancels = new Map<string, () => void>();
  /** The last place that was read, and who stood there when. */
  #position = 0;
  #mark: Mark | null = null;
  /** Maps each place before the last one that was empty to the instant at which it is given up. */
  readonly #gaps = new Map<number, number>();
  readonly #listener: Listener;
  /** Says whether another instance has notified this one since the feed was last polled. */
  #isNotified = false;
  #isClosed = false;
  #reading: Promise<void> | null = null;
  #isReadAgain = false;
  /** Says that this instance has committed since the feed was last read. */
  #isAhead = false;
  /** Says that a connection broke since the feed was last read, so that another server may have taken over. */
  #isShaken = false;
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
      onLost: (wasHeard) => {
        this.#isShaken ||= wasHeard;
        this.#poll();
      },
    });
  }

  /** The word by which others find out whether this instance is there; null while they could not. */
  get presence(): string | null {
    return this.#listener.presence;
  }

  /** Begins with what is committed from now on. */
  async open(): Promise<void> {
    await this.#goToEnd();
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
    this.#isAhead = true;
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
    const isAhead = this.#isAhead;
    this.#isAhead = false;
    try {
      // Commits of this instance were told before they were read here. Another server may not have received them.
      const isDoubtful = this.#isShaken && isAhead;
      if (isDoubtful || !(await this.#readOn())) await this.#beginAnew();
      this.#isShaken = false;
    } catch {
      // The database is away. The next look begins where this one ended.
      this.#isAhead ||= isAhead;
      this.#isShaken = true;
    }
  }

  /**
   * Reads what is new.
   * @returns false where what was read before does not stand there any more
   */
  async #readOn(): Promise<boolean> {
    const { database, feed, instance } = this.#options;
    for (let count = READ_AT_ONCE; count === READ_AT_ONCE && !this.#isClosed;) {
      const from = this.#position;
      const places = [...this.#gaps.keys()];
      const rows = (await database.read(ASK_MS_MAX, (session) =>
        session.ask(READ_FEED, from, places, READ_AT_ONCE, instance),
      )) as unknown as FeedRow[];
      if (this.#mark !== null && !rows.some((row) => row.position === from && isMark(row, this.#mark)))
        return false;
      count = rows.length;
      for (const row of rows) {
        if (row.position === from && this.#mark !== null) continue;
        this.#notePlace(row);
        if (row.instance === instance || row.changes === null) continue;
        this.#foreignCount += 1;
        feed.pass(row.changes);
      }
    }
    const now = systemClock.monotonic();
    for (const [place, untilMs] of this.#gaps)
      if (untilMs < now || this.#gaps.size > GAPS_MAX) this.#gaps.delete(place);
    return true;
  }

  /** Goes to the end of the feed, and tells listeners to look at everything as it is from then on. */
  async #beginAnew(): Promise<void> {
    await this.#goToEnd();
    this.#options.log.warn('the feed of the database was cut short; everything is looked at again');
    this.#options.feed.pass([{ type: 'fresh' }]);
  }

  /** Goes to the end of the feed. A commit may have taken a place before it, and not be there yet. */
  async #goToEnd(): Promise<void> {
    const rows = (await this.#options.database.read(ASK_MS_MAX, (session) =>
      session.ask(READ_FEED_END, UNDER_WAY_MAX + 1),
    )) as unknown as PlaceRow[];
    const [last] = rows;
    this.#position = last?.position ?? 0;
    this.#mark = last ?? null;
    this.#gaps.clear();
    const taken = new Set(rows.map(({ position }) => position));
    const untilMs = systemClock.monotonic() + GAP_MS_MAX;
    for (let place = Math.max(1, this.#position - UNDER_WAY_MAX); place < this.#position; place += 1)
      if (!taken.has(place)) this.#gaps.set(place, untilMs);
  }

  /** Commits take their places before they are committed, so that a later place may be seen first. */
  #notePlace(row: FeedRow): void {
    const { position: place } = row;
    if (this.#gaps.delete(place)) return;
    const untilMs = systemClock.monotonic() + GAP_MS_MAX;
    for (let empty = Math.max(this.#position + 1, place - GAPS_MAX); empty < place; empty += 1)
      this.#gaps.set(empty, untilMs);
    if (place <= this.#position) return;
    this.#position = place;
    this.#mark = row;
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

function isMark({ instance, at }: Mark, mark: Mark | null): boolean {
  return instance === mark?.instance && at === mark.at;
}
