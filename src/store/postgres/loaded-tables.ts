import type { Day } from '../../core/model/daily.ts';
import type {
  Delivery,
  Incident,
  Job,
  JobIncident,
  PingedRow,
  Row,
  Run,
  SystemIncident,
} from '../../core/model/records.ts';
import { jobIdIn, rowIdOf, rowNumberOf } from '../../core/model/rows.ts';
import { NO_RUNS, type Runs } from '../../core/model/runs.ts';
import type { OutputRef } from '../local/changes.ts';
import { AuditTable } from '../local/audit.ts';
import { DayTable } from '../local/days.ts';
import { Outbox } from '../local/outbox.ts';
import { RunTable } from '../local/runs.ts';
import { Tables, type TableOptions } from '../local/tables.ts';
import type { Need } from './need.ts';
import type { Noted } from './noted.ts';
import { Lack } from './need.ts';

/** A part of the records of the store, and which part that is. */
class Coverage {
  /** True while transactions ask. What the tables ask themselves is no lack. */
  isAsked = false;
  lack = new Lack();
  readonly need: Need;
  /** Names that no job has. */
  readonly names = new Set<string>();
  readonly incidentIds: Set<string>;
  readonly deliveryIds: Set<string>;
  /** The jobs of which the runs that ended last are loaded, the latest days, all days, or everything. */
  readonly recent = new Set<string>();
  readonly latestDays = new Set<string>();
  readonly days = new Set<string>();
  readonly whole = new Set<string>();
  isRecentOfAll: boolean;
  /** Says that the open runs, the newest rows and days and the open incidents are loaded of every job that is. */
  hasHeads: boolean;
  hasLatestDaysOfAll = false;

  constructor(need: Need) {
    this.need = need;
    this.incidentIds = new Set(need.incident_ids);
    this.deliveryIds = new Set(need.delivery_ids);
    this.hasHeads = !need.all;
    this.isRecentOfAll = (need.recent || need.unknown) && !need.all;
  }

  /**
   * Ends the transaction, which runs again once more is loaded.
   * @param note says what is needed
   */
  lacks(note: (lack: Lack) => void): never {
    note(this.lack);
    throw new Error('A record was not loaded; the transaction runs again.');
  }

  /** Tells whether the newest row of a run id was loaded with its job. */
  hasRid(jobId: string, rid: string): boolean {
    return this.need.ridsOfIds.get(jobId)?.has(rid) === true;
  }

  hasLatestDays(jobId: string): boolean {
    return this.hasLatestDaysOfAll || this.latestDays.has(jobId);
  }

  hasRecent(jobId: string): boolean {
    return this.isRecentOfAll || this.recent.has(jobId) || this.whole.has(jobId);
  }
}

/**
 * The tables of one batch: the records that its transactions named, loaded from the database and locked there. A
 * question about any other record ends the transaction that asks, and notes what is to be loaded.
 */
export class LoadedTables extends Tables {
  readonly #coverage: Coverage;
  override readonly runs: LoadedRunTable;
  override readonly days: LoadedDays;
  override readonly outbox: LoadedOutbox;
  override readonly audit = new LoadedAudit();
  /** Maps each meta key that was loaded to its version. */
  readonly metaVersions = new Map<string, number>();
  /** Maps each job to the instant of its records that the log has last; see `bases`. */
  readonly basedAt = new Map<string, number | null>();
  /** Maps each job of which it is known to what is noted of its history. */
  readonly noted = new Map<string, Noted>();

  constructor(need: Need, options: TableOptions) {
    super(options);
    this.#coverage = new Coverage(need);
    const jobOf = (id: string): Job | undefined => super.jobById(id);
    this.runs = new LoadedRunTable(this.#coverage, jobOf);
    this.days = new LoadedDays(this.#coverage, jobOf);
    this.outbox = new LoadedOutbox(this.#coverage);
  }

  get coverage(): Coverage {
    return this.#coverage;
  }

  /**
   * Runs a transaction on the tables.
   * @returns what it needs besides; null where it had everything
   */
  asked<T>(run: () => T): { lack: Lack } | { result: T } {
    const { lack } = this.#coverage;
    this.#coverage.isAsked = true;
    try {
      const result = run();
      if (lack.isEmpty) return { result };
    } catch (error) {
      // The function may have caught the error which said that something lacks, and thrown another one.
      if (lack.isEmpty) throw error;
    } finally {
      this.#coverage.isAsked = false;
      if (!lack.isEmpty) this.#coverage.lack = new Lack();
    }
    return { lack };
  }

  /** Tells whether the open runs of a job are loaded, all of them, as they are of one that is not stored yet. */
  hasHeadsOf(jobId: string): boolean {
    const { hasHeads, whole } = this.#coverage;
    return hasHeads || whole.has(jobId) || super.jobById(jobId) === undefined;
  }

  /** Returns the highest number that a stored row of a job has or had, whose open runs and newest row are loaded. */
  newestNumberOf(jobId: string): number {
    const count = super.jobById(jobId)?.state.run_count ?? 0;
    return Math.max(count, this.runs.newestNumberOf(jobId));
  }

  override jobByName(name: string): Job | undefined {
    const job = super.jobByName(name);
    const { isAsked, need, names } = this.#coverage;
    if (job !== undefined || !isAsked || need.all || names.has(name)) return job;
    return this.#coverage.lacks((lack) => lack.names.add(name));
  }

  override incident(id: string): Incident | undefined {
    const incident = super.incident(id);
    const { isAsked, incidentIds } = this.#coverage;
    if (incident !== undefined || !isAsked || incidentIds.has(id) || this.#isNewIncident(id)) return incident;
    return this.#coverage.lacks((lack) => lack.incident_ids.add(id));
  }

  override incidents(filter: { job_id?: string; open?: boolean } = {}): Incident[] {
    this.#needsWhole(filter.job_id);
    return super.incidents(filter);
  }

  override openIncidentsOf(jobId: string): JobIncident[] {
    if (this.#coverage.isAsked && !this.#coverage.hasHeads && super.jobById(jobId) !== undefined)
      this.#coverage.lacks((lack) => (lack.heads = true));
    return super.openIncidentsOf(jobId);
  }

  override openSystemIncidents(): SystemIncident[] {
    if (this.#coverage.isAsked && !this.#coverage.hasHeads)
      this.#coverage.lacks((lack) => (lack.heads = true));
    return super.openSystemIncidents();
  }

  /** Nobody asks whether there is an output but to delete it, and then it costs nothing if there is none. */
  override outputRef(runId: string): OutputRef | undefined {
    return { job_id: '', run_id: runId, bytes: 0, dropped_bytes: 0 };
  }

  #needsWhole(jobId: string | undefined): void {
    const { isAsked, whole } = this.#coverage;
    if (!isAsked || jobId === undefined || whole.has(jobId) || super.jobById(jobId) === undefined) return;
    this.#coverage.lacks((lack) => lack.whole.add(jobId));
  }

  /** Tells whether an id is that of an incident that is being made, since the job counts its incidents. */
  #isNewIncident(id: string): boolean {
    const [, jobId, count] = /^(.*)-i(\d+)$/s.exec(id) ?? [];
    const job = jobId === undefined ? undefined : super.jobById(jobId);
    return job !== undefined && Number(count) > job.state.incident_count;
  }
}

type JobOf = (id: string) => Job | undefined;

class LoadedRunTable extends RunTable {
  readonly #coverage: Coverage;
  readonly #jobOf: JobOf;

  constructor(coverage: Coverage, jobOf: JobOf) {
    super();
    this.#coverage = coverage;
    this.#jobOf = jobOf;
  }

  override get(id: string): Row | undefined {
    const row = super.get(id);
    if (row !== undefined || !this.#coverage.isAsked) return row;
    const jobId = jobIdIn(id);
    const { need, whole } = this.#coverage;
    const isKnown = need.all || need.ids.has(jobId);
    if (whole.has(jobId) || (isKnown && this.#jobOf(jobId) === undefined)) return undefined;
    // The row may belong to a job that the scope does not name, which the transaction has to be told.
    return this.#coverage.lacks((lack) => lack.whole.add(jobId));
  }

  /** Says yes of any row, because it costs nothing to delete one that there is not. */
  override has(): boolean {
    return true;
  }

  /** Returns the highest number of a row that is loaded; 0 for none. */
  newestNumberOf(jobId: string): number {
    return super.of(jobId).all().at(-1)?.number ?? 0;
  }

  override of(jobId: string): Runs {
    const runs = super.of(jobId);
    if (!this.#coverage.isAsked) return runs;
    const job = this.#jobOf(jobId);
    // A job that is not stored has no rows.
    if (job === undefined) return NO_RUNS;
    return this.#coverage.whole.has(jobId) ? runs : new PartOfRuns(runs, job, this.#coverage);
  }
}

/** The runs of a job as far as they are loaded. */
class PartOfRuns implements Runs {
  readonly #runs: Runs;
  readonly #job: Job;
  readonly #coverage: Coverage;

  constructor(runs: Runs, job: Job, coverage: Coverage) {
    this.#runs = runs;
    this.#job = job;
    this.#coverage = coverage;
  }

  get(id: string): Row | undefined {
    const row = this.#runs.get(id);
    if (row !== undefined) return row;
    const { id: jobId, state } = this.#job;
    // A number that no row had yet is that of a row which is being made, and rows are counted from 1.
    if (id === rowIdOf(jobId, 0) || (rowNumberOf(jobId, id) ?? 0) > state.run_count) return undefined;
    this.#needsRecent();
    return undefined;
  }

  ofRid(rid: string): PingedRow | undefined {
    if (!this.#coverage.hasRid(this.#job.id, rid)) this.#needsRecent();
    return this.#runs.ofRid(rid);
  }

  anonymous(): PingedRow | undefined {
    this.#needsHeads();
    return this.#runs.anonymous();
  }

  open(): readonly Run[] {
    this.#needsHeads();
    return this.#runs.open();
  }

  ended(): readonly Row[] {
    this.#needsRecent();
    return this.#runs.ended();
  }

  all(): readonly Row[] {
    this.#needsRecent();
    return this.#runs.all();
  }

  #needsHeads(): void {
    if (!this.#coverage.hasHeads && !this.#coverage.whole.has(this.#job.id))
      this.#coverage.lacks((lack) => (lack.heads = true));
  }

  #needsRecent(): void {
    this.#needsHeads();
    if (!this.#isAllLoaded() && !this.#coverage.hasRecent(this.#job.id))
      this.#coverage.lacks((lack) => lack.recent.add(this.#job.id));
  }

  /**
   * Tells whether the open runs and the newest row are all rows that there are, as they are at the first end of a job,
   * which looks at its history.
   */
  #isAllLoaded(): boolean {
    const rows = this.#runs.all();
    const newest = rows.at(-1)?.number ?? 0;
    return rows.length === newest && this.#job.state.run_count <= newest;
  }
}

class LoadedDays extends DayTable {
  readonly #coverage: Coverage;
  readonly #jobOf: JobOf;

  constructor(coverage: Coverage, jobOf: JobOf) {
    super();
    this.#coverage = coverage;
    this.#jobOf = jobOf;
  }

  /** The two latest days are loaded of each job that may have an end. Where there are two, older ones may be stored, too. */
  override get(jobId: string, date: string): Day | undefined {
    const loaded = super.of(jobId);
    const day = loaded.findLast((each) => each.date === date);
    if (day !== undefined || !this.#coverage.isAsked || this.#jobOf(jobId) === undefined) return day;
    if (this.#isWhole(jobId)) return undefined;
    if (!this.#coverage.hasHeads) return this.#coverage.lacks((lack) => (lack.heads = true));
    if (!this.#coverage.hasLatestDays(jobId))
      return this.#coverage.lacks((lack) => lack.latest_days.add(jobId));
    if (loaded.length < 2 || loaded[0]!.date < date) return undefined;
    return this.#coverage.lacks((lack) => lack.days.add(jobId));
  }

  override of(jobId: string): readonly Day[] {
    if (this.#coverage.isAsked && this.#jobOf(jobId) !== undefined && !this.#coverage.whole.has(jobId))
      this.#coverage.lacks((lack) => lack.whole.add(jobId));
    return super.of(jobId);
  }

  /** Says yes of any day, because it costs nothing to delete one that there is not. */
  override has(): boolean {
    return true;
  }

  #isWhole(jobId: string): boolean {
    return this.#coverage.days.has(jobId) || this.#coverage.whole.has(jobId);
  }
}

class LoadedOutbox extends Outbox {
  readonly #coverage: Coverage;

  constructor(coverage: Coverage) {
    super();
    this.#coverage = coverage;
  }

  override get(id: string): Delivery | undefined {
    const delivery = super.get(id);
    const { isAsked, deliveryIds } = this.#coverage;
    if (delivery !== undefined || !isAsked || deliveryIds.has(id)) return delivery;
    return this.#coverage.lacks((lack) => lack.delivery_ids.add(id));
  }

  override idsOf(jobId: string): Iterable<string> {
    if (this.#coverage.isAsked && !this.#coverage.whole.has(jobId))
      this.#coverage.lacks((lack) => lack.whole.add(jobId));
    return super.idsOf(jobId);
  }
}

class LoadedAudit extends AuditTable {
  /** Says yes of any entry, because it costs nothing to delete one that there is not. */
  override has(): boolean {
    return true;
  }
}
