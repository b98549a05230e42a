import { AUDIT_RECORDS_MAX, type AuditRecord } from '../../core/model/audit.ts';
import type { Delivery, Incident, Job, Row } from '../../core/model/records.ts';
import { beganAtOf, instantOfRow, isAnonymous, isOpen, jobIdIn, numberIn } from '../../core/model/rows.ts';
import { endedAfter } from '../../core/model/runs.ts';
import { keepRunsOf } from '../../core/model/spec.ts';
import type { Changes, Records } from '../local/changes.ts';
import type { Day } from '../../core/model/daily.ts';
import { lineOf } from '../local/outbox.ts';
import type { Overlay } from '../local/overlay.ts';
import { jobIdOf } from '../local/tables.ts';
import type { LoadedTables } from './loaded-tables.ts';
import { BatchHistories } from './histories.ts';
import { type Noted, NOTHING_NOTED } from './noted.ts';
import type { RecordsInRows } from './records.ts';
import { CONVERT_DELIVERIES } from './sql/convert-deliveries.ts';
import { CONVERT_STATES } from './sql/convert-states.ts';
import { DELETE_AUDIT } from './sql/delete-audit.ts';
import { DELETE_DAYS } from './sql/delete-days.ts';
import { DELETE_DELIVERIES } from './sql/delete-deliveries.ts';
import { DELETE_INCIDENTS } from './sql/delete-incidents.ts';
import { DELETE_JOBS } from './sql/delete-jobs.ts';
import { DELETE_OUTPUTS } from './sql/delete-outputs.ts';
import { DELETE_RUNS } from './sql/delete-runs.ts';
import { FREE_NAMES } from './sql/free-names.ts';
import { INSERT_JOBS } from './sql/insert-jobs.ts';
import { INSERT_RUNS } from './sql/insert-runs.ts';
import { INSERT_STATES } from './sql/insert-states.ts';
import { LOCK_NAMES } from './sql/lock-names.ts';
import { PROMOTE_NEXT } from './sql/promote-next.ts';
import { NOTE_KEPT } from './sql/note-kept.ts';
import { PUT_AUDIT } from './sql/put-audit.ts';
import { PUT_DAYS } from './sql/put-days.ts';
import { PUT_DELIVERIES } from './sql/put-deliveries.ts';
import { PUT_EVENTS } from './sql/put-events.ts';
import { PUT_INCIDENTS } from './sql/put-incidents.ts';
import { PUT_JOBS } from './sql/put-jobs.ts';
import { PUT_OUTPUTS } from './sql/put-outputs.ts';
import { PUT_RUNS } from './sql/put-runs.ts';
import { PUT_STATES } from './sql/put-states.ts';
import { TRIM_AUDIT } from './sql/trim-audit.ts';
import { TRIM_RUNS } from './sql/trim-runs.ts';
import { UPDATE_DAYS } from './sql/update-days.ts';
import { UPDATE_RUNS } from './sql/update-runs.ts';
import { type Statement, type Step, step } from './statement.ts';

const DATE_LENGTH = '2026-01-15'.length;

/** What the changes of a batch build on. */
interface Around {
  overlay: Overlay;
  /** The tables below the overlay, which say what of them is loaded. */
  tables: LoadedTables;
  records: RecordsInRows;
}

type AroundRows = Around & { histories: BatchHistories };

/**
 * Returns the statements that write the changes of a batch: one for each table, however many transactions it has.
 * What is deleted goes first, then come records that others refer to.
 * @param around.at the instant of the commit
 */
export function stepsOf(changes: Changes, { overlay, tables, records, at }: Around & { at: number }): Step[] {
  const { put, del, events } = changes;
  const rowsOf = rowsBy(records);
  // A row that is known to be there is changed. To put it, whether it is there or not, locks it first and costs more.
  const isStored = ({ job_id: jobId, date }: Day): boolean => tables.days.get(jobId, date) !== undefined;
  const [knownDays, otherDays] = parted(put.days ?? [], isStored);
  const histories = new BatchHistories(changes, { overlay, tables });
  return [
    ...(changesNames(changes, overlay) ? [step(LOCK_NAMES)] : []),
    ...deletions(del),
    ...jobSteps(put, { overlay, tables, records, histories }),
    ...rowSteps(put, { overlay, tables, records, histories }),
    ...rowsOf(UPDATE_DAYS, knownDays, dayColumns),
    ...rowsOf(PUT_DAYS, otherDays, dayColumns),
    ...rowsOf(PUT_INCIDENTS, put.incidents, incidentColumns),
    ...deliverySteps(put.deliveries, records),
    ...auditSteps(put.audit, records),
    ...(events.length === 0
      ? []
      : [
          step(
            PUT_EVENTS,
            events.map((each) => each.job_id),
            at,
            events.map((each) => JSON.stringify(each.event)),
          ),
        ]),
  ];
}

/** Tells whether a job is made, renamed or deleted. */
function changesNames({ put, del }: Changes, { tables }: Overlay): boolean {
  return del.jobs !== undefined || (put.jobs ?? []).some(({ id, name }) => tables.jobById(id)?.name !== name);
}

/** Returns a text that the database takes, which is any but for the character zero. */
function plain(text: string): string {
  return text.replaceAll('\0', '');
}

function deletions(del: Changes['del']): Step[] {
  const steps: Step[] = [];
  const ofIds = (statement: Statement, ids: readonly string[] | undefined): void => {
    if (ids !== undefined) steps.push(step(statement, ids));
  };
  ofIds(DELETE_OUTPUTS, del.outputs);
  ofIds(DELETE_DELIVERIES, del.deliveries);
  ofIds(DELETE_INCIDENTS, del.incidents);
  if (del.runs !== undefined) {
    const places = del.runs.map((id) => [jobIdIn(id), numberIn(id), id]);
    steps.push(step(DELETE_RUNS, ...columnsOf(places, 3)));
  }
  if (del.days !== undefined) {
    const days = del.days.map((id) => [id.slice(0, -DATE_LENGTH - 1), id.slice(-DATE_LENGTH)]);
    steps.push(step(DELETE_DAYS, ...columnsOf(days, 2)));
  }
  ofIds(DELETE_JOBS, del.jobs);
  ofIds(DELETE_AUDIT, del.audit);
  return steps;
}

/**
 * Returns the statements for jobs. A new state goes to a job that is new, too, or changes one that is stored.
 */
function jobSteps(put: Changes['put'], { overlay, tables, records, histories }: AroundRows): Step[] {
  const rowsOf = rowsBy(records);
  const stored = (id: string): Job | undefined => tables.jobById(id);
  const steps: Step[] = [];
  const [known, added] = parted(put.jobs ?? [], ({ id }) => stored(id) !== undefined);
  const renamed = known.filter(({ id, name }) => stored(id)?.name !== name).map(({ id }) => id);
  if (renamed.length > 0) steps.push(step(FREE_NAMES, renamed));
  steps.push(...rowsOf(PUT_JOBS, known, jobColumns), ...rowsOf(INSERT_JOBS, added, jobColumns));
  // Whether a job is removed decides whether it can be due, so a change of what it declares writes its state, too.
  // So does a run that has begun or ended, since the row of the state notes where open runs are and how many are kept.
  const ids = new Set([
    ...(put.states ?? []).map((each) => each.job_id),
    ...known.map(({ id }) => id),
    ...histories.changed(),
  ]);
  const states = Array.from(ids, (id) => overlay.job(id)).filter((job) => job !== undefined);
  const [knownStates, addedStates] = parted(states, ({ id }) => stored(id) !== undefined);
  for (const [statement, jobs] of [
    [PUT_STATES, knownStates],
    [INSERT_STATES, addedStates],
  ] as const) {
    if (jobs.length === 0) continue;
    const rows = jobs.map((job) => stateColumns(job, histories.notedOf(job), records));
    steps.push(step(statement, ...columnsOf(rows, 6)));
  }
  return steps;
}

function stateColumns(
  { id, removed_at: removedAt, state }: Job,
  { headsFrom, kept }: Noted,
  records: RecordsInRows,
): unknown[] {
  const text = records.written(state);
  // The space says that what is noted was written with this very state.
  const marked = headsFrom === null ? text : ` ${text}`;
  return [id, marked, removedAt === null ? state.due_at : null, state.status, headsFrom, kept];
}

function jobColumns({ id, name, removed_at: removedAt, renamed, declaration }: Records['jobs']): unknown[] {
  const { group, tags = [], description } = declaration;
  return [
    id,
    name,
    removedAt,
    renamed === undefined || renamed.length === 0 ? null : Math.min(...renamed.map(({ at }) => at)),
    group === undefined ? null : plain(group),
    JSON.stringify(tags.map(plain)),
    name.toLowerCase(),
    description === undefined ? null : plain(description).toLowerCase(),
  ];
}

/** Returns the statements for rows of history and outputs, and those that drop what is beyond the limits. */
function rowSteps(put: Changes['put'], { overlay, tables, records, histories }: AroundRows): Step[] {
  const steps = runSteps(put.runs ?? [], { tables, records, histories });
  if (put.outputs !== undefined) {
    const rows = put.outputs.map(({ job_id: jobId, run_id: runId, dropped_bytes: droppedBytes }) => [
      runId,
      jobId,
      numberIn(runId),
      droppedBytes,
      Buffer.from(overlay.outputTexts.get(runId) ?? ''),
    ]);
    steps.push(step(PUT_OUTPUTS, ...columnsOf(rows, 5)));
  }
  steps.push(...trimSteps(put, { overlay, tables, histories }));
  return steps;
}

/**
 * Returns the statements that drop rows beyond what is kept. Rows that only began make a history no longer. Nor does a
 * job that is declared anew, unless it keeps less than before.
 */
function trimSteps(put: Changes['put'], { overlay, tables, histories }: Omit<AroundRows, 'records'>): Step[] {
  const ended = (put.runs ?? []).filter((row) => !isOpen(row)).map((row) => row.job_id);
  const shortened = (put.jobs ?? []).filter(({ id, declaration }) => {
    const stored = tables.jobById(id);
    return stored !== undefined && keepRunsOf(declaration) < keepRunsOf(stored.declaration);
  });
  const jobs = Array.from(new Set([...ended, ...shortened.map(({ id }) => id)]), (id) => overlay.job(id));
  const rows = jobs.flatMap((job) => {
    if (job === undefined) return [];
    const excess = histories.excessOf(job);
    if (excess !== null && excess <= 0) return [];
    return [[job.id, keepRunsOf(job.declaration), histories.openCountOf(job.id), excess] as const];
  });
  const uncounted = rows.filter(([, , , excess]) => excess === null).map(([id]) => id);
  return [
    ...(rows.length === 0 ? [] : [step(TRIM_RUNS, ...columnsOf(rows, 4))]),
    // The next end of these jobs knows how many rows they have.
    ...(uncounted.length === 0 ? [] : [step(NOTE_KEPT, uncounted)]),
  ];
}

/**
 * Returns the statements for rows of history. Nearly all are new or known to be there, which costs the database less
 * than to find out. A row may have been trimmed that a late ping changes, and then it is put.
 */
function runSteps(rows: readonly Row[], { tables, records, histories }: Omit<AroundRows, 'overlay'>): Step[] {
  const rowsOf = rowsBy(records);
  const [added, old] = parted(rows, (row) => histories.isNew(row));
  const [known, others] = parted(old, (row) => tables.runs.get(row.id)?.number === row.number);
  return [
    ...rowsOf(INSERT_RUNS, added, runColumns),
    ...rowsOf(UPDATE_RUNS, known, runColumns),
    ...rowsOf(PUT_RUNS, others, runColumns),
  ];
}

function runColumns(row: Row): unknown[] {
  const pinged = row.kind === 'slots' ? null : row;
  const instantAt = instantOfRow(row);
  return [
    row.job_id,
    row.number,
    row.id,
    isOpen(row) ? null : endedAfter(row),
    pinged?.rid ?? null,
    isAnonymous(row),
    row.outcome ?? 'open',
    pinged === null || pinged.host === null ? null : plain(pinged.host),
    beganAtOf(row),
    row.kind === 'slots' ? row.first_slot_at : instantAt,
    row.kind === 'slots' ? row.slot_at : instantAt,
    row.kind === 'slots' ? row.first_slot_at : row.slot_at,
    row.slot_at,
  ];
}

function dayColumns({ job_id: jobId, date }: Day): unknown[] {
  return [jobId, date];
}

function deliveryColumns(delivery: Delivery): unknown[] {
  return [
    delivery.id,
    delivery.job_id,
    delivery.incident_id,
    delivery.notifier,
    lineOf(delivery),
    delivery.status,
    delivery.created_at,
    delivery.merged_into ?? null,
    delivery.merged_ids !== undefined,
  ];
}

/** Returns the statements for deliveries. Where some are finished, those that waited for them may be sent. */
function deliverySteps(put: readonly Delivery[] | undefined, records: RecordsInRows): Step[] {
  const steps = rowsBy(records)(PUT_DELIVERIES, put, deliveryColumns);
  const finished = (put ?? []).filter(({ status }) => status !== 'pending');
  if (finished.length === 0) return steps;
  const merged = finished.flatMap(({ merged_ids: ids = [] }) => ids);
  return [
    ...steps,
    step(
      PROMOTE_NEXT,
      ...columnsOf(
        finished.map((each) => [each.notifier, lineOf(each)]),
        2,
      ),
      merged,
    ),
  ];
}

function incidentColumns(incident: Incident): unknown[] {
  return [incident.id, jobIdOf(incident), incident.opened_at, incident.closed_at === null];
}

function auditColumns({ id, at, who, jobs }: AuditRecord): unknown[] {
  return [id, at, who === null ? null : plain(who), JSON.stringify(jobs.map(plain))];
}

function auditSteps(entries: Changes['put']['audit'], records: RecordsInRows): Step[] {
  const steps = rowsBy(records)(PUT_AUDIT, entries, auditColumns);
  if (steps.length > 0) steps.push(step(TRIM_AUDIT, AUDIT_RECORDS_MAX));
  return steps;
}

/** Writes records, as no step or one. */
type RowsOf = <R extends object>(
  statement: Statement,
  put: readonly R[] | undefined,
  /** Returns the columns by which a record is found; the record itself is the last. */
  columns: (record: R) => unknown[],
) => Step[];

function rowsBy(records: RecordsInRows): RowsOf {
  return (statement, put, columns) => {
    if (put === undefined || put.length === 0) return [];
    const rows = put.map((record) => [...columns(record), records.written(record)]);
    return [step(statement, ...columnsOf(rows, rows[0]!.length))];
  };
}

/** Turns rows into columns, because a statement takes an array for each column. */
function columnsOf(rows: readonly (readonly unknown[])[], count: number): unknown[][] {
  return Array.from({ length: count }, (_, index) => rows.map((row) => row[index]));
}

function parted<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** The tables whose rows hold records that are written anew after a change of version. */
export const CONVERTED_TABLES = [
  'jobs',
  'states',
  'incidents',
  'deliveries',
  'days',
  'audit',
  'runs',
] as const;
export type ConvertedTable = (typeof CONVERTED_TABLES)[number];

/** Returns the statements that write rows anew which are there, with the columns by which they are found now. */
export function rewriteSteps(
  table: ConvertedTable,
  put: readonly Records[ConvertedTable][],
  records: RecordsInRows,
): Step[] {
  const rowsOf = rowsBy(records);
  switch (table) {
    case 'jobs':
      return rowsOf(PUT_JOBS, put as Records['jobs'][], jobColumns);
    case 'states': {
      const rows = (put as Records['states'][]).map(({ job_id: id, state }) => [
        id,
        records.written(state),
        state.due_at,
        state.status,
      ]);
      return [step(CONVERT_STATES, ...columnsOf(rows, 4))];
    }
    case 'incidents':
      return rowsOf(PUT_INCIDENTS, put as Incident[], incidentColumns);
    case 'deliveries':
      return rowsOf(CONVERT_DELIVERIES, put as Delivery[], deliveryColumns);
    case 'days':
      return rowsOf(PUT_DAYS, put as Day[], dayColumns);
    case 'audit':
      return rowsOf(PUT_AUDIT, put as AuditRecord[], auditColumns);
    case 'runs':
      return rowsOf(PUT_RUNS, put as Row[], runColumns);
  }
}

/** An output as a dump has it, with its text. */
interface DumpedOutput {
  job_id: string;
  run_id: string;
  text: string;
  dropped_bytes: number;
}

/** Records of a dump, by their tables. */
export type DumpedTables = {
  [T in keyof Records]?: T extends 'outputs' ? DumpedOutput[] : Records[T][];
};

/**
 * Returns the statements that write records of a dump into a database that does not hold them yet, all but the values
 * that belong to no job. They are written as they are: nothing is cut to its limit, which an earlier commit has done.
 */
export function importSteps(put: DumpedTables, records: RecordsInRows): Step[] {
  const rowsOf = rowsBy(records);
  const jobs = (put.jobs ?? []).map(({ state, ...declared }) => ({ declared, state: state! }));
  const states = (put.jobs ?? []).map((job) => stateColumns(job as Job, NOTHING_NOTED, records));
  const outputs = (put.outputs ?? []).map(
    ({ job_id: jobId, run_id: runId, text, dropped_bytes: droppedBytes }) => [
      runId,
      jobId,
      numberIn(runId),
      droppedBytes,
      Buffer.from(text),
    ],
  );
  return [
    ...rowsOf(
      INSERT_JOBS,
      jobs.map(({ declared }) => declared),
      jobColumns,
    ),
    ...(states.length === 0 ? [] : [step(INSERT_STATES, ...columnsOf(states, 6))]),
    ...rowsOf(PUT_RUNS, put.runs, runColumns),
    ...rowsOf(PUT_DAYS, put.days, dayColumns),
    ...rowsOf(PUT_INCIDENTS, put.incidents, incidentColumns),
    ...rowsOf(PUT_DELIVERIES, put.deliveries, deliveryColumns),
    ...(outputs.length === 0 ? [] : [step(PUT_OUTPUTS, ...columnsOf(outputs, 5))]),
    ...rowsOf(PUT_AUDIT, put.audit, auditColumns),
  ];
}
