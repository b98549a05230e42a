import type { Day } from '../../core/model/daily.ts';
import type { Delivery, Incident, Job, JobIncident, Row } from '../../core/model/records.ts';
import type {
  ClaimOptions,
  DeliveryCounts,
  DeliveryFilter,
  JobFilter,
  MetaValue,
  Output,
  Page,
  Scope,
  Store,
  StoreHealth,
  Tx,
} from '../store.ts';
import { pageNewestFirst, type Tables } from './tables.ts';

/** The reads of a store whose records are all in memory. Its subclasses decide how records become durable. */
export abstract class LocalStore implements Store {
  /** The durable records. Reading them throws when the store is not open. */
  protected abstract get tables(): Tables;

  abstract open(): Promise<void>;
  abstract close(): Promise<void>;
  abstract transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T>;
  abstract output(jobId: string, runId: string): Promise<Output | undefined>;
  abstract health(): StoreHealth;

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

  async runsOf(jobId: string, page: { skip: number; limit: number }): Promise<Page<Row>> {
    return pageNewestFirst(this.tables.runs.of(jobId).all(), page);
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

  async incidents(filter: {
    job_id?: string;
    open?: boolean;
    skip: number;
    limit: number;
  }): Promise<Page<Incident>> {
    return pageNewestFirst(this.tables.incidents(filter), filter);
  }

  async incident(id: string): Promise<Incident | undefined> {
    return this.tables.incident(id);
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<Delivery>> {
    const { status, notifier } = filter;
    const found: Delivery[] = [];
    for (const each of this.tables.outbox.all()) {
      if (status !== undefined && each.status !== status) continue;
      if (notifier === undefined || each.notifier === notifier) found.push(each);
    }
    return pageNewestFirst(found, filter);
  }

  async deliveryCounts(): Promise<DeliveryCounts[]> {
    return this.tables.outbox.counts();
  }

  async meta(key: string): Promise<MetaValue> {
    return this.tables.meta(key);
  }

  async earliestDueAt(): Promise<number | null> {
    return this.tables.earliestDueAt();
  }

  async dueJobIds(nowAt: number, limit: number): Promise<string[]> {
    return this.tables.dueJobIds(nowAt, limit);
  }

  async claimDeliveries(claim: ClaimOptions): Promise<Delivery[]> {
    return this.tables.outbox.claim(claim);
  }

  async earliestDeliveryAt(except?: ReadonlySet<string>): Promise<number | null> {
    return this.tables.outbox.earliestAt(except);
  }
}
