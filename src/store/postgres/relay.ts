import pg from 'pg';
import { systemClock } from '../../clock.ts';
import { errorText } from '../../core/model/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { Feed } from '../local/feed.ts';
import type { Change } from '../store.ts';
import type { Database } from './database.ts';
import { NOTIFY } from './sql/notify.ts';
import { LISTEN } from './sql/listen.ts';
import { READ_FEED } from './sql/read-feed.ts';
import { READ_FEED_END } from './sql/read-feed-end.ts';
import { TRIM_FEED } from './sql/trim-feed.ts';

/** Commits of this long are told of by one notification. The database lets those take turns with all commits. */
const NOTIFY_EVERY_MS = 50;
/** Without notifications the feed is looked at so often, and with them as often as makes up for one that was lost. */
const POLL_MS = 500;
const POLL_NOTIFIED_MS = 5_000;
/** A notification of one's own must arrive within this time, else a pooler holds them back. */
const ECHO_MS_MAX = 3_000;
const LISTEN_AGAIN_MS = 10_000;
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

const CHANNEL = 'cronflow';

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
  #listener: pg.Client | null = null;
  #isHeard = false;
  #isClosed = false;
  #reading: Promise<void> | null = null;
  #isReadAgain = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Begins with what is committed from now on. */
  async open(): Promise<void> {
    const [row] = await this.#options.database.read(ASK_MS_MAX, (session) => session.ask(READ_FEED_END));
    this.#position = row?.['position'] as number;
    this.#poll();
    this.#trim();
    void this.#listen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#dropListener();
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
    this.#after(
      'poll',
      this.#isHeard ? POLL_NOTIFIED_MS : POLL_MS,
      () => void this.#look().then(() => this.#poll()),
    );
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
          if (row['instance'] !== instance) feed.pass(row['changes'] as Change[]);
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

  /** Listens on a connection of its own, and finds out whether notifications come at all. */
  async #listen(): Promise<void> {
    const { url, database, instance, log } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      application_name: 'cronflow feed',
      connectionTimeoutMillis: ASK_MS_MAX,
    });
    this.#listener = client;
    client.on('error', () => this.#listenAgain(client));
    client.on('end', () => this.#listenAgain(client));
    client.on('notification', ({ payload }) => {
      if (payload === `${instance} listens`) {
        this.#cancels.get('echo')?.();
        this.#isHeard = true;
      } else if (payload !== instance) void this.#look();
    });
    try {
      await client.connect();
      await client.query(LISTEN.text);
      await database.write(ASK_MS_MAX, (session) => session.ask(NOTIFY, CHANNEL, `${instance} listens`));
      if (!this.#isHeard) this.#after('echo', ECHO_MS_MAX, () => this.#listenAgain(client));
    } catch (error) {
      log.debug('no notification of the database is heard; its feed is polled', { error: errorText(error) });
      this.#listenAgain(client);
    }
  }

  #listenAgain(client: pg.Client): void {
    if (this.#listener !== client) return;
    this.#dropListener();
    this.#poll();
    this.#after('listen', LISTEN_AGAIN_MS, () => void this.#listen());
  }

  #dropListener(): void {
    const client = this.#listener;
    this.#listener = null;
    this.#isHeard = false;
    this.#cancels.get('echo')?.();
    client?.end().catch(() => {});
  }
}
