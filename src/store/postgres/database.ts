import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { type ClockSample, sleep, systemClock } from '../../clock.ts';
import { connectMsOf } from './address.ts';
import { boundValues } from './arrays.ts';
import { isOfConnection, isOfPooler, ReadOnly } from './errors.ts';
import { outdated, RecordsInRows } from './records.ts';
import { BEGIN } from './sql/begin.ts';
import { BEGIN_READ } from './sql/begin-read.ts';
import { COMMIT } from './sql/commit.ts';
import { LIFT_LIMIT } from './sql/lift-limit.ts';
import { LIMIT_TRANSACTION } from './sql/limit-transaction.ts';
import { READ_NEEDED } from './sql/read-needed.ts';
import { ROLLBACK } from './sql/rollback.ts';
import { type Statement, type Step, step } from './statement.ts';

/** A row of an answer, by the names of its columns. */
export type AnswerRow = Record<string, unknown>;

/**
 * A commit or a read is given up after this time, so that a ping is answered within five seconds. Tests that are about
 * something else wait longer, because their machine may be busy.
 */
const ANSWER_MS_MAX = 4_500;
/** The part of that time that a connection may take to be made, or to become free. */
const CONNECT_PART = 2 / 3;
/**
 * The database ends a transaction in which nothing is asked for so long, as of an instance that was suspended. One that
 * may take longer is about all jobs, and what it computes may take longer, too.
 */
const IDLE_MS_MAX = 2_000;
const IDLE_OF_LONG_MS_MAX = 15_000;
const LONG_MS_MIN = 10_000;
/** A lock is waited for so long. It is longer than an idle transaction may hold one. */
const LOCK_MS_MAX = 3_500;
/** When everything ends, the database is waited for this long. */
const END_MS_MAX = 2_000;
/** Commits, claims and checks take turns on so many connections. */
const WRITERS_MAX = 2;
/** So many reads go on at a time. */
const READERS_MAX = 4;

/**
 * A connection that may be the reason for a refusal is replaced, but not more often than this: a server that takes no
 * writes for long would have to make one for each ping.
 */
const REPLACED_AFTER_MS = 1_000;

const INT8 = 20;

/**
 * A connection on which nothing moves is tried after this time, so that a firewall does not forget it, and one that
 * leads nowhere any more ends.
 */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;

interface DatabaseOptions {
  url: string;
  /** Is told of the database's clock with every transaction. */
  onClock: (sample: ClockSample) => void;
  /** The longest time that a commit or a read may take; by default 4.5 s. */
  answerMsMax?: number;
  /** Says whether statements are prepared under names, so that each is planned once; by default they are. */
  prepares?: boolean;
  /** The version of the records; by default that of this Cronflow. */
  records?: RecordsInRows;
}

/** The connections to the database. Nothing here waits without a limit. */
export class Database {
  /** The longest time that a commit or a read may take. */
  readonly answerMsMax: number;
  readonly records: RecordsInRows;
  readonly #writers: pg.Pool;
  readonly #readers: pg.Pool;
  readonly #onClock: (sample: ClockSample) => void;
  /** The instant at which each connection last answered, on the monotonic clock. */
  readonly #answeredMs = new WeakMap<pg.PoolClient, number>();
  /** The instant at which each was made, on the same clock. */
  readonly #madeMs = new WeakMap<pg.PoolClient, number>();
  /** The instant at which something was asked that was not answered in time. */
  #silentSinceMs = -Infinity;
  #isPreparing: boolean;
  #knownSchema = Infinity;

  constructor({
    url,
    onClock,
    answerMsMax = ANSWER_MS_MAX,
    prepares = true,
    records = new RecordsInRows(),
  }: DatabaseOptions) {
    this.answerMsMax = answerMsMax;
    this.records = records;
    const connectMsMax = Math.ceil(answerMsMax * CONNECT_PART);
    [this.#writers, this.#readers] = [WRITERS_MAX, READERS_MAX].map((max) => {
      const pool = poolOf(url, max, connectMsMax);
      pool.on('connect', (client) => {
        const nowMs = systemClock.monotonic();
        this.#madeMs.set(client, nowMs);
        this.#answeredMs.set(client, nowMs);
      });
      return pool;
    }) as [pg.Pool, pg.Pool];
    this.#onClock = onClock;
    this.#isPreparing = prepares;
  }

  get isPreparing(): boolean {
    return this.#isPreparing;
  }

  /** The greatest version of the schema that may be needed to use the database; Infinity while nobody has looked. */
  get knownSchema(): number {
    return this.#knownSchema;
  }

  /** Refuses every transaction from now on once the database needs a later version of the schema than this. */
  expectSchema(version: number): void {
    this.#knownSchema = version;
  }

  noteClock(sample: ClockSample): void {
    this.#onClock(sample);
  }

  /**
   * Runs `use` with a connection of its own, and cuts the connection when the time is up. It runs `use` again where the
   * connection turns out to be shared with others by a pooler, so that statements cannot be prepared on it. Nothing is
   * prepared from then on.
   * @throws the error of the database or of the connection
   */
  write<T>(limitMs: number, use: (session: Session) => Promise<T>): Promise<T> {
    return this.#unshared(() => this.#with(this.#writers, limitMs, use));
  }

  /** Does as `write`, on a connection for reads. */
  read<T>(limitMs: number, use: (session: Session) => Promise<T>): Promise<T> {
    return this.#unshared(() => this.#with(this.#readers, limitMs, use));
  }

  async #unshared<T>(run: () => Promise<T>): Promise<T> {
    const wasPreparing = this.#isPreparing;
    try {
      return await run();
    } catch (error) {
      if (!wasPreparing || !isOfPooler(error)) throw error;
      this.#isPreparing = false;
      return run();
    }
  }

  /**
   * Returns a connection of a pool. Where one did not answer, those that have not answered since may lead nowhere
   * either, as after a failover of which no word came. To find that out costs a refusal each, so new ones are made.
   */
  async #connected(pool: pg.Pool): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect();
      if ((this.#answeredMs.get(client) ?? Infinity) >= this.#silentSinceMs) return client;
      client.release(true);
      streamOf(client).destroy();
    }
  }

  #isToReplace(client: pg.PoolClient, error: unknown): boolean {
    if (!isOfConnection(error)) return false;
    return systemClock.monotonic() - (this.#madeMs.get(client) ?? -Infinity) >= REPLACED_AFTER_MS;
  }

  /** Ends all connections. */
  async end(): Promise<void> {
    const ended = Promise.allSettled([this.#writers.end(), this.#readers.end()]);
    await Promise.race([ended, sleep(systemClock, END_MS_MAX)]);
  }

  async #with<T>(pool: pg.Pool, limitMs: number, use: (session: Session) => Promise<T>): Promise<T> {
    const calledMs = systemClock.monotonic();
    const client = await this.#connected(pool);
    // To wait for a connection takes from the same time.
    const askedMs = systemClock.monotonic();
    const leftMs = Math.max(1, Math.round(limitMs - (askedMs - calledMs)));
    const session = new Session(client, this, leftMs);
    const cancel = systemClock.after(leftMs, () => {
      this.#silentSinceMs = Math.max(this.#silentSinceMs, askedMs);
      session.cut();
    });
    try {
      const result = await use(session);
      this.#answeredMs.set(client, systemClock.monotonic());
      client.release(!session.isClean);
      return result;
    } catch (error) {
      // A transaction that was refused is ended, so that the connection can go on. One that hangs is given up.
      const isEnded =
        session.isClean ||
        (await session.rollback().then(
          () => true,
          () => false,
        ));
      client.release(!isEnded || this.#isToReplace(client, error));
      throw error;
    } finally {
      cancel();
    }
  }
}

/** A connection that is used for one transaction at a time. */
export class Session {
  readonly #client: pg.PoolClient;
  readonly #database: Database;
  readonly #limitMs: number;
  #isInTransaction = false;

  constructor(client: pg.PoolClient, database: Database, limitMs: number) {
    this.#client = client;
    this.#database = database;
    this.#limitMs = limitMs;
  }

  get records(): RecordsInRows {
    return this.#database.records;
  }

  /** Tells whether no transaction is open. */
  get isClean(): boolean {
    return !this.#isInTransaction;
  }

  /** Begins a transaction and sends its first statements, all at once. Returns the answers to those. */
  async begin(
    steps: readonly Step[],
    kind: 'write' | 'read' = 'write',
    lockMsMax = LOCK_MS_MAX,
  ): Promise<AnswerRow[][]> {
    this.#isInTransaction = true;
    const isLong = this.#limitMs >= LONG_MS_MIN;
    const limits = [this.#limitMs, lockMsMax, isLong ? IDLE_OF_LONG_MS_MAX : IDLE_MS_MAX].map(String);
    const sentMs = systemClock.monotonic();
    // Of several errors the first tells why: the others say only that the transaction has failed already.
    const [, , answers] = await this.#inOneWrite(() =>
      settled([
        this.run([
          step(kind === 'read' ? BEGIN_READ : BEGIN),
          ...(isLong ? [step(LIFT_LIMIT.transaction)] : []),
        ]),
        this.#limit([...limits, kind === 'write' && !isLong], kind, sentMs),
        this.run(steps),
        this.#expectKnown(),
      ]),
    );
    return answers;
  }

  /**
   * Refuses a database that another instance has brought to a version which this one does not know. It looks after the
   * first statements, which lock: whoever makes such a step holds those locks, so nobody works with records as they
   * were before it.
   */
  async #expectKnown(): Promise<void> {
    const { knownSchema: known } = this.#database;
    if (known === Infinity) return;
    const [rows] = await this.run([step(READ_NEEDED)]);
    const needed = rows![0]!['needed'] as number;
    if (needed > known)
      throw outdated(
        `Its schema needs a Cronflow that knows version ${needed}, and this one knows up to ${known}.`,
      );
  }

  /** Limits the transaction, and learns the time and whether it can write. */
  async #limit(limits: readonly unknown[], kind: 'write' | 'read', sentMs: number): Promise<void> {
    const [rows] = await this.run([step(LIMIT_TRANSACTION, ...limits)]);
    const { now_at: databaseAt, is_read_only: isReadOnly, is_copy: isCopy } = rows![0]!;
    const receivedMs = systemClock.monotonic();
    this.#database.noteClock({ other_at: databaseAt as number, sent_ms: sentMs, received_ms: receivedMs });
    if (kind === 'write' && isReadOnly === 'on')
      throw new ReadOnly(
        isCopy === true
          ? 'It takes no writes, because it is a copy of another server.'
          : 'It takes no writes, because default_transaction_read_only is on for it or for the user.',
      );
  }

  /** Sends all statements at once and waits for their answers. After an error none that follows has an effect. */
  run(steps: readonly Step[]): Promise<AnswerRow[][]> {
    return this.#inOneWrite(() => settled(steps.map(async (each) => (await this.#query(each)).rows)));
  }

  /** Lets what `send` sends before it waits leave in one write. Each statement would be a call of the kernel by itself. */
  #inOneWrite<T>(send: () => T): T {
    const stream = streamOf(this.#client);
    stream.cork();
    try {
      return send();
    } finally {
      stream.uncork();
    }
  }

  /**
   * Sends the last statements of a transaction and its commit, all at once.
   * @throws where it is not known to be committed
   */
  async commit(steps: readonly Step[] = []): Promise<void> {
    const [, { command }] = await this.#inOneWrite(() =>
      settled([this.run(steps), this.#query(step(COMMIT))]),
    );
    this.#isInTransaction = false;
    // A transaction in which anything failed is rolled back by this word, too.
    if (command !== 'COMMIT') throw new Error('The database rolled the transaction back.');
  }

  /** Ends a transaction that changes nothing. */
  async rollback(): Promise<void> {
    await this.#query(step(ROLLBACK));
    this.#isInTransaction = false;
  }

  /** Runs a text of several statements without parameters. */
  async script(text: string): Promise<void> {
    await this.#client.query(text);
  }

  /** Asks outside of a transaction. */
  async ask(statement: Statement, ...values: unknown[]): Promise<AnswerRow[]> {
    return (await this.#query(step(statement, ...values))).rows;
  }

  /** Ends the connection at once. Whatever waits for an answer fails. */
  cut(): void {
    this.#isInTransaction = true;
    streamOf(this.#client).destroy(new Error(`The database did not answer within ${this.#limitMs} ms.`));
  }

  #query({ statement, values }: Step): Promise<pg.QueryResult<AnswerRow>> {
    const { name, text } = statement;
    const isNamed = name !== undefined && this.#database.isPreparing;
    const named = isNamed ? { name: preparedName(name, text) } : {};
    return this.#client.query({ text, values: boundValues(statement, values), ...named });
  }
}

/** Returns what a connection goes over. To end it in order takes an answer, which may never come. */
export function streamOf(client: pg.ClientBase): Duplex {
  return connectionOf(client).stream;
}

function connectionOf(client: pg.ClientBase): EventEmitter & { stream: Duplex } {
  return (client as unknown as { connection: EventEmitter & { stream: Duplex } }).connection;
}

const preparedNames = new Map<string, string>();

/**
 * Returns the name under which a text is prepared. Behind a pooler a connection may have been that of another version of
 * Cronflow, which means something else by the same name. So the name goes with the text.
 */
function preparedName(name: string, text: string): string {
  let prepared = preparedNames.get(text);
  if (prepared === undefined) {
    prepared = `${name}_${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
    preparedNames.set(text, prepared);
  }
  return prepared;
}

/** Waits for all, so that nothing goes on unseen, and then throws the first error. */
async function settled<T extends readonly unknown[]>(promises: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/**
 * A client of the database that closes its connection where that fails. The driver leaves one open on which it cannot
 * log in, as where the database asks for a password that the URL has not. The server waits on it for a minute, and a
 * client that tries each second would soon leave nobody a connection.
 *
 * What the URL says of the time to connect is for it alone: its pool waits as long for a connection that is free.
 */
class ClosingClient extends pg.Client {
  constructor(config: pg.ClientConfig = {}) {
    const { connectionString = '', connectionTimeoutMillis = 0 } = config;
    super({ ...config, connectionTimeoutMillis: connectMsOf(connectionString, connectionTimeoutMillis) });
    connectionOf(this).on('error', () => streamOf(this).destroy());
  }
}

function poolOf(url: string, max: number, connectMsMax: number): pg.Pool {
  const pool = new pg.Pool({
    ...KEEP_ALIVE,
    Client: ClosingClient,
    connectionString: url,
    max,
    pipeline: true,
    allowExitOnIdle: true,
    application_name: 'cronflow',
    connectionTimeoutMillis: connectMsMax,
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks while nobody uses it is replaced when one is needed. Whoever uses one sees the error.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Numbers of eight bytes are instants and counts, which are exact as numbers here. */
function parserOf(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === INT8 && format !== 'binary') return Number;
  return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
}
