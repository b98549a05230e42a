import type { Outcome, Reason } from './reasons.ts';
import type { PingedRow, Row, Run, SlotsRow } from './records.ts';

/** Returns the id of a row. Users see it, and nothing reads it but the functions here. */
export function rowIdOf(jobId: string, number: number): string {
  return `${jobId}-${number}`;
}

/** Returns the id of the job in the id of a row. What older versions made may say another one. */
export function jobIdIn(rowId: string): string {
  return rowId.slice(0, rowId.lastIndexOf('-'));
}

/** Returns the number in the id of a row. What older versions made may say another one, or none (NaN). */
export function numberIn(rowId: string): number {
  return Number(rowId.slice(rowId.lastIndexOf('-') + 1));
}

/** Returns the number of the row with this id; null for an id that no row of the job can have. */
export function rowNumberOf(jobId: string, id: string): number | null {
  const number = id.startsWith(`${jobId}-`) ? Number(id.slice(jobId.length + 1)) : NaN;
  return Number.isInteger(number) && number > 0 ? number : null;
}

/** Tells whether the id of a row follows from its job and its number, as it does but for what older versions made. */
export function isRegularId({ id, job_id: jobId, number }: Row): boolean {
  return rowNumberOf(jobId, id) === number;
}

/** Tells whether a row stands for several slots. */
export function isStreak(row: Row): row is SlotsRow {
  return row.kind === 'slots' && row.slot_at > row.first_slot_at;
}

/** Tells whether a row is a run that has not ended. */
export function isOpen(row: Row): row is Run {
  return row.ended_at === null;
}

/** Tells whether a row is a run or a `skip` to which a client gave this run id. */
export function hasRid(row: Row, rid: string): row is PingedRow {
  return row.kind !== 'slots' && row.rid === rid;
}

/**
 * Tells whether a row is a run that a start without a run id opened, or a `skip` without one that found the lock stuck,
 * which takes the place of such a run.
 */
export function isAnonymous(row: Row): row is PingedRow {
  if (row.kind === 'run') return row.start_received && row.rid === null;
  return row.kind === 'skip' && row.rid === null && row.reason === 'stuck_lock';
}

/**
 * Returns the instant at which a row began: the start of a run, where it is known, or a `skip`. Slots that ended
 * without a run never began.
 */
export function startOf(row: Row): number | null {
  if (row.kind === 'slots') return null;
  return row.kind === 'skip' ? row.ended_at : row.started_at;
}

/** Returns the instant that a row stands for: when it began, else its slot, else when it ended. */
export function instantOfRow(row: Row): number | null {
  return startOf(row) ?? row.slot_at ?? row.ended_at;
}

/**
 * Returns the instant under which a row is listed among those of other jobs: when it began, and of slots the first one.
 * It stays the same when the run ends and when more slots join the row, so that a list can be read page by page.
 */
export function beganAtOf(row: Row): number {
  return (row.kind === 'slots' ? row.first_slot_at : instantOfRow(row)) ?? 0;
}

/** Returns how long a run that ended at `endAt` took by its instants, or null where its start is not known. */
export function spanMsOf({ started_at: startedAt }: Pick<Run, 'started_at'>, endAt: number): number | null {
  return startedAt === null ? null : Math.max(0, endAt - startedAt);
}

/** Tells whether a row counts. What was recorded while the job was paused does not, and then no slot is expected. */
export function isCounted(row: Row): boolean {
  return row.kind === 'slots' || row.counted;
}

/** A row as people and programs see it, with the same keys whatever its kind. */
export interface ShownRow {
  id: string;
  job_id: string;
  rid: string | null;
  slot_at: number | null;
  late: boolean;
  started_at: number | null;
  ended_at: number | null;
  duration_ms: number | null;
  limit_at: number | null;
  outcome: Outcome | null;
  detail: string | null;
  counted: boolean;
  exit_code: number | null;
  signal: string | null;
  host: string | null;
  output_bytes: number;
  output_dropped_bytes: number;
  /** The number of slots that it stands for; 1 for everything else. */
  count: number;
  first_slot_at: number | null;
  reason: Reason;
}

/** Writes out a row for people and programs. A key that says nothing of its kind is null, false, 0 or 1. */
export function shownRow(row: Row): ShownRow {
  const run = row.kind === 'run' ? row : null;
  const pinged = row.kind === 'slots' ? null : row;
  const slots = row.kind === 'slots' ? row : null;
  return {
    id: row.id,
    job_id: row.job_id,
    rid: pinged?.rid ?? null,
    slot_at: row.slot_at,
    late: run?.late ?? false,
    started_at: startOf(row),
    ended_at: row.ended_at,
    duration_ms: row.kind === 'skip' ? 0 : (run?.duration_ms ?? null),
    limit_at: run?.limit_at ?? null,
    outcome: row.outcome,
    detail: run?.detail ?? null,
    counted: isCounted(row),
    exit_code: run?.exit_code ?? null,
    signal: run?.signal ?? null,
    host: pinged?.host ?? null,
    output_bytes: pinged?.output_bytes ?? 0,
    output_dropped_bytes: pinged?.output_dropped_bytes ?? 0,
    count: slots?.count ?? 1,
    first_slot_at: slots?.first_slot_at ?? row.slot_at,
    reason: row.reason,
  };
}
