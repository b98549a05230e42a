import { AUDIT_RECORDS_MAX, type AuditRecord } from '../../core/model/audit.ts';
import { countWhere } from '../../core/model/ordered.ts';
import type { Status } from '../../core/model/reasons.ts';
import type { Incident, Job, JobIncident, JobState, SystemIncident } from '../../core/model/records.ts';
import { isOf } from '../../core/model/job-choice.ts';
import { jobOf } from '../../core/model/job-shape.ts';
import { keepRunsOf } from '../../core/model/spec.ts';
import type { AllRunsFilter, JobFilter, MetaValue, Page, RunsStretch } from '../store.ts';
import { AuditTable } from './audit.ts';
import type { Changes, LivedState, OutputRef, Records, TableName } from './changes.ts';
import { DayTable } from './days.ts';
import { Heap } from './heap.ts';
import type { JobHistory } from './job-history.ts';
import { mergedRows } from './merged-rows.ts';
import { Outbox } from './outbox.ts';
import { type PackedHistory, RunTable } from './runs.ts';

export interface TableOptions {
  /** Deep-freezes every record, so that a mutation of a record that was read throws. */
  freeze?: boolean;
  /** The disk that all outputs together may take, in bytes; beyond it the oldest are dropped. */
  outputBytesMax?: number;
}

/**
 * The statuses whose jobs are found without a look at all jobs. Those of healthy jobs are not among them: nearly every
 * job has one of them, and a start and an end that change it twice should cost nothing here.
 */
const WATCHED: ReadonlySet<Status> = new Set(['failure', 'missed', 'timeout', 'paused']);

/** A record of a table, as a snapshot has it. */
export type SnapshotRecord = { [T in TableName]: { table: T; record: Records[T] } }[TableName];

/** A file system gives whole blocks, so an output in a file of its own takes a multiple of this on disk. */
const OUTPUT_BLOCK_BYTES = 4096;

/**
 * All records of a store, in memory, with the indexes that its reads need. Records are immutable and a change replaces
 * them, so a reference once read stays as it was. `apply` is deterministic: the same changes give the same tables,
 * trimmed history included.
 */
export class Tables {
  readonly outbox = new Outbox();
  readonly runs = new RunTable();
  readonly days = new DayTable();
  readonly audit = new AuditTable();
  readonly #options: TableOptions;
  readonly #jobs = new Map<string, Job>();
  /** Maps each name to its job; removed jobs keep their names. */
  readonly #jobIdByName = new Map<string, string>();
  readonly #due = new Heap();
  /** Maps each status of `WATCHED` to its jobs, also removed ones. */
  readonly #idsByStatus = new Map<Status, Set<string>>();
  /** Jobs that are not removed, ordered by name; null when the list must be sorted anew. */
  #listed: string[] | null = null;
  /** `order` counts incidents in the order in which they were first put. */
  readonly #incidents = new Map<string, { incident: Incident; order: number }>();
  #incidentCount = 0;
  /** Incidents of Cronflow itself have the key null. */
  readonly #incidentIdsByJob = new Map<string | null, Set<string>>();
  readonly #openIncidentIds = new Map<string | null, Set<string>>();
  /** Holds the outputs, oldest first. */
  readonly #outputs = new Map<string, OutputRef>();
  #outputBytes = 0;
  readonly #meta = new Map<string, MetaValue>();

  constructor(options: TableOptions = {}) {
    this.#options = options;
  }

  /**
   * Applies one commit: its deletions, its puts, and then their consequences, which are that old runs and outputs are
   * dropped.
   * @returns the outputs that no record refers to any more
   */
  apply(changes: Changes): OutputRef[] {
    if (this.#options.freeze) deepFreeze(changes.put);
    const { put, del } = changes;
    const dropped: OutputRef[] = [];
    for (const id of del.outputs ?? []) this.#dropOutput(id, dropped);
    for (const id of del.deliveries ?? []) this.outbox.delete(id);
    for (const id of del.incidents ?? []) this.#deleteIncident(id);
    for (const id of del.runs ?? []) this.#deleteRun(id, dropped);
    for (const id of del.days ?? []) this.days.delete(id);
    for (const id of del.jobs ?? []) this.#deleteJob(id);
    for (const id of del.audit ?? []) this.audit.delete(id);
    for (const key of del.meta ?? []) this.#meta.delete(key);
    if (put.jobs !== undefined) this.#putJobs(put.jobs, put.states);
    for (const { job_id, state } of put.states ?? []) this.#putState(job_id, state);
    for (const run of put.runs ?? []) this.runs.put(run);
    for (const day of put.days ?? []) this.days.put(day);
    for (const incident of put.incidents ?? []) this.#putIncident(incident);
    for (const delivery of put.deliveries ?? []) this.outbox.put(delivery);
    for (const output of put.outputs ?? []) this.#putOutput(output, dropped);
    if (put.audit !== undefined) this.#putAudit(put.audit);
    for (const { key, value } of put.meta ?? []) this.#meta.set(key, value);
    this.#trim(changes, dropped);
    return dropped;
  }

  /** Returns the job, also if it is removed. */
  jobById(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Returns the job, also if it is removed. */
  jobByName(name: string): Job | undefined {
    return this.#jobs.get(this.#jobIdByName.get(name) ?? '');
  }

  /** Lists all jobs, also removed ones, in the order in which they were first put. */
  jobs(): Iterable<Job> {
    return this.#jobs.values();
  }

  listJobs(filter: JobFilter): Page<Job> {
    const { skip, limit, after, ...selecting } = filter;
    if (Object.keys(selecting).length === 0) {
      const listed = this.#byName();
      const from = (after === undefined ? 0 : this.#indexAfter(listed, after)) + skip;
      const ids = listed.slice(from, from + limit);
      return { items: ids.map((id) => this.#jobs.get(id)!), total: listed.length };
    }
    const matches = matcher(filter, this.#openIncidentIds);
    const troubled = this.#troubled(filter);
    if (troubled !== null) {
      const found = troubled.filter(matches);
      const rest = after === undefined ? found : found.filter((job) => job.name > after);
      return { items: firstByName(rest, skip + limit).slice(skip), total: found.length };
    }
    const items: Job[] = [];
    let total = 0;
    let before = 0;
    for (const id of this.#byName()) {
      const job = this.#jobs.get(id)!;
      if (!matches(job)) continue;
      total += 1;
      if (after !== undefined && job.name <= after) continue;
      if (before >= skip && items.length < limit) items.push(job);
      before += 1;
    }
    return { items, total };
  }

  /** Lists the ids of the jobs that are not removed, ordered by name. */
  #byName(): readonly string[] {
    this.#listed ??= [...this.#jobs.values()]
      .filter((job) => job.removed_at === null)
      .sort(compareNames)
      .map((job) => job.id);
    return this.#listed;
  }

  /** Lists rows of all jobs that are not removed; see `Store.runs`. */
  mergedRuns(filter: AllRunsFilter): RunsStretch {
    return mergedRows(this.#histories(filter), filter);
  }

  /** Lists the jobs that a filter selects, with their histories. */
  *#histories({ job_id: jobId, group, tag }: AllRunsFilter): Generator<[Job, JobHistory]> {
    const one = jobId === undefined ? undefined : this.#jobs.get(jobId);
    const jobs = jobId === undefined ? this.#jobs.values() : one === undefined ? [] : [one];
    for (const job of jobs) {
      if (job.removed_at !== null || !isOf(job, group, tag)) continue;
      const runs = this.runs.ofJob(job.id);
      if (runs !== undefined) yield [job, runs];
    }
  }

  /** Returns the index of the first job whose name comes after a name. */
  #indexAfter(ids: readonly string[], name: string): number {
    return countWhere(ids.length, (index) => this.#jobs.get(ids[index]!)!.name <= name);
  }

  /**
   * Returns the jobs among which a filter finds all that it selects, in no order, where those are jobs in trouble, and
   * null for any other filter. They are found without a look at the others, because people ask for them again and again
   * and mostly there are few.
   */
  #troubled({ status, incident }: JobFilter): Job[] | null {
    let ids: Iterable<string | null>;
    if (status !== undefined && WATCHED.has(status)) ids = this.#idsByStatus.get(status) ?? [];
    else if (incident === 'open') ids = this.#openIncidentIds.keys();
    else return null;
    return Array.from(ids, (id) => this.#jobs.get(id ?? '')).filter(
      (job): job is Job => job?.removed_at === null,
    );
  }

  earliestDueAt(except: ReadonlySet<string>): number | null {
    const id = this.#due.upTo(Infinity, except.size + 1).find((each) => !except.has(each));
    return id === undefined ? null : this.#jobs.get(id)!.state.due_at;
  }

  dueJobIds(nowAt: number, limit: number): string[] {
    return this.#due.upTo(nowAt, limit);
  }

  jobIdsAfter(after: string | null, limit: number): string[] {
    const ids = [...this.#jobs.keys()];
    return (after === null ? ids : ids.filter((id) => id > after)).sort().slice(0, limit);
  }

  outdatedJobIds(before: { removed_at: number; renamed_at: number; limit: number }): string[] {
    const ids: string[] = [];
    for (const { id, removed_at: removedAt, renamed } of this.#jobs.values()) {
      if (ids.length >= before.limit) break;
      const isRemoved = removedAt !== null && removedAt < before.removed_at;
      if (isRemoved || renamed?.some(({ at }) => at < before.renamed_at) === true) ids.push(id);
    }
    return ids;
  }

  incident(id: string): Incident | undefined {
    return this.#incidents.get(id)?.incident;
  }

  /** Lists the open incidents of one job in the order in which they were first put. */
  openIncidentsOf(jobId: string): JobIncident[] {
    return this.#inOrder(this.#openIncidentIds.get(jobId) ?? []).filter((each) => each.kind === 'job');
  }

  /** Lists the open incidents that belong to no job in the order in which they were first put. */
  openSystemIncidents(): SystemIncident[] {
    return this.#inOrder(this.#openIncidentIds.get(null) ?? []).filter((each) => each.kind !== 'job');
  }

  /** Lists incidents in the order in which they were first put. */
  incidents(filter: { job_id?: string; open?: boolean } = {}): Incident[] {
    const { job_id: jobId, open } = filter;
    let ids: Iterable<string> = this.#incidents.keys();
    if (open === true) {
      const sets = jobId === undefined ? this.#openIncidentIds.values() : [this.#openIncidentIds.get(jobId)];
      ids = [...sets].flatMap((set) => Array.from(set ?? []));
    } else if (jobId !== undefined) ids = this.#incidentIdsByJob.get(jobId) ?? [];
    const incidents = this.#inOrder(ids);
    return open === false ? incidents.filter((incident) => incident.closed_at !== null) : incidents;
  }

  outputRef(runId: string): OutputRef | undefined {
    return this.#outputs.get(runId);
  }

  /** Tells whether this very record is the one of the run's output. */
  hasOutput(ref: OutputRef): boolean {
    return this.#outputs.get(ref.run_id) === ref;
  }

  outputRefs(): Iterable<OutputRef> {
    return this.#outputs.values();
  }

  hasMeta(key: string): boolean {
    return this.#meta.has(key);
  }

  meta(key: string): MetaValue {
    return this.#meta.get(key);
  }

  /**
   * Returns every record as of now, table by table, in the order in which they can be put again. The call copies
   * references, so commits made while the records are read do not show.
   */
  snapshot(): Iterable<SnapshotRecord> {
    return this.#snapshotWith(recordsOf('runs', this.runs.snapshot()));
  }

  /** Does as `snapshot`, but has the rows of history packed as far as they can be. */
  packedSnapshot(): Iterable<SnapshotRecord | { table: 'histories'; record: PackedHistory }> {
    const histories = this.runs.packedSnapshot();
    return this.#snapshotWith(
      (function* () {
        for (const { packed, rows } of histories) {
          if (packed !== null) yield { table: 'histories', record: packed } as const;
          yield* recordsOf('runs', rows);
        }
      })(),
    );
  }

  #snapshotWith<R>(runs: Iterable<R>): Iterable<R | SnapshotRecord> {
    const jobs = [...this.#jobs.values()];
    const days = this.days.snapshot();
    const incidents = Array.from(this.#incidents.values(), ({ incident }) => incident);
    const deliveries = [...this.outbox.all()];
    const outputs = [...this.#outputs.values()];
    const audit = this.audit.snapshot();
    const meta = Array.from(this.#meta, ([key, value]) => ({ key, value }));
    return (function* () {
      yield* recordsOf('jobs', jobs);
      yield* runs;
      yield* recordsOf('days', days);
      yield* recordsOf('incidents', incidents);
      yield* recordsOf('deliveries', deliveries);
      yield* recordsOf('outputs', outputs);
      yield* recordsOf('audit', audit);
      yield* recordsOf('meta', meta);
    })();
  }

  /**
   * Puts jobs in two passes, so that jobs may exchange names within one commit.
   * @param states the states of the same commit, where those of new jobs are
   */
  #putJobs(jobs: readonly Records['jobs'][], states: readonly LivedState[] = []): void {
    for (const job of jobs) {
      const before = this.#jobs.get(job.id);
      if (before?.name === job.name && before.removed_at === job.removed_at) continue;
      this.#listed = null;
      if (before !== undefined) this.#forgetName(before);
    }
    const lived = new Map(states.map(({ job_id, state }) => [job_id, state]));
    for (const declared of jobs) {
      const state = lived.get(declared.id) ?? declared.state ?? this.#jobs.get(declared.id)?.state;
      if (state === undefined) throw new Error(`The job "${declared.id}" has no state.`);
      this.#jobIdByName.set(declared.name, declared.id);
      // A record that holds its state is kept as it is, so that it can be told apart from others.
      this.#setJob(declared.state === state ? (declared as Job) : jobOf(declared, state));
    }
  }

  #putState(jobId: string, state: JobState): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new Error(`There is no job "${jobId}" for a state.`);
    if (job.state !== state) this.#setJob(jobOf(job, state));
  }

  #setJob(job: Job): void {
    if (this.#options.freeze) Object.freeze(job);
    this.#noteStatus(job.id, this.#jobs.get(job.id)?.state.status, job.state.status);
    this.#jobs.set(job.id, job);
    if (job.removed_at === null && job.state.due_at !== null) this.#due.set(job.id, job.state.due_at, job.id);
    else this.#due.delete(job.id);
  }

  #deleteJob(id: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    this.#noteStatus(id, job.state.status, undefined);
    this.#forgetName(job);
    this.#due.delete(id);
    this.#listed = null;
  }

  #noteStatus(id: string, before: Status | undefined, now: Status | undefined): void {
    if (before === now) return;
    if (before !== undefined && WATCHED.has(before)) removeFrom(this.#idsByStatus, before, id);
    if (now !== undefined && WATCHED.has(now)) addTo(this.#idsByStatus, now, id);
  }

  #forgetName(job: Job): void {
    if (this.#jobIdByName.get(job.name) === job.id) this.#jobIdByName.delete(job.name);
  }

  #deleteRun(id: string, dropped: OutputRef[]): void {
    this.runs.delete(id);
    this.#dropOutput(id, dropped);
  }

  #putIncident(incident: Incident): void {
    const order = this.#incidents.get(incident.id)?.order ?? this.#incidentCount++;
    this.#incidents.set(incident.id, { incident, order });
    const jobId = jobIdOf(incident);
    addTo(this.#incidentIdsByJob, jobId, incident.id);
    if (incident.closed_at === null) addTo(this.#openIncidentIds, jobId, incident.id);
    else removeFrom(this.#openIncidentIds, jobId, incident.id);
  }

  #deleteIncident(id: string): void {
    const incident = this.incident(id);
    if (incident === undefined) return;
    this.#incidents.delete(id);
    removeFrom(this.#incidentIdsByJob, jobIdOf(incident), id);
    removeFrom(this.#openIncidentIds, jobIdOf(incident), id);
  }

  #inOrder(ids: Iterable<string>): Incident[] {
    return [...ids]
      .map((id) => this.#incidents.get(id)!)
      .sort((a, b) => a.order - b.order)
      .map((entry) => entry.incident);
  }

  #putOutput(output: OutputRef, dropped: OutputRef[]): void {
    this.#dropOutput(output.run_id, dropped);
    this.#outputs.set(output.run_id, output);
    this.#outputBytes += diskBytes(output);
  }

  #putAudit(records: readonly AuditRecord[]): void {
    for (const record of records) this.audit.put(record);
    this.audit.trim(AUDIT_RECORDS_MAX);
  }

  #dropOutput(runId: string, dropped: OutputRef[]): void {
    const output = this.#outputs.get(runId);
    if (output === undefined) return;
    this.#outputs.delete(runId);
    this.#outputBytes -= diskBytes(output);
    dropped.push(output);
  }

  /** Holds the limits on history (docs/design.md §3.5) and on outputs. */
  #trim({ put }: Changes, dropped: OutputRef[]): void {
    const jobIds = new Set((put.jobs ?? []).map((job) => job.id));
    for (const run of put.runs ?? []) jobIds.add(run.job_id);
    for (const jobId of jobIds) {
      const job = this.#jobs.get(jobId);
      if (job === undefined) continue;
      for (const runId of this.runs.trim(jobId, keepRunsOf(job.declaration)))
        this.#dropOutput(runId, dropped);
    }
    for (const { run_id: runId } of put.outputs ?? [])
      if (!this.runs.has(runId)) this.#dropOutput(runId, dropped);
    const max = this.#options.outputBytesMax ?? Infinity;
    for (const runId of this.#outputs.keys()) {
      if (this.#outputBytes <= max) break;
      this.#dropOutput(runId, dropped);
    }
  }
}

function* recordsOf<T extends TableName>(table: T, records: Iterable<Records[T]>): Generator<SnapshotRecord> {
  // The pair is one of the union, because the record is of the table's type.
  for (const record of records) yield { table, record } as SnapshotRecord;
}

function compareNames(a: Job, b: Job): number {
  return a.name < b.name ? -1 : 1;
}

/** Returns the first so many jobs by name. Where many are left out, they are not sorted. */
function firstByName(jobs: readonly Job[], count: number): Job[] {
  if (count === 0 || count * 4 > jobs.length) return jobs.toSorted(compareNames).slice(0, count);
  const first: Job[] = [];
  for (const job of jobs) {
    if (first.length === count && compareNames(first[count - 1]!, job) < 0) continue;
    let at = first.length;
    while (at > 0 && compareNames(job, first[at - 1]!) < 0) at -= 1;
    first.splice(at, 0, job);
    first.length = Math.min(first.length, count);
  }
  return first;
}

/** Freezes a record and everything in it. An object that is frozen already is taken to be frozen in depth. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}

function matcher(
  filter: JobFilter,
  openIncidents: ReadonlyMap<string | null, unknown>,
): (job: Job) => boolean {
  const { status, incident, tag, group } = filter;
  const q = filter.q?.toLowerCase();
  return (job) =>
    (status === undefined || job.state.status === status) &&
    (incident === undefined || openIncidents.has(job.id) === (incident === 'open')) &&
    isOf(job, group, tag) &&
    (q === undefined ||
      job.name.toLowerCase().includes(q) ||
      (job.declaration.description?.toLowerCase().includes(q) ?? false));
}

/** Returns the job that an incident belongs to; null for trouble of Cronflow itself. */
export function jobIdOf(incident: Incident): string | null {
  return incident.kind === 'job' ? incident.job_id : null;
}

/** Returns the bytes that an output takes on disk. */
function diskBytes(output: OutputRef): number {
  if (output.hash === undefined) return output.place?.bytes ?? output.bytes;
  return Math.max(1, Math.ceil(output.bytes / OUTPUT_BLOCK_BYTES)) * OUTPUT_BLOCK_BYTES;
}

function addTo<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  index.set(key, (index.get(key) ?? new Set<string>()).add(id));
}

function removeFrom<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
