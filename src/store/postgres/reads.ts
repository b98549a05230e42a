import type { Clock } from '../../clock.ts';
import type { AuditRecord } from '../../core/model/audit.ts';
import type { Day } from '../../core/model/daily.ts';
import { jobOf } from '../../core/model/job-shape.ts';
import type { Delivery, Incident, Job, JobIncident, Row } from '../../core/model/records.ts';
import { rowNumberOf } from '../../core/model/rows.ts';
import type { Records, TableName } from '../local/changes.ts';
import { deepFreeze } from '../local/tables.ts';
import type {
  AllRunsFilter,
  AuditFilter,
  DeliveryCounts,
  DeliveryFilter,
  IncidentFilter,
  JobFilter,
  MetaValue,
  Output,
  Page,
  RunFilter,
  RunsStretch,
} from '../store.ts';
import type { AnswerRow, Database } from './database.ts';
import { LargeCounts } from './large-counts.ts';
import type { RecordsInRows } from './records.ts';
import { COUNT_AUDIT } from './sql/count-audit.ts';
import { COUNT_BY_STATUS } from './sql/count-by-status.ts';
import { COUNT_DAYS } from './sql/count-days.ts';
import { COUNT_DELIVERIES } from './sql/count-deliveries.ts';
import { COUNT_FINISHED } from './sql/count-finished.ts';
import { COUNT_INCIDENTS } from './sql/count-incidents.ts';
import { COUNT_JOBS, COUNT_JOBS_OF_ANY_STATUS } from './sql/count-jobs.ts';
import { COUNT_RUNS } from './sql/count-runs.ts';
import { COUNT_UNFINISHED } from './sql/count-unfinished.ts';
import { LIST_ALL_RUNS } from './sql/list-all-runs.ts';
import { LIST_AUDIT } from './sql/list-audit.ts';
import { LIST_DAYS } from './sql/list-days.ts';
import { LIST_DELIVERIES } from './sql/list-deliveries.ts';
import { LIST_INCIDENTS } from './sql/list-incidents.ts';
import { LIST_JOBS } from './sql/list-jobs.ts';
import { LIST_RUNS } from './sql/list-runs.ts';
import { READ_AUDIT_BEFORE } from './sql/read-audit-before.ts';
import { READ_DAYS_BEFORE } from './sql/read-days-before.ts';
import { READ_EARLIEST_DUE } from './sql/read-earliest-due.ts';
import { READ_INCIDENT } from './sql/read-incident.ts';
import { READ_JOB } from './sql/read-job.ts';
import { READ_JOB_BY_NAME } from './sql/read-job-by-name.ts';
import { READ_META_VALUE } from './sql/read-meta-value.ts';
import { READ_OPEN_INCIDENT } from './sql/read-open-incident.ts';
import { READ_JOB_IDS } from './sql/read-job-ids.ts';
import { READ_OUTDATED_JOBS } from './sql/read-outdated-jobs.ts';
import { READ_OUTPUT } from './sql/read-output.ts';
import { READ_RUN } from './sql/read-run.ts';
import { READ_SLOT_ROWS } from './sql/read-slot-rows.ts';
import { type Statement, type Step, step } from './statement.ts';
import { sought } from './sought.ts';

/** One call looks at this many rows of all jobs, where a filter may leave most of them out. */
const ROWS_LOOKED_AT_MAX = 20_000;

/** Puts together the two records of a job, which an answer has side by side. */
export function jobIn({ record, state }: AnswerRow, records: RecordsInRows): Job {
  const declared = records.read('jobs', record);
  return jobOf(declared, records.readState(declared.id, state));
}

/** Reads that need no transaction. */
export class Reads {
  readonly #database: Database;
  readonly #records: RecordsInRows;
  readonly #freeze: boolean;
  readonly #counts: LargeCounts;

  /** @param options.freeze deep-freezes every record, so that a mutation of one throws */
  constructor(database: Database, { freeze, clock }: { freeze: boolean; clock: Pick<Clock, 'monotonic'> }) {
    this.#database = database;
    this.#counts = new LargeCounts(clock, {
      byStatus: () => this.#ask(COUNT_BY_STATUS),
      unfinished: () => this.#ask(COUNT_UNFINISHED),
      deliveries: () => this.#readAll([step(COUNT_UNFINISHED), step(COUNT_FINISHED)]),
    });
    this.#records = database.records;
    this.#freeze = freeze;
  }

  readonly #jobIn = (row: AnswerRow): Job => jobIn(row, this.#records);

  /** Returns what takes the record out of a row of a table. It is of the type of the table. */
  #recordIn<T extends TableName>(table: T): (row: AnswerRow) => Records[T] {
    return ({ record }) => this.#records.read(table, record);
  }

  async jobById(id: string): Promise<Job | undefined> {
    return this.#shown((await this.#ask(READ_JOB, sought(id))).map(this.#jobIn)[0]);
  }

  async jobByName(name: string): Promise<Job | undefined> {
    return this.#shown((await this.#ask(READ_JOB_BY_NAME, sought(name))).map(this.#jobIn)[0]);
  }

  async listJobs(jobFilter: JobFilter): Promise<Page<Job>> {
    const { skip, limit, after, status, incident, tag, group, q } = jobFilter;
    const filter = [status, incident, tag, group, q?.toLowerCase()];
    const known = await this.#counts.jobs(jobFilter);
    const asked = { filter, place: [after, skip, limit] };
    const count = known ?? (status === undefined ? COUNT_JOBS_OF_ANY_STATUS : COUNT_JOBS);
    const page = await this.#page(count, LIST_JOBS, asked, this.#jobIn);
    this.#counts.noteJobs(page.total);
    return page;
  }

  runsOf(jobId: string, filter: RunFilter): Promise<Page<Row>> {
    const { skip, limit, after, outcome, host, since_at: sinceAt, until_at: untilAt } = filter;
    const selected = [jobId, outcome, host, sinceAt, untilAt];
    return this.#page(
      COUNT_RUNS,
      LIST_RUNS,
      { filter: selected, place: [after, skip, limit] },
      this.#recordIn('runs'),
    );
  }

  /** Lists rows of all jobs; see `Store.runs`. */
  async runs(filter: AllRunsFilter): Promise<RunsStretch> {
    const { limit, job_id: jobId, group, tag, outcome, host, after } = filter;
    const { since_at: sinceAt, until_at: untilAt } = filter;
    const isSelective = [group, tag, outcome, host].some((each) => each !== undefined);
    const lookedMax = isSelective ? ROWS_LOOKED_AT_MAX : limit;
    const looked = [jobId, sinceAt, untilAt, after?.began_at, after?.job_id, after?.number, lookedMax];
    const selected = [group, tag, outcome, host, limit];
    const rows = await this.#ask(LIST_ALL_RUNS, ...parameters([...looked, ...selected]));
    // The last row of the answer says how far the look went.
    const last = rows.pop();
    if (last === undefined) return { items: [], next: null };
    const items = rows.map((each) =>
      this.#shown({ job: this.#jobIn(each), row: this.#records.read('runs', each['row']) }),
    );
    const isEnd = items.length < limit && (last['looked'] as number) < lookedMax;
    const end = items.length < limit ? last : rows.at(-1)!;
    const { began_at: beganAt, job_id: id, number } = end;
    const next = { began_at: beganAt as number, job_id: id as string, number: number as number };
    return { items, next: isEnd ? null : next };
  }

  async slotRows(filter: { job_ids: readonly string[]; from_at: number; to_at: number }): Promise<Row[]> {
    const { job_ids: jobIds, from_at: fromAt, to_at: toAt } = filter;
    return this.#recordsOf('runs', await this.#ask(READ_SLOT_ROWS, jobIds, fromAt, toAt));
  }

  async run(jobId: string, runId: string): Promise<Row | undefined> {
    const number = rowNumberOf(jobId, runId);
    if (number === null || number > INTEGER_MAX) return undefined;
    return this.#recordsOf('runs', await this.#ask(READ_RUN, sought(jobId), number, sought(runId)))[0];
  }

  async output(jobId: string, runId: string): Promise<Output | undefined> {
    const [row] = await this.#ask(READ_OUTPUT, sought(jobId), sought(runId));
    if (row === undefined) return undefined;
    return { text: (row['text'] as Buffer).toString(), dropped_bytes: row['dropped_bytes'] as number };
  }

  daysOf(jobId: string, { skip, limit }: { skip: number; limit: number }): Promise<Page<Day>> {
    return this.#page(
      COUNT_DAYS,
      LIST_DAYS,
      { filter: [jobId], place: [skip, limit] },
      this.#recordIn('days'),
    );
  }

  async daysBefore(date: string, limit: number): Promise<Day[]> {
    return this.#recordsOf('days', await this.#ask(READ_DAYS_BEFORE, date, limit));
  }

  async openIncidentOf(jobId: string): Promise<JobIncident | undefined> {
    return this.#recordsOf('incidents', await this.#ask(READ_OPEN_INCIDENT, sought(jobId)))[0] as
      JobIncident | undefined;
  }

  incidents({ skip, limit, job_id: jobId, open, after }: IncidentFilter): Promise<Page<Incident>> {
    const place = [after?.at, after?.id, skip, limit];
    return this.#page(
      COUNT_INCIDENTS,
      LIST_INCIDENTS,
      { filter: [jobId, open], place },
      this.#recordIn('incidents'),
    );
  }

  async incident(id: string): Promise<Incident | undefined> {
    return this.#recordsOf('incidents', await this.#ask(READ_INCIDENT, sought(id)))[0];
  }

  async deliveries(deliveryFilter: DeliveryFilter): Promise<Page<Delivery>> {
    const { skip, limit, after, ...selecting } = deliveryFilter;
    const place = [after?.at, after?.id, skip, limit];
    const filter = [selecting.status, selecting.notifier, selecting.incident_id];
    const known = await this.#counts.deliveries(deliveryFilter);
    const itemIn = this.#recordIn('deliveries');
    const page = await this.#page(known ?? COUNT_DELIVERIES, LIST_DELIVERIES, { filter, place }, itemIn);
    this.#counts.noteDeliveries(page.total);
    return page;
  }

  deliveryCounts(): Promise<DeliveryCounts[]> {
    return this.#counts.byNotifier();
  }

  audit({
    skip,
    limit,
    since_at: since,
    until_at: until,
    who,
    job,
    after,
  }: AuditFilter): Promise<Page<AuditRecord>> {
    const place = [after?.at, after?.id, skip, limit];
    const filter = [since, until, who, job];
    return this.#page(COUNT_AUDIT, LIST_AUDIT, { filter, place }, this.#recordIn('audit'));
  }

  async auditIdsBefore(at: number, limit: number): Promise<string[]> {
    return (await this.#ask(READ_AUDIT_BEFORE, at, limit)).map(({ id }) => id as string);
  }

  async meta(key: string): Promise<MetaValue> {
    const [row] = await this.#ask(READ_META_VALUE, sought(key));
    return row === undefined ? undefined : this.#shown(row['value']);
  }

  async earliestDueAt(except: ReadonlySet<string> = new Set()): Promise<number | null> {
    const [row] = await this.#ask(READ_EARLIEST_DUE, [...except]);
    return (row?.['due_at'] as number | undefined) ?? null;
  }

  async jobIdsAfter(id: string | null, limit: number): Promise<string[]> {
    const rows = await this.#ask(READ_JOB_IDS, id ?? '', limit);
    return rows.map((row) => row['id'] as string);
  }

  async outdatedJobIds(before: { removed_at: number; renamed_at: number; limit: number }): Promise<string[]> {
    const rows = await this.#ask(READ_OUTDATED_JOBS, before.removed_at, before.renamed_at, before.limit);
    return rows.map(({ id }) => id as string);
  }

  /** Reads a page and the number of all that the filter selects, as one instant shows them, unless that is known. */
  async #page<T>(
    count: Statement | number,
    list: Statement,
    { filter, place }: { filter: readonly unknown[]; place: readonly unknown[] },
    itemIn: (row: AnswerRow) => T,
  ): Promise<Page<T>> {
    const selecting = parameters(filter);
    if (typeof count === 'number') {
      const listed = await this.#ask(list, ...selecting, ...parameters(place));
      return { items: listed.map((row) => this.#shown(itemIn(row))), total: count };
    }
    const [counts, rows] = await this.#readAll([
      step(count, ...selecting),
      step(list, ...selecting, ...parameters(place)),
    ]);
    return { items: rows!.map((row) => this.#shown(itemIn(row))), total: counts![0]!['total'] as number };
  }

  #readAll(steps: readonly Step[]): Promise<AnswerRow[][]> {
    return this.#database.read(this.#database.answerMsMax, async (session) => {
      const answers = await session.begin(steps, 'read');
      await session.rollback();
      return answers;
    });
  }

  async #ask(statement: Statement, ...values: unknown[]): Promise<AnswerRow[]> {
    return (await this.#readAll([step(statement, ...values)]))[0]!;
  }

  #recordsOf<T extends TableName>(table: T, rows: readonly AnswerRow[]): Records[T][] {
    return rows.map((row) => this.#shown(this.#recordIn(table)(row)));
  }

  #shown<T>(record: T): T {
    if (this.#freeze) deepFreeze(record);
    return record;
  }
}

/** The greatest number that the database takes for a row. */
const INTEGER_MAX = 2 ** 31 - 1;

/** Returns values that the database takes: null for what is not asked for. */
function parameters(values: readonly unknown[]): unknown[] {
  return values.map((value) => (typeof value === 'string' ? sought(value) : (value ?? null)));
}
