import { randomInt } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../../clock.ts';
import { errorText } from '../../core/model/errors.ts';
import type { Logger } from '../../observe/log.ts';
import { connectMsOf } from './address.ts';
import { type Database, KEEP_ALIVE, streamOf } from './database.ts';
import { LIFT_LIMIT } from './sql/lift-limit.ts';
import { LISTEN } from './sql/listen.ts';
import { LOCK_PRESENCE } from './sql/lock-presence.ts';
import { NOTIFY } from './sql/notify.ts';

export const CHANNEL = 'cronflow';

/** A notification of one's own must arrive within this time, else a pooler or a firewall holds them back. */
const ECHO_MS_MAX = 3_000;
/**
 * A connection that broke is made anew at once, and then after times that double. They stay short, since others soon take
 * an instance for dead that has none. Where nothing is heard, as behind a pooler, there is no hurry.
 */
const AGAIN_MS_MIN = 100;
const AGAIN_MS_MAX = 1_000;
const AGAIN_UNHEARD_MS_MAX = 10_000;
const ASK_MS_MAX = 4_500;
const END_MS_MAX = 1_000;
/** The greatest word for a presence, which is a number that the database can lock. */
const PRESENCE_MAX = 2 ** 48 - 1;

interface ListenerOptions {
  database: Database;
  url: string;
  /** Names this instance to the others. */
  instance: string;
  log: Logger;
  /** Is told that another instance has committed something. */
  onNotified: () => void;
  /**
   * Is told that no notification comes, so that the feed has to be looked at more often.
   * @param wasHeard that some came before, so that a connection broke
   */
  onLost: (wasHeard: boolean) => void;
}

/**
 * Listens for notifications of the database on a connection of its own, and finds out whether any come at all. As long
 * as they do, this connection also holds a lock, by whose absence other instances know that this one has died.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #word = String(randomInt(1, PRESENCE_MAX));
  #client: pg.Client | null = null;
  #isHeard = false;
  #isPresent = false;
  #againMs = AGAIN_MS_MIN;
  #cancelAgain: () => void = () => {};
  #cancelWait: () => void = () => {};
  /** Counts the notifications of oneself. A pooler may bring one to a later connection than the one that it is for. */
  #callCount = 0;
  /** What the present connection is to hear; null while nothing was notified, and once it was heard. */
  #expected: string | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Tells whether notifications come. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** The word by which others find out whether this instance is there; null while they could not. */
  get presence(): string | null {
    return this.#isPresent ? this.#word : null;
  }

  open(): void {
    void this.#listen();
  }

  close(): void {
    this.#cancelAgain();
    this.#drop();
  }

  /**
   * Finds out whether the connection still brings anything. A firewall may have dropped it without a word. A proof that
   * is under way is not begun anew, else one that is asked for often would never end.
   */
  prove(): void {
    const client = this.#client;
    if (client === null || !this.#isHeard || this.#expected !== null) return;
    this.#call(client).catch(() => {});
  }

  async #listen(): Promise<void> {
    const { url, instance, log, onNotified } = this.#options;
    const client = new pg.Client({
      ...KEEP_ALIVE,
      connectionString: url,
      application_name: 'cronflow feed',
      connectionTimeoutMillis: connectMsOf(url, ASK_MS_MAX),
    });
    this.#client = client;
    client.on('error', () => this.#again(client));
    client.on('end', () => this.#again(client));
    client.on('notification', ({ payload }) => {
      if (payload === this.#expected) this.#heard(client);
      else if (payload?.startsWith(instance) !== true) onNotified();
    });
    try {
      await client.connect();
      this.#limitWait(client);
      await client.query(LIFT_LIMIT.idleSession.text);
      await client.query(LISTEN.text);
      if (this.#client !== client) return;
      this.#cancelWait();
      await this.#call(client);
    } catch (error) {
      log.debug('no notification of the database is heard; its feed is polled', { error: errorText(error) });
      this.#again(client);
    }
  }

  /** Notifies oneself, and waits for what the connection brings of that. It may come before the answer. */
  async #call(client: pg.Client): Promise<void> {
    const { database, instance } = this.#options;
    this.#callCount += 1;
    const word = `${instance} listens ${this.#callCount}`;
    this.#expected = word;
    try {
      await database.write(ASK_MS_MAX, (session) => session.ask(NOTIFY, CHANNEL, word));
      if (this.#expected === word) this.#limitWait(client, AGAIN_UNHEARD_MS_MAX);
    } catch (error) {
      if (this.#expected === word) this.#expected = null;
      throw error;
    }
  }

  /** Gives the connection up unless it answers in time. */
  #limitWait(client: pg.Client, againMsMax = AGAIN_MS_MAX): void {
    if (this.#client !== client) return;
    this.#cancelWait();
    this.#cancelWait = systemClock.after(ECHO_MS_MAX, () => this.#again(client, againMsMax));
  }

  #heard(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#cancelWait();
    this.#expected = null;
    this.#againMs = AGAIN_MS_MIN;
    if (this.#isHeard) return;
    this.#isHeard = true;
    // Only a connection that nobody shares hears anything, and only on such a one a lock lasts as long as this process.
    void this.#appear(client);
  }

  async #appear(client: pg.Client): Promise<void> {
    try {
      this.#limitWait(client);
      await client.query(LOCK_PRESENCE.text, [this.#word]);
      if (this.#client !== client) return;
      this.#isPresent = true;
      if (this.#expected === null) this.#cancelWait();
    } catch {
      this.#again(client);
    }
  }

  #again(client: pg.Client, againMsMax = AGAIN_MS_MAX): void {
    if (this.#client !== client) return;
    const wasHeard = this.#isHeard;
    this.#drop();
    this.#options.onLost(wasHeard);
    this.#cancelAgain();
    this.#cancelAgain = systemClock.after(Math.min(this.#againMs, againMsMax), () => void this.#listen());
    this.#againMs = Math.min(2 * this.#againMs, AGAIN_UNHEARD_MS_MAX);
  }

  /** Ends the connection. One that leads nowhere does not end in order, so it is cut a moment later. */
  #drop(): void {
    const client = this.#client;
    this.#client = null;
    [this.#isHeard, this.#isPresent, this.#expected] = [false, false, null];
    this.#cancelWait();
    if (client === null) return;
    client.end().catch(() => {});
    systemClock.after(END_MS_MAX, () => streamOf(client).destroy());
  }
}
