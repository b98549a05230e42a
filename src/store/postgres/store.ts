import { randomUUID } from 'node:crypto';
import { type Clock, type ClockSample, systemClock } from '../../clock.ts';
import type { AuditRecord } from '../../core/model/audit.ts';
import type { Day } from '../../core/model/daily.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import type { Delivery, Incident, Job, JobIncident, Row } from '../../core/model/records.ts';
import type { Logger } from '../../observe/log.ts';
import { Feed } from '../local/feed.ts';
import type { RecordFormat } from '../local/migrations.ts';
import { runView } from '../local/tx.ts';
import { ReadBudget } from '../read-budget.ts';
import type {
  AllRunsFilter,
  AuditFilter,
  ChangeListener,
  ClaimedLane,
  ClaimOptions,
  DeliveryCounts,
  DeliveryFilter,
  IncidentFilter,
  JobFilter,
  LaneNote,
  MetaValue,
  Output,
  Page,
  Past,
  PastLimits,
  RunFilter,
  RunsStretch,
  Scope,
  Store,
  StoreHealth,
  Tx,
  View,
} from '../store.ts';
import { unusable } from './advice.ts';
import { Committer } from './committer.ts';
import { Database } from './database.ts';
import { unavailable } from './errors.ts';
import { Lanes } from './lanes.ts';
import { Loading } from './loading.ts';
import { LogKeeper } from './log-keeper.ts';
import { readPast } from './log.ts';
import { Converter } from './converting.ts';
import { HOLDS_SCHEMA, migrate, SCHEMA, type SchemaStep } from './migrations.ts';
import { needOf } from './need.ts';
import { Reads } from './reads.ts';
import { RecordsInRows } from './records.ts';
import { Relay } from './relay.ts';
import { LOCK_LOOK } from './sql/lock-look.ts';
import { READ_ABSENT } from './sql/read-absent.ts';
import { step } from './statement.ts';

/** A view of all jobs may take longer than other reads. */
const VIEW_OF_ALL_MS_MAX = 60_000;
/** While the database takes no commits it is asked so often whether it does again. */
const PROBE_MS = 1_000;
/** Matches the word for a presence. One of another version may be anything, and is taken to be there. */
const PRESENCE = /^[1-9]\d{0,14}$/;

export interface PostgresStoreOptions {
  url: string;
  clock: Clock;
  log: Logger;
  /** Deep-freezes every record, so that a mutation of a record that was read throws. */
  freeze?: boolean;
  /** The longest time that a commit or a read may take; by default 4.5 s. */
  answerMsMax?: number;
  /** The steps of the schema, and the version of the records to which they lead; by default those of this Cronflow. */
  versions?: { schema: readonly SchemaStep[]; format: RecordFormat };
  /** Is told how long each commit took, in milliseconds. */
  onSync?: (durationMs: number) => void;
  /** Is told of the database's clock with every transaction. */
  onClock?: (sample: ClockSample) => void;
}

/**
 * The store that instances on several machines share: a PostgreSQL database (docs/design.md §6). The database holds the
 * records and their locks. What a transaction may do to them is decided here, by the same code as in a store in memory.
 */
export class PostgresStore implements Store {
  readonly isShared = true;
  readonly #options: PostgresStoreOptions;
  readonly #feed: Feed;
  readonly #database: Database;
  readonly #committer: Committer;
  readonly #reads: Reads;
  readonly #lanes: Lanes;
  readonly #relay: Relay;
  readonly #keeper: LogKeeper;
  readonly #converter: Converter;
  readonly #freeze: boolean;
  #cancelProbe: (() => void) | null = null;
  #isClosed = false;

  constructor(options: PostgresStoreOptions) {
    const { url, clock, log, freeze = false, onSync = () => {}, onClock = () => {}, answerMsMax } = options;
    this.#options = options;
    this.#freeze = freeze;
    this.#feed = new Feed((error) =>
      log.error('a listener of the store failed', { error: errorText(error) }),
    );
    this.#database = new Database({
      url,
      onClock,
      records: new RecordsInRows(options.versions?.format),
      ...(answerMsMax === undefined ? {} : { answerMsMax }),
    });
    const instance = randomUUID();
    this.#committer = new Committer({
      database: this.#database,
      clock,
      instance,
      freeze,
      onSync,
      onRefused: () => this.#probe(),
      onCommitted: (changes) => {
        this.#feed.pass(changes);
        if (changes.length > 0) this.#relay.committed();
      },
    });
    this.#reads = new Reads(this.#database, { freeze, clock });
    this.#lanes = new Lanes(this.#database, clock);
    const now = (): number => clock.now();
    this.#relay = new Relay({ database: this.#database, url, instance, feed: this.#feed, log, now });
    this.#keeper = new LogKeeper({ database: this.#database, clock, log });
    this.#converter = new Converter({ database: this.#database, log });
  }

  get presence(): string | null {
    return this.#relay.presence;
  }

  async absent(presences: readonly string[]): Promise<ReadonlySet<string>> {
    const known = presences.filter((presence) => PRESENCE.test(presence));
    const rows = await this.#read(() =>
      this.#database.read(this.#database.answerMsMax, async (session) => {
        const [, found] = await session.begin([step(LOCK_LOOK), step(READ_ABSENT, known)], 'read');
        await session.rollback();
        return found!;
      }),
    );
    return new Set(rows.map(({ presence }) => String(presence)));
  }

  /** Counts the times that a batch had to load more than its transactions named. */
  get lackCount(): number {
    return this.#committer.lackCount;
  }

  async open(): Promise<void> {
    try {
      const { schema } = this.#options.versions ?? { schema: SCHEMA };
      await migrate(this.#database, schema, (waitedMs) =>
        this.#options.log.warn('waits for the database: its schema is locked', {
          probably: HOLDS_SCHEMA,
          waited_seconds: Math.round(waitedMs / 1000),
        }),
      );
      this.#database.expectSchema(schema.length);
      await this.#keeper.open();
      await this.#relay.open();
      this.#converter.open();
    } catch (error) {
      await this.close();
      if (error instanceof CronflowError) throw error;
      throw unusable(this.#options.url, error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelProbe?.();
    await this.#committer.close();
    await Promise.all([this.#relay.close(), this.#keeper.close(), this.#converter.close()]);
    await this.#database.end();
  }

  transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    return this.#committer.transact(scope, fn);
  }

  view<T>(scope: Scope, read: (view: View) => T): Promise<T> {
    const limitMs = scope.all === true ? VIEW_OF_ALL_MS_MAX : this.#database.answerMsMax;
    return this.#read(() =>
      this.#database.read(limitMs, async (session) => {
        const loading = new Loading(session, needOf([scope]), 'read', { freeze: this.#freeze });
        await loading.begin();
        for (;;) {
          const asked = loading.tables.asked(() => outcomeOf(() => runView(loading.tables, scope, read)));
          if ('lack' in asked) {
            await loading.more(asked.lack);
            continue;
          }
          await session.rollback();
          return asked.result;
        }
      }),
    ).then((outcome) => outcome());
  }

  watch(listener: ChangeListener): () => void {
    return this.#feed.watch(listener);
  }

  jobByName(name: string): Promise<Job | undefined> {
    return this.#read(() => this.#reads.jobByName(name));
  }

  jobById(id: string): Promise<Job | undefined> {
    return this.#read(() => this.#reads.jobById(id));
  }

  listJobs(filter: JobFilter): Promise<Page<Job>> {
    return this.#read(() => this.#reads.listJobs(filter));
  }

  runsOf(jobId: string, filter: RunFilter): Promise<Page<Row>> {
    return this.#read(() => this.#reads.runsOf(jobId, filter));
  }

  runs(filter: AllRunsFilter): Promise<RunsStretch> {
    return this.#read(() => this.#reads.runs(filter));
  }

  slotRows(filter: { job_ids: readonly string[]; from_at: number; to_at: number }): Promise<Row[]> {
    return this.#read(() => this.#reads.slotRows(filter));
  }

  run(jobId: string, runId: string): Promise<Row | undefined> {
    return this.#read(() => this.#reads.run(jobId, runId));
  }

  output(jobId: string, runId: string): Promise<Output | undefined> {
    return this.#read(() => this.#reads.output(jobId, runId));
  }

  daysOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Day>> {
    return this.#read(() => this.#reads.daysOf(jobId, page));
  }

  daysBefore(date: string, limit: number): Promise<Day[]> {
    return this.#read(() => this.#reads.daysBefore(date, limit));
  }

  openIncidentOf(jobId: string): Promise<JobIncident | undefined> {
    return this.#read(() => this.#reads.openIncidentOf(jobId));
  }

  incidents(filter: IncidentFilter): Promise<Page<Incident>> {
    return this.#read(() => this.#reads.incidents(filter));
  }

  incident(id: string): Promise<Incident | undefined> {
    return this.#read(() => this.#reads.incident(id));
  }

  deliveries(filter: DeliveryFilter): Promise<Page<Delivery>> {
    return this.#read(() => this.#reads.deliveries(filter));
  }

  deliveryCounts(): Promise<DeliveryCounts[]> {
    return this.#read(() => this.#reads.deliveryCounts());
  }

  audit(filter: AuditFilter): Promise<Page<AuditRecord>> {
    return this.#read(() => this.#reads.audit(filter));
  }

  auditIdsBefore(at: number, limit: number): Promise<string[]> {
    return this.#read(() => this.#reads.auditIdsBefore(at, limit));
  }

  meta(key: string): Promise<MetaValue> {
    return this.#read(() => this.#reads.meta(key));
  }

  past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past> {
    const budget = new ReadBudget(systemClock, limits);
    return this.#read(() => readPast(this.#database, jobId, { fromAt, budget }));
  }

  earliestDueAt(except?: ReadonlySet<string>): Promise<number | null> {
    return this.#read(() => this.#reads.earliestDueAt(except));
  }

  jobIdsAfter(id: string | null, limit: number): Promise<string[]> {
    return this.#read(() => this.#reads.jobIdsAfter(id, limit));
  }

  outdatedJobIds(before: { removed_at: number; renamed_at: number; limit: number }): Promise<string[]> {
    return this.#read(() => this.#reads.outdatedJobIds(before));
  }

  claimDeliveries(claim: ClaimOptions): Promise<ClaimedLane[]> {
    return this.#lanes.claim(claim);
  }

  leaveLanes(owner: string, notes: ReadonlyMap<string, LaneNote>, only?: string): Promise<void> {
    return this.#lanes.leave(owner, notes, only);
  }

  earliestDeliveryAt(owner: string, except?: ReadonlySet<string>): Promise<number | null> {
    return this.#read(() => this.#lanes.earliestAt(owner, except));
  }

  health(): StoreHealth {
    return this.#committer.health;
  }

  /** Reads, and says `store_unavailable` where the database does not answer. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw error instanceof CronflowError ? error : unavailable(error);
    }
  }

  /** Asks again and again, after the first commit that was refused, whether the database takes commits. */
  #probe(): void {
    if (this.#isClosed || this.#cancelProbe !== null) return;
    const again = async (): Promise<void> => {
      await this.#committer.probe();
      this.#cancelProbe = null;
      if (!this.#committer.health.ok) this.#probe();
    };
    this.#cancelProbe = systemClock.after(PROBE_MS, () => void again());
    this.#options.log.warn('the database takes no commits', {
      detail: this.#committer.health.ok ? undefined : this.#committer.health.detail,
    });
  }
}

/** Returns a function that gives the result of another one, or throws its error, so that neither is lost on the way. */
function outcomeOf<T>(run: () => T): () => T {
  try {
    const result = run();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
