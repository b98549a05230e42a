import type { Clock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { emptyDatabase } from '../../support/postgres.ts';
import type { Disk } from './disk.ts';
import { Questions } from './questions.ts';

/** A real PostgreSQL database, which any number of instances may open. */
export class Database implements Disk {
  readonly #url: string;
  readonly #questions = new Questions();
  readonly #opened = new Set<Store>();
  #closing: Promise<void>[] = [];
  #isTooSlow = false;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Empties the database of this file of tests. Whatever used it before is closed. */
  static async empty(): Promise<Database> {
    return new Database(await emptyDatabase());
  }

  async open(clock: Clock): Promise<Store> {
    await Promise.all(this.#closing.splice(0));
    // A machine that is busy for long is no reason to refuse a commit.
    const answerMsMax = WAIT_LIMIT_MS;
    const log = { ...silentLogger, warn: (message: string) => this.#warned(message) };
    const store = new PostgresStore({ url: this.#url, clock, log, freeze: true, answerMsMax });
    await store.open();
    this.#opened.add(store);
    return this.#questions.of(store);
  }

  /**
   * Tells whether a commit was refused, which only a machine does that stops for seconds. A world is then no longer the one
   * that the model knows.
   */
  get isTooSlow(): boolean {
    return this.#isTooSlow;
  }

  close(store: Store): Promise<void> {
    return store.close();
  }

  /** Ends the connections of a process that has vanished. */
  leave(store: Store): void {
    this.#closing.push(store.close());
  }

  /** Lets all processes vanish. What the database was told by then it does. */
  crash(): void {
    for (const store of this.#opened) this.#closing.push(store.close());
    this.#opened.clear();
  }

  underWay(): Promise<void> | null {
    return this.#questions.underWay();
  }

  #warned(message: string): void {
    if (message === 'the database takes no commits') this.#isTooSlow = true;
  }

  /** Ends all connections. */
  async dispose(): Promise<void> {
    this.crash();
    await Promise.all(this.#closing.splice(0));
  }
}
