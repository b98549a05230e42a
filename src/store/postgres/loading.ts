import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../../core/model/limits.ts';
import type { JobState } from '../../core/model/records.ts';
import type { Changes, DeclaredJob, MetaRecord } from '../local/changes.ts';
import type { LaneRecord } from '../local/outbox.ts';
import type { AnswerRow, Session } from './database.ts';
import { Conflict } from './errors.ts';
import { LoadedTables } from './loaded-tables.ts';
import { KnownNames } from './known-names.ts';
import type { Noted } from './noted.ts';
import { type Lack, type Need, needOf } from './need.ts';
import { soughtAll } from './sought.ts';
import { LIMIT_IDLE_OF_ALL } from './sql/limit-idle-of-all.ts';
import { LOCK_ALL } from './sql/lock-all.ts';
import { LOCK_AS_PING } from './sql/lock-as-ping.ts';
import { LOCK_DELIVERIES } from './sql/lock-deliveries.ts';
import { LOCK_DUE } from './sql/lock-due.ts';
import { LOCK_INCIDENTS } from './sql/lock-incidents.ts';
import { LOCK_INCIDENTS_OF_ALL } from './sql/lock-incidents-of-all.ts';
import { LOCK_OPEN_INCIDENTS } from './sql/lock-open-incidents.ts';
import { LOCK_OPEN_SYSTEM_INCIDENTS } from './sql/lock-open-system-incidents.ts';
import { LOCK_STATES } from './sql/lock-states.ts';
import { LOCK_SYSTEM_INCIDENTS } from './sql/lock-system-incidents.ts';
import { READ_ALL_HEADS } from './sql/read-all-heads.ts';
import { READ_ALL_JOBS } from './sql/read-all-jobs.ts';
import { READ_ALL_LATEST_DAYS } from './sql/read-all-latest-days.ts';
import { READ_ALL_META } from './sql/read-all-meta.ts';
import { READ_ALL_OPEN_INCIDENTS } from './sql/read-all-open-incidents.ts';
import { READ_ALL_RECENT_RUNS } from './sql/read-all-recent-runs.ts';
import { READ_ALL_RUNS } from './sql/read-all-runs.ts';
import { READ_ALL_STATES } from './sql/read-all-states.ts';
import { READ_DAYS } from './sql/read-days.ts';
import { READ_DELIVERIES } from './sql/read-deliveries.ts';
import { READ_DUE } from './sql/read-due.ts';
import { READ_HEADS } from './sql/read-heads.ts';
import { READ_IDS } from './sql/read-ids.ts';
import { READ_INCIDENTS } from './sql/read-incidents.ts';
import { READ_JOB_DELIVERIES } from './sql/read-job-deliveries.ts';
import { READ_JOB_INCIDENTS } from './sql/read-job-incidents.ts';
import { READ_JOBS } from './sql/read-jobs.ts';
import { READ_LANES } from './sql/read-lanes.ts';
import { READ_LATEST_DAYS } from './sql/read-latest-days.ts';
import { READ_META } from './sql/read-meta.ts';
import { READ_OPEN_INCIDENTS } from './sql/read-open-incidents.ts';
import { READ_RECENT_RUNS } from './sql/read-recent-runs.ts';
import { READ_STATES } from './sql/read-states.ts';
import { READ_SYSTEM_INCIDENTS } from './sql/read-system-incidents.ts';
import { READ_UNKNOWN_RUNS } from './sql/read-unknown-runs.ts';
import { SHARE_ALL } from './sql/share-all.ts';
import { SHARE_LANES } from './sql/share-lanes.ts';
import { type Statement, step } from './statement.ts';

/** Once this many jobs turned out to need their history, that of all jobs is loaded, since all ask for it. */
const RECENT_ASKED_MAX = 8;

/** So many rows are taken before pings get their turn. It takes some milliseconds. */
const TAKEN_AT_ONCE = 1_000;

type Kind = 'write' | 'read';

/** Loads the records of one batch into tables. Those of a batch that writes are locked. */
export class Loading {
  readonly tables: LoadedTables;
  readonly #session: Session;
  readonly #need: Need;
  readonly #kind: Kind;
  readonly #known: KnownNames;
  /** The names in the scopes of the batch. */
  readonly #scopeNames: ReadonlySet<string>;
  #put: Required<Pick<Changes['put'], 'runs' | 'days' | 'incidents' | 'deliveries' | 'meta'>> = nothingPut();
  readonly #declared: DeclaredJob[] = [];
  readonly #states = new Map<string, JobState>();
  #isBegun = false;
  /** The statements of the next round trip, and what is done with the answers. */
  #asked: { statement: Statement; values: unknown[]; take: (rows: AnswerRow[]) => void }[] = [];

  /** @param options.known remembers the names of jobs; absent, all names are looked up */
  constructor(
    session: Session,
    need: Need,
    kind: Kind,
    { freeze, known = new KnownNames() }: { freeze: boolean; known?: KnownNames },
  ) {
    this.#session = session;
    this.#need = need;
    this.#kind = kind;
    this.#known = known;
    this.#scopeNames = new Set(need.names);
    this.tables = new LoadedTables(need, { freeze });
  }

  /**
   * Begins the transaction, and loads what the scopes name. It takes one round trip, and one more where jobs are due or
   * are named by names that are not known yet.
   */
  async begin(): Promise<void> {
    const { all, due } = this.#need;
    if (!all) await this.#lookUp(this.#need);
    if (this.#kind === 'write') this.#askTables();
    if (all) this.#askAll();
    if (all || due === undefined) {
      this.#askMeta();
      if (!all) this.#askStates(this.#need.ids);
      this.#askAllOf(all ? needOf([]) : this.#need);
      return this.#load();
    }
    this.#askLocking(LOCK_DUE, READ_DUE, [due.now_at, due.limit, [...(due.except ?? [])]], this.#takeStates);
    this.#askMeta();
    await this.#load();
    this.#askAllOf(needOf([{ ids: [...this.#states.keys()] }]));
    await this.#load();
  }

  /** Locks whole tables, where a transaction names everything, no job, or what a ping needs. */
  #askTables(): void {
    const { all, due, ids, like_ping: isLikePing } = this.#need;
    if (all) {
      this.#ask(LOCK_ALL, []);
      this.#ask(LIMIT_IDLE_OF_ALL, []);
    }
    if (isLikePing) this.#ask(LOCK_AS_PING, []);
    else if (!all && due === undefined && ids.size === 0) this.#ask(SHARE_ALL, []);
  }

  /**
   * Asks for jobs whose states are locked, and for what else the scopes name. Whoever locks any of it does so in this
   * order, so that no two wait for each other: states, the row for incidents of Cronflow itself, lanes, incidents,
   * deliveries.
   */
  #askAllOf(jobs: Need): void {
    this.#askJobs(jobs);
    const { all, system_incidents: system, lanes, delivery_ids: deliveryIds } = this.#need;
    if (system && !all && this.#kind === 'write') this.#ask(LOCK_SYSTEM_INCIDENTS, []);
    // Whoever claims locks lanes and then deliveries, so this does as well.
    if (lanes.size > 0) this.#askLocking(SHARE_LANES, READ_LANES, [[...lanes]], this.#takeLanes);
    this.#askIncidents(jobs.ids);
    this.#askDeliveries(deliveryIds);
  }

  /** Loads what a transaction lacked. */
  async more(lack: Lack): Promise<void> {
    const { coverage } = this.tables;
    if (lack.names.size > 0) await this.#askNames(lack.names);
    if (lack.heads) {
      this.#ask(READ_ALL_HEADS, [], this.#takeRuns);
      this.#ask(READ_ALL_LATEST_DAYS, [], this.#takeDays);
      this.#ask(READ_ALL_OPEN_INCIDENTS, [], this.#takeIncidents);
      [coverage.hasHeads, coverage.hasLatestDaysOfAll] = [true, true];
    }
    if (lack.recent.size > 0) this.#askMoreRecent(lack);
    this.#askLatestDays(lack.latest_days);
    if (lack.days.size > 0) this.#ask(READ_DAYS, [[...lack.days]], this.#takeDays);
    for (const id of lack.days) coverage.days.add(id);
    this.#askIncidentsOf(lack.incident_ids);
    this.#askDeliveries(lack.delivery_ids);
    if (lack.whole.size > 0) this.#askWhole([...lack.whole]);
    await this.#load();
  }

  /**
   * Asks for the jobs of more names.
   * @throws Conflict where a scope names one of them, and this instance took it for the name of another job. To lock the
   *   right one now would break the order of the locks, and two instances that do so wait for each other. The next
   *   attempt knows the name.
   */
  async #askNames(names: ReadonlySet<string>): Promise<void> {
    this.#known.forget(names);
    const named = needOf([{ names: [...names] }]);
    await this.#lookUp(named);
    const isOutdated = [...names].some((name) => this.#scopeNames.has(name) && !named.names.has(name));
    if (this.#kind === 'write' && isOutdated) throw new Conflict('A name belongs to another job by now.');
    this.#askStates(named.ids);
    this.#askJobs(named);
    this.#askOpenIncidents(named.ids);
  }

  /**
   * Puts ids in the place of names. A job may get another name before it is locked. Then it is loaded in vain, and the
   * transaction lacks the name. Names that no job has need not be looked up again.
   */
  async #lookUp(need: Need): Promise<void> {
    this.#known.resolve(need);
    if (need.names.size === 0) return;
    this.#ask(READ_IDS, [soughtAll(need.names)], (rows) => {
      for (const { id, name } of rows) this.#known.learn(name as string, id as string);
    });
    await this.#load();
    this.#known.resolve(need);
    for (const name of need.names) this.tables.coverage.names.add(name);
  }

  #ask(statement: Statement, values: unknown[], take: (rows: AnswerRow[]) => void = () => {}): void {
    this.#asked.push({ statement, values, take });
  }

  /** Asks for the statement that locks, or for the one that only reads, as the batch is. */
  #askLocking(
    locking: Statement,
    reading: Statement,
    values: unknown[],
    take: (rows: AnswerRow[]) => void,
  ): void {
    this.#ask(this.#kind === 'write' ? locking : reading, values, take);
  }

  #askAll(): void {
    this.#ask(READ_ALL_STATES, [], this.#takeStates);
    this.#ask(READ_ALL_JOBS, [], this.#takeJobs);
    this.#ask(READ_ALL_META, [], this.#takeMeta);
  }

  /**
   * Asks for the states of jobs. This lock comes first, so that all that follows, each statement of which sees the
   * present, is of the same instant.
   */
  #askStates(ids: ReadonlySet<string>): void {
    if (ids.size > 0) this.#askLocking(LOCK_STATES, READ_STATES, [soughtAll(ids)], this.#takeStates);
  }

  /** Asks for what every ping needs of jobs beside their states and incidents. */
  #askJobs({ ids, ridsOfIds, talliedIds }: Need): void {
    if (ids.size === 0) return;
    const which = [soughtAll(ids)];
    this.#ask(READ_JOBS, which, this.#takeJobs);
    this.#ask(READ_HEADS, [...which, ...pairsOf(ridsOfIds)], this.#takeRuns);
    this.#askLatestDays(talliedIds);
    const { recent, unknown } = this.#need;
    if (recent || unknown)
      this.#ask(
        recent ? READ_RECENT_RUNS : READ_UNKNOWN_RUNS,
        [...which, LIMITS.recentRunsMax],
        this.#takeRuns,
      );
  }

  #askLatestDays(jobIds: ReadonlySet<string>): void {
    if (jobIds.size > 0) this.#ask(READ_LATEST_DAYS, [soughtAll(jobIds)], this.#takeDays);
    for (const id of jobIds) this.tables.coverage.latestDays.add(id);
  }

  #askMeta(): void {
    const { all, meta } = this.#need;
    if (meta.size > 0 && !all) this.#ask(READ_META, [soughtAll(meta)], this.#takeMeta);
  }

  /**
   * Asks for the open incidents of jobs, and for those of the scopes. Incidents of several kinds are locked by one
   * statement, in one order.
   */
  #askIncidents(jobIds: ReadonlySet<string>): void {
    const { all, system_incidents: system, incident_ids: ids } = this.#need;
    const isSystem = system && !all;
    const kinds = [jobIds.size > 0, ids.size > 0, isSystem].filter(Boolean).length;
    if (this.#kind === 'write' && kinds > 1) {
      this.#ask(LOCK_INCIDENTS_OF_ALL, [soughtAll(ids), soughtAll(jobIds), isSystem], this.#takeIncidents);
      for (const id of ids) this.tables.coverage.incidentIds.add(id);
      return;
    }
    this.#askOpenIncidents(jobIds);
    if (isSystem)
      this.#askLocking(LOCK_OPEN_SYSTEM_INCIDENTS, READ_SYSTEM_INCIDENTS, [], this.#takeIncidents);
    this.#askIncidentsOf(ids);
  }

  #askOpenIncidents(jobIds: ReadonlySet<string>): void {
    if (jobIds.size > 0)
      this.#askLocking(LOCK_OPEN_INCIDENTS, READ_OPEN_INCIDENTS, [soughtAll(jobIds)], this.#takeIncidents);
  }

  #askIncidentsOf(ids: ReadonlySet<string>): void {
    if (ids.size > 0) this.#askLocking(LOCK_INCIDENTS, READ_INCIDENTS, [soughtAll(ids)], this.#takeIncidents);
    for (const id of ids) this.tables.coverage.incidentIds.add(id);
  }

  #askDeliveries(ids: ReadonlySet<string>): void {
    if (ids.size > 0)
      this.#askLocking(LOCK_DELIVERIES, READ_DELIVERIES, [soughtAll(ids)], this.#takeDeliveries);
    for (const id of ids) this.tables.coverage.deliveryIds.add(id);
  }

  #askRecent(jobIds: readonly string[]): void {
    this.#ask(READ_RECENT_RUNS, [jobIds, LIMITS.recentRunsMax], this.#takeRuns);
    for (const id of jobIds) this.tables.coverage.recent.add(id);
  }

  #askMoreRecent({ recent }: Lack): void {
    const { coverage } = this.tables;
    if (!this.#need.all || coverage.recent.size < RECENT_ASKED_MAX) return this.#askRecent([...recent]);
    this.#ask(READ_ALL_RECENT_RUNS, [LIMITS.recentRunsMax], this.#takeRuns);
    coverage.isRecentOfAll = true;
  }

  #askWhole(jobIds: readonly string[]): void {
    this.#ask(READ_ALL_RUNS, [jobIds], this.#takeRuns);
    this.#ask(READ_DAYS, [jobIds], this.#takeDays);
    this.#ask(READ_JOB_INCIDENTS, [jobIds], this.#takeIncidents);
    this.#ask(READ_JOB_DELIVERIES, [jobIds], this.#takeDeliveries);
    for (const id of jobIds) this.tables.coverage.whole.add(id);
  }

  /** Sends what was asked for, and puts the answers into the tables. */
  async #load(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const steps = asked.map(({ statement, values }) => step(statement, ...values));
    const isBegun = this.#isBegun;
    this.#isBegun = true;
    const answers = await (isBegun ? this.#session.run(steps) : this.#session.begin(steps, this.#kind));
    for (const [index, rows] of answers.entries()) {
      const { take } = asked[index]!;
      if (rows.length <= TAKEN_AT_ONCE) take(rows);
      else await this.#takeByAndBy(rows, take);
    }
    this.#apply();
  }

  /** Takes the rows of all jobs, and lets pings have their turn in between. */
  async #takeByAndBy(rows: readonly AnswerRow[], take: (rows: AnswerRow[]) => void): Promise<void> {
    for (let from = 0; from < rows.length; from += TAKEN_AT_ONCE) {
      take(rows.slice(from, from + TAKEN_AT_ONCE));
      this.#apply();
      await setImmediate();
    }
  }

  #apply(): void {
    const jobs = this.#declared.splice(0).map((declared) => {
      const state = this.#states.get(declared.id);
      // The job got the name after the lock was taken, so that it is not locked.
      if (state === undefined) throw new Conflict(`The job "${declared.id}" was renamed meanwhile.`);
      return { ...declared, state };
    });
    this.tables.apply({ put: { jobs, ...this.#put }, del: {}, events: [] });
    this.#put = nothingPut();
  }

  readonly #takeStates = (rows: AnswerRow[]): void => {
    for (const {
      job_id: id,
      based_at: basedAt,
      state,
      heads_from: headsFrom,
      kept,
      is_noted: isNoted,
    } of rows) {
      this.#states.set(id as string, this.#session.records.readState(id as string, state));
      this.tables.basedAt.set(id as string, basedAt as number | null);
      if (isNoted === true) this.tables.noted.set(id as string, { headsFrom, kept } as Noted);
    }
  };

  readonly #takeJobs = (rows: AnswerRow[]): void => {
    for (const { record } of rows) {
      const declared = this.#session.records.read('jobs', record);
      this.#known.learn(declared.name, declared.id);
      this.#declared.push(declared);
    }
  };

  readonly #takeRuns = (rows: AnswerRow[]): void => {
    for (const { record } of rows) this.#put.runs.push(this.#session.records.read('runs', record));
  };

  readonly #takeDays = (rows: AnswerRow[]): void => {
    for (const { record } of rows) this.#put.days.push(this.#session.records.read('days', record));
  };

  readonly #takeIncidents = (rows: AnswerRow[]): void => {
    for (const { record } of rows) this.#put.incidents.push(this.#session.records.read('incidents', record));
  };

  readonly #takeDeliveries = (rows: AnswerRow[]): void => {
    for (const { record } of rows)
      this.#put.deliveries.push(this.#session.records.read('deliveries', record));
  };

  readonly #takeMeta = (rows: AnswerRow[]): void => {
    for (const { key, version, value } of rows) {
      this.#put.meta.push({ key, value } as MetaRecord);
      this.tables.metaVersions.set(key as string, version as number);
    }
  };

  readonly #takeLanes = (rows: AnswerRow[]): void => {
    for (const row of rows) this.tables.outbox.restoreLane(row as unknown as LaneRecord);
  };
}

/** Returns two columns: the job and the run id of each pair. */
function pairsOf(ridsOf: ReadonlyMap<string, ReadonlySet<string>>): [jobs: string[], rids: string[]] {
  const pairs = [...ridsOf].flatMap(([job, rids]) => Array.from(rids, (rid) => [job, rid] as const));
  return [soughtAll(pairs.map(([job]) => job)), soughtAll(pairs.map(([, rid]) => rid))];
}

function nothingPut(): Required<Pick<Changes['put'], 'runs' | 'days' | 'incidents' | 'deliveries' | 'meta'>> {
  return { runs: [], days: [], incidents: [], deliveries: [], meta: [] };
}
