import { randomBytes } from 'node:crypto';
import { type Clock, sleep, systemClock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { Changes, MetaRecord } from '../local/changes.ts';
import { changesOf } from '../local/feed.ts';
import { Overlay } from '../local/overlay.ts';
import { runTransaction } from '../local/tx.ts';
import type { Change, Scope, StoreHealth, Tx } from '../store.ts';
import type { Database, Session } from './database.ts';
import { Conflict, isFullDisk, isOfTables, reasonText, refusalOf, unavailable } from './errors.ts';
import { KnownNames } from './known-names.ts';
import { Loading } from './loading.ts';
import { isAlone, Lack, needOf } from './need.ts';
import { Patience } from './patience.ts';
import { baseSteps } from './bases.ts';
import { BatchSize } from './batch-size.ts';
import { DELETE_META } from './sql/delete-meta.ts';
import { INSERT_META } from './sql/insert-meta.ts';
import { LOCK_AS_PING } from './sql/lock-as-ping.ts';
import { LOCK_FREE } from './sql/lock-free.ts';
import { LOCK_META } from './sql/lock-meta.ts';
import { PUT_FEED } from './sql/put-feed.ts';
import { PUT_META_HISTORY } from './sql/put-meta-history.ts';
import { TRY_WRITE } from './sql/try-write.ts';
import { UPDATE_META } from './sql/update-meta.ts';
import { type Step, step } from './statement.ts';
import { stepsOf } from './writing.ts';
import { isLoggedMeta } from './log.ts';

/**
 * A commit that names every job may take longer. Pings wait for it no longer than for anything else. A machine on which
 * a configuration of 100,000 jobs took longer than this could never apply it.
 */
const COMMIT_OF_ALL_MS_MAX = 180_000;

/**
 * Whoever has waited for this much longer than a commit may take is refused, whatever held it up: a slow commit before
 * its own, or one of all jobs. A commit that is on its way by then may still succeed, as one whose answer is lost.
 */
const LATE_MS = 200;
/** A database that restarts is asked again so often, until the time for a commit is up. */
const AGAIN_MS = 100;
/** A commit of this size says whether a database whose disk was full takes commits again. */
const TRIED_BYTES = 64 * 1_024;

/**
 * Where tables were changed by hand or are damaged, each try of the database succeeds and each ping fails. So a second
 * refusal of that kind, after a try that succeeded, makes the store count as failing until a run is written, or no commit
 * was refused for so long. It is more than the half minute after which people are told.
 */
const DAMAGED_MS = 60_000;

/** A transaction that waits for its commit. */
interface Waiting {
  scope: Scope;
  calledMs: number;
  /** Runs it. Returns a function that settles it once the commit is durable. */
  run(overlay: Overlay): () => void;
  reject(error: unknown): void;
}

interface CommitterOptions {
  database: Database;
  clock: Clock;
  /** Names this instance to the others. */
  instance: string;
  freeze: boolean;
  /** Is told of the changes of each commit, once whoever waited for it was answered. */
  onCommitted: (changes: readonly Change[]) => void;
  /** Is told when commits begin to be refused. */
  onRefused: () => void;
  /** Is told how long each commit took. */
  onSync: (durationMs: number) => void;
}

/**
 * Commits transactions. Those that come while a commit is on its way go into the next one, together, so that the
 * database is asked twice for all of them: once to lock and load what they name, once to write and commit. They run
 * here in between, in the order of the calls, and each sees what those before it wrote.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | null = null;
  #isClosed = false;
  /** Why a commit was refused, until one has shown that the database takes pings. */
  #failure: string | null = null;
  /** Says that the disk was full, so that a small commit which finds room proves nothing. */
  #isFull = false;
  /**
   * What a refusal for which tables are the reason is held against, until a run is written: one refusal may be that of a
   * moment, and is over with the next try.
   */
  #tables: 'as_made' | 'refused' | 'tried' = 'as_made';
  /** The instant of the last such refusal that followed a try which succeeded, on the monotonic clock. */
  #damagedMs = -Infinity;
  readonly #patience: Patience<Waiting>;
  readonly #known = new KnownNames();
  readonly #size = new BatchSize();
  /** Says that the database may have been told to commit the present batch. */
  #isCommitSent = false;
  /** Counts the times that a batch had to load more than its transactions named, which most pings never need. */
  lackCount = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    const patienceMs = options.database.answerMsMax + LATE_MS;
    this.#patience = new Patience<Waiting>(patienceMs, (over) => this.#refuseLate(over));
  }

  get health(): StoreHealth {
    return this.#failure === null ? { ok: true } : { ok: false, refuses: 'commits', detail: this.#failure };
  }

  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new CronflowError('stopping', 'The store is closed.'));
    return new Promise((resolve, reject) => {
      const answered = (answer: () => void) => (): void => {
        this.#patience.delete(waiting);
        answer();
      };
      const waiting: Waiting = {
        scope,
        calledMs: systemClock.monotonic(),
        run(overlay) {
          try {
            const result = runTransaction(overlay, scope, fn);
            return answered(() => resolve(result));
          } catch (error) {
            return answered(() => reject(error));
          }
        },
        reject: (error) => answered(() => reject(error))(),
      };
      this.#waiting.push(waiting);
      if (scope.all !== true) this.#patience.add(waiting);
      this.#committing ??= this.#commitAll();
    });
  }

  /** Takes no more transactions, and waits for those that there are. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#committing;
  }

  /**
   * Finds out whether the database takes pings again, after it refused a commit. It writes, because a full disk is read,
   * and it needs all tables that a ping needs. Another commit proves nothing: a small one finds room on a full disk, and
   * one of a few tables succeeds while another table is locked.
   */
  async probe(): Promise<void> {
    const { database, clock } = this.#options;
    const filling = randomBytes(TRIED_BYTES / 2).toString('hex');
    try {
      await database.write(database.answerMsMax, async (session) => {
        await session.begin([step(LOCK_AS_PING), step(TRY_WRITE, filling, clock.now())]);
        await session.commit();
      });
      this.#isFull = false;
      this.#noteTry();
    } catch {
      // The next probe asks again.
    }
  }

  async #commitAll(): Promise<void> {
    // Whoever calls is never answered before the call returns.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitBatch(this.#taken());
    this.#committing = null;
  }

  /** Takes the next transactions that can share a commit off the list. */
  #taken(): Waiting[] {
    const first = this.#waiting[0]!;
    let count = 1;
    if (!isAlone(first.scope)) {
      const isMore = (next: Waiting | undefined): boolean => next !== undefined && !isAlone(next.scope);
      while (count < this.#size.max && isMore(this.#waiting[count])) count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /**
   * Commits transactions, again and again where other instances were faster, or where a connection broke before the
   * commit was sent, as they all do when a database restarts. It settles all of them.
   */
  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const isOfAll = batch[0]!.scope.all === true;
    const limitMs = isOfAll ? COMMIT_OF_ALL_MS_MAX : this.#options.database.answerMsMax;
    const startedMs = systemClock.monotonic();
    const restMs = (): number => Math.ceil(startedMs + limitMs - systemClock.monotonic());
    for (;;) {
      try {
        await this.#attempt(batch, Math.max(1, restMs()));
        const tookMs = systemClock.monotonic() - startedMs;
        this.#size.committed(batch.length, tookMs / limitMs);
        this.#options.onSync(tookMs);
        return;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === 'data' && batch.length > 1) return this.#commitEach(batch);
        if (refusal === 'data') return batch[0]!.reject(unavailable(error));
        const isAgain = refusal === 'unavailable' ? !isOfAll && this.#isWorthWaiting(error) : true;
        if (restMs() < AGAIN_MS || !isAgain) return this.#refuse(batch, error);
        if (refusal === 'unavailable') await sleep(systemClock, AGAIN_MS);
      }
    }
  }

  /**
   * Tells whether a batch that the database did not take can be run again. One whose commit was sent may be stored, and
   * then it would count twice. While the database is known to be away, or full, nobody is kept waiting for it. One that
   * needs a newer Cronflow stays so.
   */
  #isWorthWaiting(error: unknown): boolean {
    if (error instanceof CronflowError) return false;
    return !this.#isCommitSent && this.#failure === null && !isFullDisk(error);
  }

  /** Commits transactions one by one, so that one whose data is refused does not take the others with it. */
  async #commitEach(batch: readonly Waiting[]): Promise<void> {
    for (const each of batch) await this.#commitBatch([each]);
  }

  /** Refuses the transactions, and those that waited for them, which have waited as long by now. */
  #refuse(batch: readonly Waiting[], error: unknown): void {
    this.#size.refused(batch.length);
    this.#isFull ||= isFullDisk(error);
    if (isOfTables(error)) this.#noteTables();
    this.#failed(reasonText(error));
    for (const each of [...batch, ...this.#waiting.splice(0)]) each.reject(unavailable(error));
  }

  /** Refuses those who have waited for too long. Those whose turn has not come will have none. */
  #refuseLate(late: readonly Waiting[]): void {
    const error = new Error('The commits before this one took too long.');
    this.#failed(error.message);
    const isLate = new Set(late);
    this.#waiting = this.#waiting.filter((each) => !isLate.has(each));
    for (const each of late) each.reject(unavailable(error));
  }

  #failed(why: string): void {
    this.#failure = `The database takes no commit: ${why}`;
    this.#options.onRefused();
  }

  async #attempt(batch: readonly Waiting[], limitMs: number): Promise<void> {
    const { database, freeze } = this.#options;
    this.#isCommitSent = false;
    const done = await database.write(limitMs, async (session) => {
      const need = needOf(batch.map(({ scope }) => scope));
      const loading = new Loading(session, need, 'write', { freeze, known: this.#known });
      await loading.begin();
      const overlay = new Overlay(loading.tables);
      const settle = await this.#ranAll(loading, overlay, batch);
      const changes = overlay.changes();
      if (overlay.isEmpty()) {
        await session.rollback();
        return { settle, told: [], hasRun: false };
      }
      const told = changesOf(changes, (id) => overlay.job(id));
      await this.#write(session, loading, { overlay, changes, told });
      return { settle, told, hasRun: changes.put.runs !== undefined };
    });
    this.#noteProof(
      done.hasRun,
      batch.some(({ scope }) => scope.like_ping === true),
    );
    for (const settle of done.settle) settle();
    this.#options.onCommitted(done.told);
  }

  get #isDamaged(): boolean {
    return systemClock.monotonic() - this.#damagedMs < DAMAGED_MS;
  }

  /**
   * Notes a commit that may show that the database takes pings. One that is not like a ping goes through while a table is
   * locked that pings need. That a run is written shows that tables are not damaged, and the next try does the rest.
   */
  #noteProof(hasRun: boolean, isLikePing: boolean): void {
    if (hasRun) [this.#tables, this.#damagedMs] = ['as_made', -Infinity];
    if (isLikePing && !this.#isFull) this.#noteTry();
  }

  /** Notes that the database took what is asked of it to see whether it takes pings. */
  #noteTry(): void {
    if (this.#tables === 'refused') this.#tables = 'tried';
    if (!this.#isDamaged) this.#failure = null;
  }

  /** Notes a refusal for which tables are the reason. Where a try succeeded since the last one, tries prove nothing. */
  #noteTables(): void {
    if (this.#tables === 'tried') this.#damagedMs = systemClock.monotonic();
    else this.#tables = 'refused';
  }

  /**
   * Runs transactions on the overlay, each as often as it takes to load what it needs. Nearly all have what they need,
   * and wait for nothing.
   * @returns a function for each that settles it
   */
  async #ranAll(loading: Loading, overlay: Overlay, batch: readonly Waiting[]): Promise<(() => void)[]> {
    const settle: (() => void)[] = [];
    for (const [index, each] of batch.entries()) {
      let ran = tried(loading, overlay, each);
      for (let isFirst = true; 'lack' in ran; isFirst = false) {
        this.lackCount += 1;
        const { lack } = ran;
        if (isFirst) for (const next of batch.slice(index + 1)) lack.add(rehearsed(loading, overlay, next));
        await loading.more(lack);
        ran = tried(loading, overlay, each);
      }
      settle.push(ran.result);
    }
    return settle;
  }

  async #write(
    session: Session,
    loading: Loading,
    { overlay, changes, told }: { overlay: Overlay; changes: Changes; told: readonly Change[] },
  ): Promise<void> {
    const { clock, instance } = this.#options;
    const at = clock.now();
    const steps = [
      ...(await baseSteps(loading, changes, { records: session.records, at })),
      ...stepsOf(changes, { overlay, tables: loading.tables, records: session.records, at }),
    ];
    if (told.length > 0) steps.push(step(PUT_FEED, instance, at, JSON.stringify(told)));
    const { put, del } = changes;
    await lockDeleted(session, del);
    if (put.meta !== undefined || del.meta !== undefined)
      await writeMeta(session, loading, { put: put.meta ?? [], del: del.meta ?? [], at });
    this.#isCommitSent = true;
    await session.commit(steps);
  }
}

/**
 * Runs a transaction on the overlay.
 * @returns a function that settles it, or what it lacks
 */
function tried(loading: Loading, overlay: Overlay, each: Waiting): { result: () => void } | { lack: Lack } {
  return loading.tables.asked(() =>
    overlay.attempt(() => {
      const settle = each.run(overlay);
      // What it wrote does not stay where it lacked something, even if it took no notice.
      if (!loading.tables.coverage.lack.isEmpty) throw new Error('The transaction runs again.');
      return settle;
    }),
  );
}

/**
 * Runs a transaction for what it lacks alone, and undoes what it wrote. Where one of a batch lacks something, others
 * often do, and all of it can be loaded at once.
 */
function rehearsed(loading: Loading, overlay: Overlay, each: Waiting): Lack {
  const asked = loading.tables.asked(() => {
    try {
      overlay.attempt(() => {
        each.run(overlay);
        throw new Error('This was a rehearsal.');
      });
    } catch {
      // What was lacking is noted.
    }
  });
  return 'lack' in asked ? asked.lack : new Lack();
}

/**
 * Locks messages and incidents that are deleted. Those of a job that goes were not locked when it was loaded, and to wait
 * for them now could be to wait in a circle.
 */
async function lockDeleted(session: Session, del: Changes['del']): Promise<void> {
  const steps = (['incidents', 'deliveries'] as const).flatMap((table) => {
    const ids = del[table];
    return ids === undefined ? [] : [step(LOCK_FREE[table], ids)];
  });
  if (steps.length === 0) return;
  const answers = await session.run(steps);
  if (answers.some(([row]) => row!['is_all'] !== true))
    throw new Conflict('What is to be deleted is being changed.');
}

/** Writes meta values, which were not locked, and sees that nobody has changed them meanwhile. */
async function writeMeta(
  session: Session,
  { tables }: Loading,
  { put, del, at }: { put: readonly MetaRecord[]; del: readonly string[]; at: number },
): Promise<void> {
  // Values are locked in one order, whatever the order in which they are written.
  const inOrder = put.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const versionOf = (key: string): number | undefined => tables.metaVersions.get(key);
  const changed = inOrder.filter(({ key }) => versionOf(key) !== undefined);
  const added = inOrder.filter(({ key }) => versionOf(key) === undefined);
  const logged = put.filter(isLoggedMeta);
  // The text of a large configuration takes a while to write, and the log has it as well.
  const texts = new Map(put.map((each) => [each, JSON.stringify(each.value)]));
  const valuesOf = (records: readonly MetaRecord[]): string[] => records.map((each) => texts.get(each)!);
  // The first two answer with a row for each value that they changed. Most commits change values and nothing else.
  const counted: { of: readonly unknown[]; step: Step }[] = [
    {
      of: changed,
      step: step(UPDATE_META, keysOf(changed), keysOf(changed).map(versionOf), valuesOf(changed)),
    },
    { of: del, step: step(DELETE_META, del, del.map(versionOf)) },
  ].filter(({ of }) => of.length > 0);
  const steps = counted.map((each) => each.step);
  if (added.length > 0) steps.push(step(INSERT_META, keysOf(added), valuesOf(added)));
  if (logged.length > 0) steps.push(step(PUT_META_HISTORY, keysOf(logged), at, valuesOf(logged)));
  const locked = [...keysOf(changed), ...del];
  const locks = locked.length > 1 ? [step(LOCK_META, locked)] : [];
  const answers = (await session.run([...locks, ...steps])).slice(locks.length);
  if (counted.some(({ of }, index) => answers[index]!.length !== of.length))
    throw new Conflict('A value was changed meanwhile.');
}

function keysOf(records: readonly MetaRecord[]): string[] {
  return records.map(({ key }) => key);
}
