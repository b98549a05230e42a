import type { AuditRecord } from '../../core/model/audit.ts';
import type { Day } from '../../core/model/daily.ts';
import type { Delivery, Incident, Job, JobIncident, Row } from '../../core/model/records.ts';
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
import { Feed } from './feed.ts';
import { filteredRows } from './row-filter.ts';
import { pageByInstant, pageNewestFirst } from './pages.ts';
import type { Tables } from './tables.ts';
import { runView } from './tx.ts';

/** The reads of a store whose records are all in memory. Its subclasses decide how records become durable. */
export abstract class LocalStore implements Store {
  /** The durable records. Reading them throws when the store is not open. */
  protected abstract get tables(): Tables;
  protected readonly feed: Feed;

  /** @param onListenerError is told of a listener of `watch` that failed */
  constructor(onListenerError: (error: unknown) => void) {
    this.feed = new Feed(onListenerError);
  }

  abstract open(): Promise<void>;
  abstract close(): Promise<void>;
  abstract transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T>;
  abstract output(jobId: string, runId: string): Promise<Output | undefined>;
  abstract past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past>;
  abstract health(): StoreHealth;

  async view<T>(scope: Scope, read: (view: View) => T): Promise<T> {
    // A store over a network never runs `read` before `view` returns, so nobody may come to rely on that here.
    await Promise.resolve();
    return runView(this.tables, scope, read);
  }

  watch(listener: ChangeListener): () => void {
    return this.feed.watch(listener);
  }

  async jobByName(name: string): Promise<Job | undefined> {
    const job = this.tables.jobByName(name);
    return job?.removed_at === null ? job : undefined;
  }

  async jobById(id: string): Promise<Job | undefined> {
    return this.tables.jobById(id);
  }

  async listJobs(filter: JobFilter): Promise<Page<Job>> {
    return this.tables.listJobs(filter);
  }

  async runsOf(jobId: string, filter: RunFilter): Promise<Page<Row>> {
    const rows = filteredRows(this.tables.runs.of(jobId).all(), filter);
    const { after } = filter;
    if (after === undefined) return pageNewestFirst(rows, filter);
    const rest = rows.slice(0, rows.findLastIndex((row) => row.number < after) + 1);
    return { items: pageNewestFirst(rest, filter).items, total: rows.length };
  }

  async runs(filter: AllRunsFilter): Promise<RunsStretch> {
    return this.tables.mergedRuns(filter);
  }

  async slotRows(filter: { job_ids: readonly string[]; from_at: number; to_at: number }): Promise<Row[]> {
    const { from_at: fromAt, to_at: toAt } = filter;
    const stands = (row: Row): boolean => {
      if (row.slot_at === null || row.slot_at < fromAt) return false;
      return (row.kind === 'slots' ? row.first_slot_at : row.slot_at) < toAt;
    };
    return filter.job_ids.flatMap((id) => this.tables.runs.of(id).all().filter(stands));
  }

  async run(jobId: string, runId: string): Promise<Row | undefined> {
    const run = this.tables.runs.get(runId);
    return run?.job_id === jobId ? run : undefined;
  }

  async daysOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Day>> {
    return pageNewestFirst(this.tables.days.of(jobId), page);
  }

  async daysBefore(date: string, limit: number): Promise<Day[]> {
    return this.tables.days.before(date, limit);
  }

  async openIncidentOf(jobId: string): Promise<JobIncident | undefined> {
    return this.tables.openIncidentsOf(jobId).at(-1);
  }

  async incidents(filter: IncidentFilter): Promise<Page<Incident>> {
    return pageByInstant(this.tables.incidents(filter), (incident) => incident.opened_at, filter);
  }

  async incident(id: string): Promise<Incident | undefined> {
    return this.tables.incident(id);
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<Delivery>> {
    const { status, notifier, incident_id } = filter;
    const found: Delivery[] = [];
    for (const each of this.tables.outbox.all()) {
      if (status !== undefined && each.status !== status) continue;
      if (incident_id !== undefined && each.incident_id !== incident_id) continue;
      if (notifier === undefined || each.notifier === notifier) found.push(each);
    }
    return pageByInstant(found, (delivery) => delivery.created_at, filter);
  }

  async deliveryCounts(): Promise<DeliveryCounts[]> {
    return this.tables.outbox.counts();
  }

  async audit(filter: AuditFilter): Promise<Page<AuditRecord>> {
    return pageByInstant(this.tables.audit.matching(filter), (record) => record.at, filter);
  }

  async auditIdsBefore(at: number, limit: number): Promise<string[]> {
    return this.tables.audit.before(at, limit);
  }

  async meta(key: string): Promise<MetaValue> {
    return this.tables.meta(key);
  }

  async earliestDueAt(except: ReadonlySet<string> = new Set()): Promise<number | null> {
    return this.tables.earliestDueAt(except);
  }

  async jobIdsAfter(id: string | null, limit: number): Promise<string[]> {
    return this.tables.jobIdsAfter(id, limit);
  }

  async outdatedJobIds(before: { removed_at: number; renamed_at: number; limit: number }): Promise<string[]> {
    return this.tables.outdatedJobIds(before);
  }

  async claimDeliveries(claim: ClaimOptions): Promise<ClaimedLane[]> {
    return this.tables.outbox.claim(claim);
  }

  async leaveLanes(owner: string, notes: ReadonlyMap<string, LaneNote>, only?: string): Promise<void> {
    this.tables.outbox.leave(owner, notes, only);
  }

  async earliestDeliveryAt(owner: string, except?: ReadonlySet<string>): Promise<number | null> {
    return this.tables.outbox.earliestAt(owner, except);
  }
}
