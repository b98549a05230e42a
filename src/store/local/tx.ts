import { type Day, isEmptyDay, type Tally, tallied } from '../../core/model/daily.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { LoggedEvent } from '../../core/model/event.ts';
import type { Delivery, Incident, Job, JobIncident, Row, SystemIncident } from '../../core/model/records.ts';
import { ChangedRuns, recentRuns, type Runs } from '../../core/model/runs.ts';
import { keepRunsOf } from '../../core/model/spec.ts';
import type { MetaValue, Output, Scope, Tx } from '../store.ts';
import {
  type Changes,
  type OutputRef,
  outputRefOf,
  type Records,
  TABLE_NAMES,
  type TableName,
} from './changes.ts';
import { dayId } from './days.ts';
import { jobIdOf, type Tables } from './tables.ts';

/** Maps ids to the changed record, or to null for a deleted one. */
type Written<T extends TableName> = Map<string, Records[T] | null>;

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
}

/**
 * Changes that are not yet committed, over tables that stay as they are. Several transactions may write to one overlay,
 * and each sees the writes of those before it. `attempt` undoes the writes of a failed one.
 */
export class Overlay {
  readonly tables: Tables;
  readonly #written: { [T in TableName]?: Written<T> | undefined } = {
    jobs: undefined,
    runs: undefined,
    days: undefined,
    incidents: undefined,
    deliveries: undefined,
    outputs: undefined,
    meta: undefined,
  };
  #events: Changes['events'] = [];
  /** Maps each run id to the text of the output that was put. */
  readonly outputTexts = new Map<string, string>();
  /**
   * Groups the ids of written records by their job, and by job name. They say where to look and not what is there: they
   * may name more than was written, so nothing need be undone in them.
   */
  readonly #touched = {
    /** Holds only jobs whose name is not the stored one. */
    jobsByName: new Touched<string>(),
    runs: new Touched<string>(),
    dates: new Touched<string>(),
    incidents: new Touched<string | null>(),
    deliveries: new Touched<string | null>(),
  };
  #undo: (() => void)[] = [];

  constructor(tables: Tables) {
    this.tables = tables;
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
    if (this.tables.jobById(job.id)?.name !== job.name) this.#touched.jobsByName.add(job.name, job.id);
    this.put('jobs', job.id, job);
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
      this.put('incidents', incident.id, null);
    for (const deliveryId of [...this.tables.outbox.idsOf(id), ...(this.#touched.deliveries.of(id) ?? [])])
      this.put('deliveries', deliveryId, null);
    this.put('jobs', id, null);
  }

  deleteRun(run: Row): void {
    this.#touched.runs.add(run.job_id, run.id);
    this.put('runs', run.id, null);
    this.put('outputs', run.id, null);
  }

  deleteDay(jobId: string, date: string): void {
    this.put('days', dayId(jobId, date), null);
  }

  day(jobId: string, date: string): Day | undefined {
    return this.#read('days', dayId(jobId, date), this.tables.days.get(jobId, date));
  }

  job(id: string): Job | undefined {
    return this.#read('jobs', id, this.tables.jobById(id));
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
    const jobs = new Map<string, Job>();
    for (const job of this.tables.jobs()) jobs.set(job.id, job);
    for (const [id, job] of this.#written.jobs ?? []) {
      if (job === null) jobs.delete(id);
      else jobs.set(id, job);
    }
    return [...jobs.values()];
  }

  run(id: string): Row | undefined {
    return this.#read('runs', id, this.tables.runs.get(id));
  }

  runsOf(jobId: string): Runs {
    const stored = this.tables.runs.of(jobId);
    const touched = this.#touched.runs.of(jobId);
    if (touched === undefined) return stored;
    const changes = new Map<string, Row | null>();
    for (const id of touched) {
      const written = this.#written.runs?.get(id);
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

  #read<T extends TableName>(table: T, id: string, stored: Records[T] | undefined): Records[T] | undefined {
    const written = this.#written[table]?.get(id);
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
      runs: () => this.tables.runs.get(id) !== undefined,
      days: () => this.tables.days.has(id),
      incidents: () => this.tables.incident(id) !== undefined,
      deliveries: () => this.tables.outbox.get(id) !== undefined,
      outputs: () => this.tables.outputRef(id) !== undefined,
      meta: () => this.tables.hasMeta(id),
    };
    return stored[table]();
  }
}

/** Runs `fn` as one transaction on the overlay. Its writes stay only if it returns. */
export function runTransaction<T>(overlay: Overlay, scope: Scope, fn: (tx: Tx) => T): T {
  const tx = new OverlayTx(overlay, scope);
  try {
    return overlay.attempt(() => {
      const result = fn(tx);
      // A promise would go on writing after the commit, which can only be a mistake in the caller.
      if (result instanceof Promise) throw new TypeError('A transaction must be synchronous.');
      return result;
    });
  } finally {
    tx.end();
  }
}

/**
 * The view of one transaction. Reading a record that the scope does not cover throws. These tables could return it, but
 * in PostgreSQL the row would be neither loaded nor locked.
 */
class OverlayTx implements Tx {
  readonly #overlay: Overlay;
  readonly #all: boolean;
  readonly #names: readonly string[];
  /** The ids of the jobs that the transaction may use: those in scope and those that it made. */
  readonly #jobIds: Set<string>;
  /** The ids in scope and those that were put; the set is made when there are any. */
  #deliveryIds: Set<string> | undefined;
  #incidentIds: Set<string> | undefined;
  #ended = false;

  constructor(overlay: Overlay, scope: Scope) {
    this.#overlay = overlay;
    this.#all = scope.all ?? false;
    this.#names = scope.names ?? [];
    this.#jobIds = new Set(scope.ids);
    if (scope.delivery_ids !== undefined) this.#deliveryIds = new Set(scope.delivery_ids);
    if (scope.incident_ids !== undefined) this.#incidentIds = new Set(scope.incident_ids);
    for (const name of this.#names) {
      const job = overlay.jobByName(name);
      if (job !== undefined) this.#jobIds.add(job.id);
    }
  }

  end(): void {
    this.#ended = true;
  }

  jobByName(name: string): Job | undefined {
    const job = this.#view().jobByName(name);
    this.#covers(this.#all || this.#names.includes(name) || this.#hasJob(job?.id), 'the job name', name);
    return job;
  }

  jobById(id: string): Job | undefined {
    this.#coversJob(id);
    return this.#view().job(id);
  }

  jobs(): Job[] {
    this.#covers(this.#all, 'all', 'jobs');
    return this.#view().jobs();
  }

  runsOf(jobId: string): Runs {
    this.#coversJob(jobId);
    const overlay = this.#view();
    const job = overlay.job(jobId);
    const keepRuns = job === undefined ? 0 : keepRunsOf(job.declaration);
    return recentRuns(overlay.runsOf(jobId), keepRuns);
  }

  openIncidentOf(jobId: string): JobIncident | undefined {
    this.#coversJob(jobId);
    return this.#view().openIncidentsOf(jobId).at(-1);
  }

  incident(id: string): Incident | undefined {
    const incident = this.#view().incident(id);
    const jobId = incident === undefined ? undefined : jobIdOf(incident);
    const covered = this.#all || this.#incidentIds?.has(id) || jobId === null || this.#hasJob(jobId);
    this.#covers(covered, 'the incident', id);
    return incident;
  }

  openSystemIncidents(): SystemIncident[] {
    return this.#view().openSystemIncidents();
  }

  delivery(id: string): Delivery | undefined {
    this.#coversDelivery(id);
    return this.#view().delivery(id);
  }

  meta(key: string): MetaValue {
    return this.#view().meta(key);
  }

  putJob(job: Job): void {
    const overlay = this.#view();
    if (overlay.job(job.id) !== undefined) this.#coversJob(job.id);
    overlay.putJob(job);
    this.#jobIds.add(job.id);
  }

  deleteJob(id: string): void {
    this.#coversJob(id);
    this.#view().deleteJob(id);
  }

  putRun(run: Row): void {
    this.#needsJob(run.job_id, 'the run', run.id);
    this.#view().putRun(run);
  }

  deleteRun(id: string): void {
    const run = this.#view().run(id);
    if (run === undefined) return;
    this.#coversJob(run.job_id);
    this.#view().deleteRun(run);
  }

  tally(jobId: string, tallies: readonly Tally[]): void {
    this.#needsJob(jobId, 'the daily figures of', jobId);
    const overlay = this.#view();
    const days = new Map<string, Day>();
    for (const tally of tallies) {
      const day = days.get(tally.date) ?? overlay.day(jobId, tally.date);
      days.set(tally.date, tallied(day, jobId, tally));
    }
    for (const day of days.values()) {
      if (isEmptyDay(day)) overlay.deleteDay(jobId, day.date);
      else overlay.putDay(day);
    }
  }

  deleteDay(jobId: string, date: string): void {
    this.#coversJob(jobId);
    this.#view().deleteDay(jobId, date);
  }

  putIncident(incident: Incident): void {
    if (incident.kind === 'job' && !this.#incidentIds?.has(incident.id))
      this.#needsJob(incident.job_id, 'the incident', incident.id);
    this.#incidentIds = (this.#incidentIds ?? new Set()).add(incident.id);
    this.#view().putIncident(incident);
  }

  deleteIncident(id: string): void {
    if (this.incident(id) !== undefined) this.#view().put('incidents', id, null);
  }

  putDelivery(delivery: Delivery): void {
    if (delivery.job_id !== null && !this.#deliveryIds?.has(delivery.id))
      this.#needsJob(delivery.job_id, 'the delivery', delivery.id);
    this.#deliveryIds = (this.#deliveryIds ?? new Set()).add(delivery.id);
    this.#view().putDelivery(delivery);
  }

  deleteDelivery(id: string): void {
    this.#coversDelivery(id);
    this.#view().put('deliveries', id, null);
  }

  putOutput(jobId: string, runId: string, output: Output): void {
    this.#needsJob(jobId, 'the output of', runId);
    this.#view().putOutput(outputRefOf(jobId, runId, output), output.text);
  }

  putMeta(key: string, value: MetaValue): void {
    this.#view().put('meta', key, value === undefined ? null : { key, value });
  }

  logEvent(jobId: string, event: LoggedEvent): void {
    this.#view().logEvent(jobId, event);
  }

  attempt<T>(fn: () => T): T {
    return this.#view().attempt(fn);
  }

  #view(): Overlay {
    if (this.#ended) throw new Error('The transaction has ended; its view must not be kept.');
    return this.#overlay;
  }

  #hasJob(id: string | null | undefined): boolean {
    return id !== null && id !== undefined && this.#jobIds.has(id);
  }

  #coversJob(id: string): void {
    this.#covers(this.#all || this.#jobIds.has(id), 'the job', id);
  }

  #coversDelivery(id: string): void {
    const jobId = this.#view().delivery(id)?.job_id;
    this.#covers(this.#all || this.#deliveryIds?.has(id) || this.#hasJob(jobId), 'the delivery', id);
  }

  /** Throws unless the job is there, because a record that belongs to a job can be put only then. */
  #needsJob(jobId: string, what: string, id: string): void {
    this.#coversJob(jobId);
    if (this.#view().job(jobId) === undefined)
      throw new Error(`No job "${jobId}" to put ${what} "${id}" in.`);
  }

  #covers(covered: boolean | undefined, what: string, id: string): void {
    if (!covered) throw new Error(`The transaction's scope does not cover ${what} "${id}".`);
  }
}
