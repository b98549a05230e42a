import type { AuditRecord } from '../../core/model/audit.ts';
import type { Day } from '../../core/model/daily.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { LoggedEvent } from '../../core/model/event.ts';
import type {
  Delivery,
  Incident,
  Job,
  JobIncident,
  JobState,
  Row,
  SystemIncident,
} from '../../core/model/records.ts';
import { jobOf } from '../../core/model/job-shape.ts';
import { ChangedRuns, type Runs } from '../../core/model/runs.ts';
import type { MetaValue, Scope } from '../store.ts';
import { type Changes, type OutputRef, type Records, TABLE_NAMES, type TableName } from './changes.ts';
import { dayId } from './days.ts';
import { jobIdOf, type Tables } from './tables.ts';

/** Maps ids to the changed record, or to null for a deleted one. */
type Written<T extends TableName> = Map<string, Records[T] | null>;

type WrittenTables = { [T in TableName]?: Written<T> | undefined };

const NOTHING: Readonly<WrittenTables> = nothingWritten();

function nothingWritten(): WrittenTables {
  return {
    jobs: undefined,
    states: undefined,
    runs: undefined,
    days: undefined,
    incidents: undefined,
    deliveries: undefined,
    outputs: undefined,
    audit: undefined,
    meta: undefined,
  };
}

/**
 * Groups ids by the key that they belong to. The map is made when it is first needed, as everything of an overlay is,
 * because most pings write little.
 */
class Touched<K> {
  #ids: Map<K, Set<string>> | undefined;

  add(key: K, id: string): void {
    this.#ids ??= new Map();
    this.#ids.set(key, (this.#ids.get(key) ?? new Set<string>()).add(id));
  }

  /** Returns undefined where the key has no ids. */
  of(key: K): ReadonlySet<string> | undefined {
    return this.#ids?.get(key);
  }

  /** Adds the ids of other groups that pass. */
  addFrom(other: Touched<K>, isAdded: (key: K, id: string) => boolean): void {
    for (const [key, ids] of other.#ids ?? []) for (const id of ids) if (isAdded(key, id)) this.add(key, id);
  }
}

/**
 * Changes that are not yet committed, over tables that stay as they are. Several transactions may write to one overlay,
 * and each sees the writes of those before it. `attempt` undoes the writes of a failed one.
 */
export class Overlay {
  readonly tables: Tables;
  readonly #written = nothingWritten();
  /** What the overlay wrote that is assumed. It is no change of this one. */
  readonly #assumed: Readonly<WrittenTables>;
  #events: Changes['events'] = [];
  /** Maps each run id to the text of the output that was put. */
  readonly outputTexts = new Map<string, string>();
  /**
   * Groups the ids of written records by their job, and by job name. They say where to look and not what is there: they
   * may name more than was written, so nothing need be undone in them.
   */
  readonly #touched = {
    /** Holds only jobs whose name is not the stored one, or may not be by the time that it is looked for. */
    jobsByName: new Touched<string>(),
    runs: new Touched<string>(),
    dates: new Touched<string>(),
    incidents: new Touched<string | null>(),
    deliveries: new Touched<string | null>(),
  };
  #undo: (() => void)[] = [];

  /**
   * @param assumed the changes of a commit that is on its way, on which these build. What is read is as if they were
   *   stored. They must be stored before `changes` is called, and if they are not, this overlay is worth nothing.
   */
  constructor(tables: Tables, assumed?: Overlay) {
    this.tables = tables;
    this.#assumed = assumed === undefined ? NOTHING : assumed.#written;
    if (assumed !== undefined) this.#touchAll(assumed);
  }

  /** Runs `fn`. If it throws, none of its writes stays. */
  attempt<T>(fn: () => T): T {
    const mark = this.#undo.length;
    try {
      return fn();
    } catch (error) {
      while (this.#undo.length > mark) this.#undo.pop()!();
      throw error;
    }
  }

  isEmpty(): boolean {
    return this.#events.length === 0 && TABLE_NAMES.every((table) => !this.#written[table]?.size);
  }

  changes(): Changes {
    const changes: Changes = { put: {}, del: {}, events: this.#events };
    for (const table of TABLE_NAMES) this.#collect(table, changes);
    return changes;
  }

  put<T extends TableName>(table: T, id: string, record: Records[T] | null): void {
    const written = this.#written[table] ?? this.#firstOf(table);
    const before = written.get(id);
    this.#undo.push(() => (before === undefined ? written.delete(id) : written.set(id, before)));
    written.set(id, record);
  }

  putJob(job: Job): void {
    const owner = this.jobByName(job.name);
    if (owner !== undefined && owner.id !== job.id)
      throw new CronflowError('name_taken', `A job named "${job.name}" exists already.`);
    // A commit that is on its way may store another name before this one is looked for.
    const mayChange = this.#assumed.jobs?.has(job.id) ?? false;
    if (mayChange || this.tables.jobById(job.id)?.name !== job.name)
      this.#touched.jobsByName.add(job.name, job.id);
    const { state, ...declared } = job;
    this.put('jobs', job.id, declared);
    this.putState(job.id, state);
  }

  putState(jobId: string, state: JobState): void {
    this.put('states', jobId, { job_id: jobId, state });
  }

  putRun(run: Row): void {
    this.#touched.runs.add(run.job_id, run.id);
    this.put('runs', run.id, run);
  }

  putDay(day: Day): void {
    this.#touched.dates.add(day.job_id, day.date);
    this.put('days', dayId(day.job_id, day.date), day);
  }

  putIncident(incident: Incident): void {
    this.#touched.incidents.add(jobIdOf(incident), incident.id);
    this.put('incidents', incident.id, incident);
  }

  putDelivery(delivery: Delivery): void {
    this.#touched.deliveries.add(delivery.job_id, delivery.id);
    this.put('deliveries', delivery.id, delivery);
  }

  putOutput(ref: OutputRef, text: string): void {
    const before = this.outputTexts.get(ref.run_id);
    this.#undo.push(() =>
      before === undefined ? this.outputTexts.delete(ref.run_id) : this.outputTexts.set(ref.run_id, before),
    );
    this.outputTexts.set(ref.run_id, text);
    this.put('outputs', ref.run_id, ref);
  }

  putAudit(record: AuditRecord): void {
    this.put('audit', record.id, record);
  }

  logEvent(jobId: string, event: LoggedEvent): void {
    const { length } = this.#events;
    this.#undo.push(() => this.#events.splice(length));
    this.#events.push({ job_id: jobId, event });
  }

  deleteJob(id: string): void {
    for (const run of this.runsOf(id).all()) this.deleteRun(run);
    const dates = this.tables.days.of(id).map((day) => day.date);
    for (const date of [...dates, ...(this.#touched.dates.of(id) ?? [])]) this.deleteDay(id, date);
    for (const incident of this.#incidentsOf(id, this.tables.incidents({ job_id: id })))
      this.deleteIncident(incident);
    for (const deliveryId of [...this.tables.outbox.idsOf(id), ...(this.#touched.deliveries.of(id) ?? [])])
      this.put('deliveries', deliveryId, null);
    this.put('jobs', id, null);
    this.put('states', id, null);
  }

  deleteRun(run: Row): void {
    this.#touched.runs.add(run.job_id, run.id);
    this.put('runs', run.id, null);
    this.put('outputs', run.id, null);
  }

  deleteIncident(incident: Incident): void {
    this.#touched.incidents.add(jobIdOf(incident), incident.id);
    this.put('incidents', incident.id, null);
  }

  deleteDay(jobId: string, date: string): void {
    this.put('days', dayId(jobId, date), null);
  }

  day(jobId: string, date: string): Day | undefined {
    return this.#read('days', dayId(jobId, date), this.tables.days.get(jobId, date));
  }

  job(id: string): Job | undefined {
    const declared = this.#writtenOf('jobs', id);
    if (declared === null) return undefined;
    const lived = this.#writtenOf('states', id);
    const stored = this.tables.jobById(id);
    if (declared === undefined && (stored === undefined || lived === undefined)) return stored;
    const state = lived?.state ?? stored?.state;
    const known = declared ?? stored;
    return known === undefined || state === undefined ? undefined : jobOf(known, state);
  }

  jobByName(name: string): Job | undefined {
    for (const id of this.#touched.jobsByName.of(name) ?? []) {
      const job = this.job(id);
      if (job?.name === name) return job;
    }
    const stored = this.tables.jobByName(name);
    const job = stored === undefined ? undefined : this.job(stored.id);
    return job?.name === name ? job : undefined;
  }

  jobs(): Job[] {
    const written = this.#writtenJobIds();
    const jobs: Job[] = [];
    for (const stored of this.tables.jobs()) {
      const job = written.has(stored.id) ? this.job(stored.id) : stored;
      if (job !== undefined) jobs.push(job);
    }
    for (const id of written) {
      const job = this.tables.jobById(id) === undefined ? this.job(id) : undefined;
      if (job !== undefined) jobs.push(job);
    }
    return jobs;
  }

  run(id: string): Row | undefined {
    return this.#read('runs', id, this.tables.runs.get(id));
  }

  /** Tells whether the run was written here and is not stored yet. */
  hasWrittenRun(id: string): boolean {
    return this.#writtenOf('runs', id) !== undefined;
  }

  /** Tells whether runs of the job were written here that are not stored yet. */
  hasWrittenRunsOf(jobId: string): boolean {
    return this.#touched.runs.of(jobId) !== undefined;
  }

  /** Lists the ids of the jobs that are due, the earliest first, then by id. */
  dueJobIds({ now_at: nowAt, limit, except }: NonNullable<Scope['due']>): string[] {
    const written = this.#writtenJobIds();
    // Each written or passed-over job can take the place of one that counts.
    const stored = this.tables.dueJobIds(nowAt, limit + written.size + (except?.size ?? 0));
    if (written.size === 0) return stored.filter((id) => except?.has(id) !== true).slice(0, limit);
    const ids = new Set([...stored, ...written]);
    return Array.from(ids, (id) => this.job(id))
      .flatMap((job) => {
        const dueAt = job?.removed_at === null ? job.state.due_at : null;
        return job === undefined || dueAt === null || dueAt > nowAt ? [] : { id: job.id, dueAt };
      })
      .filter(({ id }) => except?.has(id) !== true)
      .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map(({ id }) => id);
  }

  /** @param loaded returns the part of the stored runs that is loaded */
  runsOf(jobId: string, loaded: (stored: Runs) => Runs = (stored) => stored): Runs {
    const stored = loaded(this.tables.runs.of(jobId));
    const touched = this.#touched.runs.of(jobId);
    if (touched === undefined) return stored;
    const changes = new Map<string, Row | null>();
    for (const id of touched) {
      const written = this.#writtenOf('runs', id);
      if (written !== undefined) changes.set(id, written);
    }
    return new ChangedRuns(stored, changes);
  }

  incident(id: string): Incident | undefined {
    return this.#read('incidents', id, this.tables.incident(id));
  }

  openIncidentsOf(jobId: string): JobIncident[] {
    return this.#incidentsOf(jobId, this.tables.openIncidentsOf(jobId))
      .filter((incident) => incident.kind === 'job')
      .filter((incident) => incident.closed_at === null);
  }

  openSystemIncidents(): SystemIncident[] {
    return this.#incidentsOf(null, this.tables.openSystemIncidents())
      .filter((incident) => incident.kind !== 'job')
      .filter((incident) => incident.closed_at === null);
  }

  delivery(id: string): Delivery | undefined {
    return this.#read('deliveries', id, this.tables.outbox.get(id));
  }

  meta(key: string): MetaValue {
    return this.#read('meta', key, { key, value: this.tables.meta(key) })?.value;
  }

  /** Takes over where the records are that an overlay wrote itself, and not where those are that it assumed. */
  #touchAll(assumed: Overlay): void {
    const written = assumed.#written;
    const touched = assumed.#touched;
    this.#touched.jobsByName.addFrom(touched.jobsByName, (_, id) => written.jobs?.has(id) ?? false);
    this.#touched.runs.addFrom(touched.runs, (_, id) => written.runs?.has(id) ?? false);
    this.#touched.dates.addFrom(touched.dates, (id, date) => written.days?.has(dayId(id, date)) ?? false);
    this.#touched.incidents.addFrom(touched.incidents, (_, id) => written.incidents?.has(id) ?? false);
    this.#touched.deliveries.addFrom(touched.deliveries, (_, id) => written.deliveries?.has(id) ?? false);
  }

  /** Returns what was written of a record, here or before; undefined where nothing was. */
  #writtenOf<T extends TableName>(table: T, id: string): Records[T] | null | undefined {
    const own = this.#written[table]?.get(id);
    return own === undefined ? this.#assumed[table]?.get(id) : own;
  }

  #writtenJobIds(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const { jobs, states } of [this.#assumed, this.#written])
      for (const table of [jobs, states]) for (const id of table?.keys() ?? []) ids.add(id);
    return ids;
  }

  #read<T extends TableName>(table: T, id: string, stored: Records[T] | undefined): Records[T] | undefined {
    const written = this.#writtenOf(table, id);
    return written === undefined ? stored : (written ?? undefined);
  }

  /**
   * Returns the stored incidents of a job, or for null those of Cronflow itself, with what was written: changed ones in
   * their places, new ones at the end.
   */
  #incidentsOf(jobId: string | null, stored: readonly Incident[]): Incident[] {
    const written = this.#touched.incidents.of(jobId);
    if (written === undefined) return [...stored];
    const ids = new Set([...stored.map((incident) => incident.id), ...written]);
    const known = new Map(stored.map((incident) => [incident.id, incident]));
    return [...ids].flatMap((id) => {
      const incident = this.#read('incidents', id, known.get(id));
      return incident === undefined || jobIdOf(incident) !== jobId ? [] : [incident];
    });
  }

  #firstOf<T extends TableName>(table: T): Written<T> {
    const written: Written<T> = new Map();
    // The map is of the table's own type, which an assignment by name cannot show to the compiler.
    (this.#written as Record<TableName, unknown>)[table] = written;
    return written;
  }

  #collect(table: TableName, changes: Changes): void {
    const written = this.#written[table];
    if (written === undefined) return;
    const put: unknown[] = [];
    const del: string[] = [];
    for (const [id, record] of written) {
      if (record !== null) put.push(record);
      else if (this.#isStored(table, id)) del.push(id);
    }
    // The records of a table are of its type, because `put` lets nothing else in.
    if (put.length > 0) (changes.put as Record<TableName, unknown>)[table] = put;
    if (del.length > 0) changes.del[table] = del;
  }

  /** Tells whether there is something to delete. A record that was made and deleted in one overlay leaves no trace. */
  #isStored(table: TableName, id: string): boolean {
    const stored: Record<TableName, () => boolean> = {
      jobs: () => this.tables.jobById(id) !== undefined,
      // The state goes with its job.
      states: () => false,
      runs: () => this.tables.runs.has(id),
      days: () => this.tables.days.has(id),
      incidents: () => this.tables.incident(id) !== undefined,
      deliveries: () => this.tables.outbox.get(id) !== undefined,
      outputs: () => this.tables.outputRef(id) !== undefined,
      audit: () => this.tables.audit.has(id),
      meta: () => this.tables.hasMeta(id),
    };
    return stored[table]();
  }
}
