import type { AuditRecord } from '../../core/model/audit.ts';
import { type Day, isEmptyDay, type Tally, tallied } from '../../core/model/daily.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { LoggedEvent } from '../../core/model/event.ts';
import { LIMITS } from '../../core/model/limits.ts';
import type {
  Delivery,
  Incident,
  Job,
  JobIncident,
  JobState,
  Row,
  SystemIncident,
} from '../../core/model/records.ts';
import { recentRuns, type Runs } from '../../core/model/runs.ts';
import { keepRunsOf } from '../../core/model/spec.ts';
import type { MetaValue, Output, RunsNeeded, Scope, Tx, View } from '../store.ts';
import { outputRefOf } from './changes.ts';
import { LoadedRuns } from './loaded-runs.ts';
import type { Overlay } from './overlay.ts';
import { jobIdOf } from './tables.ts';

/**
 * The records that a scope names. Reading any other throws. These tables could return it, but a store that is shared
 * would have neither loaded nor locked it.
 */
export class ScopedView implements View {
  readonly #overlay: Overlay;
  readonly #scope: Scope;
  readonly #names: ReadonlySet<string>;
  /** The ids in scope, with those of the jobs in `names` and `due` and of jobs that were made. */
  readonly #jobIds: Set<string>;
  readonly #due: readonly string[];
  /** The ids in scope and those that were put. The sets are made when there are any. */
  #deliveryIds: Set<string> | undefined;
  #incidentIds: Set<string> | undefined;
  /** What of the history is loaded; null where all of it is at hand. */
  readonly #needed: RunsNeeded | null;
  #ended = false;
  /** Says that the function asked for more of the history than was loaded. */
  lacks = false;

  /**
   * @param needed what of the history is loaded; null where all of it is at hand
   * @throws CronflowError `lease_lost`
   */
  constructor(overlay: Overlay, scope: Scope, needed: RunsNeeded | null) {
    this.#overlay = overlay;
    this.#scope = scope;
    this.#needed = needed;
    this.#names = new Set(scope.names);
    this.#due = scope.due === undefined ? [] : overlay.dueJobIds(scope.due);
    this.#jobIds = new Set(scope.ids);
    for (const id of this.#due) this.#jobIds.add(id);
    if (scope.delivery_ids !== undefined) this.#deliveryIds = new Set(scope.delivery_ids);
    if (scope.incident_ids !== undefined) this.#incidentIds = new Set(scope.incident_ids);
    for (const name of this.#names) {
      const job = overlay.jobByName(name);
      if (job !== undefined) this.#jobIds.add(job.id);
    }
    if (scope.lane === undefined || overlay.tables.outbox.holds(scope.lane)) return;
    const detail = `Another instance sends the messages to "${scope.lane.notifier}" now.`;
    throw new CronflowError('lease_lost', detail);
  }

  end(): void {
    this.#ended = true;
  }

  jobByName(name: string): Job | undefined {
    const job = this.records().jobByName(name);
    this.covers(this.isAll || this.#names.has(name) || this.hasJob(job?.id), 'the job name', name);
    return job;
  }

  jobById(id: string): Job | undefined {
    this.coversJob(id);
    return this.records().job(id);
  }

  jobs(): Job[] {
    this.covers(this.isAll, 'all', 'jobs');
    return this.records().jobs();
  }

  due(): readonly string[] {
    this.covers(this.#scope.due !== undefined, 'what is', 'due');
    return this.#due;
  }

  runsOf(jobId: string): Runs {
    this.coversJob(jobId);
    const overlay = this.records();
    const job = overlay.job(jobId);
    const keepRuns = job === undefined ? 0 : keepRunsOf(job.declaration);
    // The commit trims the history. So what is stored is recent as long as nothing was added to it.
    const isTrimmed = keepRuns <= LIMITS.recentRunsMax && !overlay.hasWrittenRunsOf(jobId);
    const runs = overlay.runsOf(jobId, (stored) => this.#loaded(jobId, stored));
    return recentRuns(runs, keepRuns, (row) => isTrimmed || overlay.hasWrittenRun(row.id));
  }

  openIncidentOf(jobId: string): JobIncident | undefined {
    this.coversJob(jobId);
    return this.records().openIncidentsOf(jobId).at(-1);
  }

  incident(id: string): Incident | undefined {
    const incident = this.records().incident(id);
    this.covers(this.#coversIncident(id, incident), 'the incident', id);
    return incident;
  }

  openSystemIncidents(): SystemIncident[] {
    this.covers(this.coversSystem, 'system', 'incidents');
    return this.records().openSystemIncidents();
  }

  delivery(id: string): Delivery | undefined {
    this.coversDelivery(id);
    return this.records().delivery(id);
  }

  meta(key: string): MetaValue {
    this.coversMeta(key);
    return this.records().meta(key);
  }

  /**
   * Returns the records, whatever the scope is.
   * @throws Error once the transaction has ended
   */
  protected records(): Overlay {
    if (this.#ended) throw new Error('The transaction has ended; its view must not be kept.');
    return this.#overlay;
  }

  protected get isAll(): boolean {
    return this.#scope.all ?? false;
  }

  protected get coversSystem(): boolean {
    return this.isAll || (this.#scope.system_incidents ?? false);
  }

  protected hasJob(id: string | null | undefined): boolean {
    return id !== null && id !== undefined && this.#jobIds.has(id);
  }

  protected hasDelivery(id: string): boolean {
    return this.#deliveryIds?.has(id) ?? false;
  }

  protected hasIncident(id: string): boolean {
    return this.#incidentIds?.has(id) ?? false;
  }

  /** Makes the records that a transaction puts a part of what it may use. */
  protected cover({ job, delivery, incident }: { job?: string; delivery?: string; incident?: string }): void {
    if (job !== undefined) this.#jobIds.add(job);
    if (delivery !== undefined) this.#deliveryIds = (this.#deliveryIds ?? new Set()).add(delivery);
    if (incident !== undefined) this.#incidentIds = (this.#incidentIds ?? new Set()).add(incident);
  }

  protected coversJob(id: string): void {
    this.covers(this.isAll || this.#jobIds.has(id), 'the job', id);
  }

  protected coversDelivery(id: string): void {
    const jobId = this.records().delivery(id)?.job_id;
    this.covers(this.isAll || this.hasDelivery(id) || this.hasJob(jobId), 'the delivery', id);
  }

  protected coversMeta(key: string): void {
    this.covers(this.isAll || (this.#scope.meta?.includes(key) ?? false), 'the meta key', key);
  }

  protected coversAudit(id: string): void {
    this.covers(this.isAll || (this.#scope.audit_ids?.includes(id) ?? false), 'the entry of the audit', id);
  }

  protected covers(covered: boolean, what: string, id: string): void {
    if (!covered) throw new Error(`The transaction's scope does not cover ${what} "${id}".`);
  }

  #coversIncident(id: string, incident: Incident | undefined): boolean {
    if (this.isAll || this.hasIncident(id)) return true;
    if (incident === undefined) return false;
    const jobId = jobIdOf(incident);
    if (jobId !== null) return this.hasJob(jobId);
    // One that is open may have been opened by a transaction before, and one that is stored open closed by this one.
    const isOpen = incident.closed_at === null || this.#overlay.tables.incident(id)?.closed_at === null;
    return this.coversSystem && isOpen;
  }

  #loaded(jobId: string, stored: Runs): Runs {
    if (this.#needed === null || this.#needed.recent === true || this.#needed.unknown === true) return stored;
    return new LoadedRuns(stored, {
      jobId,
      runCount: this.#overlay.tables.jobById(jobId)?.state.run_count ?? 0,
      rids: new Set(this.#needed.rids),
      lack: () => {
        this.lacks = true;
        throw new Error(`The history of the job "${jobId}" was not loaded; the transaction runs again.`);
      },
    });
  }
}

/** The view of a transaction, which also writes. */
export class ScopedTx extends ScopedView implements Tx {
  putJob(job: Job): void {
    const overlay = this.records();
    if (overlay.job(job.id) !== undefined) this.coversJob(job.id);
    overlay.putJob(job);
    this.cover({ job: job.id });
  }

  putState(jobId: string, state: JobState): void {
    this.#needsJob(jobId, 'the state of', jobId);
    this.records().putState(jobId, state);
  }

  deleteJob(id: string): void {
    this.coversJob(id);
    this.records().deleteJob(id);
  }

  putRun(run: Row): void {
    this.#needsJob(run.job_id, 'the run', run.id);
    this.records().putRun(run);
  }

  deleteRun(id: string): void {
    const run = this.records().run(id);
    if (run === undefined) return;
    this.coversJob(run.job_id);
    this.records().deleteRun(run);
  }

  tally(jobId: string, tallies: readonly Tally[]): void {
    this.#needsJob(jobId, 'the daily figures of', jobId);
    const overlay = this.records();
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
    this.coversJob(jobId);
    this.records().deleteDay(jobId, date);
  }

  putIncident(incident: Incident): void {
    if (!this.hasIncident(incident.id)) {
      if (incident.kind === 'job') this.#needsJob(incident.job_id, 'the incident', incident.id);
      else this.covers(this.coversSystem, 'the incident', incident.id);
    }
    this.cover({ incident: incident.id });
    this.records().putIncident(incident);
  }

  deleteIncident(id: string): void {
    const incident = this.incident(id);
    if (incident !== undefined) this.records().deleteIncident(incident);
  }

  putDelivery(delivery: Delivery): void {
    if (!this.hasDelivery(delivery.id)) {
      if (delivery.job_id !== null) this.#needsJob(delivery.job_id, 'the delivery', delivery.id);
      else this.covers(this.coversSystem, 'the delivery', delivery.id);
    }
    this.cover({ delivery: delivery.id });
    this.records().putDelivery(delivery);
  }

  deleteDelivery(id: string): void {
    this.coversDelivery(id);
    this.records().put('deliveries', id, null);
  }

  putOutput(jobId: string, runId: string, output: Output): void {
    this.#needsJob(jobId, 'the output of', runId);
    this.records().putOutput(outputRefOf(jobId, runId, output), output.text);
  }

  putAudit(record: AuditRecord): void {
    this.records().putAudit(record);
  }

  deleteAudit(id: string): void {
    this.coversAudit(id);
    this.records().put('audit', id, null);
  }

  putMeta(key: string, value: MetaValue): void {
    this.coversMeta(key);
    this.records().put('meta', key, value === undefined ? null : { key, value });
  }

  logEvent(jobId: string, event: LoggedEvent): void {
    this.coversJob(jobId);
    this.records().logEvent(jobId, event);
  }

  attempt<T>(fn: () => T): T {
    return this.records().attempt(fn);
  }

  /** Throws unless the job is there, because a record that belongs to a job can be put only then. */
  #needsJob(jobId: string, what: string, id: string): void {
    this.coversJob(jobId);
    if (this.records().job(jobId) === undefined)
      throw new Error(`No job "${jobId}" to put ${what} "${id}" in.`);
  }
}
