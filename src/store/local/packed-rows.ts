import type { Row, Run } from '../../core/model/records.ts';
import { rowIdOf } from '../../core/model/rows.ts';

/**
 * Rows of one job in a row, as one text. A row as an object takes about 500 bytes and costs the garbage collector time;
 * here it takes about 60. The text holds no quote, backslash or control character, so that a snapshot can hold it as it
 * is. What a field means belongs to the schema version.
 *
 * Rows are separated by `;` and the fields of a run by `,`. A field that is empty has the value that is told from the
 * run before or from other fields, and empty fields at the end are left out. Any other row is a `*`, its run id and JSON.
 */
export interface PackedRows {
  /** The number of the first row. The others follow without a gap. */
  first: number;
  count: number;
  text: string;
}

const BETWEEN_ROWS = ';';
const BETWEEN_FIELDS = ',';
const JSON_MARK = '*';
/** Stands for null where an empty field means something else. */
const NULL = '~';
/** Stands for an empty text, since an empty field is none. */
const EMPTY = '%';
const BASE = 36;

/** The number of keys that every run has. A run that has more of them is rare, and is kept as JSON. */
const RUN_KEYS = 23;

/** The values that empty fields of a run stand for: those of the run before it in the text. */
interface Before {
  at: number;
  exit_code: number | null;
  host: string | null;
  flags: number;
  outcome: string;
  reason: string;
}

function nothingBefore(): Before {
  return { at: 0, exit_code: 0, host: null, flags: 0b110, outcome: 'success', reason: 'succeeded' };
}

/**
 * Packs rows.
 * @param rows settled rows of one job, whose numbers follow each other and whose ids follow from those
 */
export function packRows(rows: readonly Row[]): PackedRows {
  const before = nothingBefore();
  let text = '';
  for (const [index, row] of rows.entries())
    text += (index === 0 ? '' : BETWEEN_ROWS) + (packedRun(row, before) ?? JSON_MARK + packedJson(row));
  return { first: rows[0]!.number, count: rows.length, text: flat(text) };
}

/** Returns the rows of a text. */
export function unpackRows(jobId: string, { first, text }: PackedRows): Row[] {
  const before = nothingBefore();
  return text.split(BETWEEN_ROWS).map((packed, index) => unpackedRow(jobId, first + index, packed, before));
}

/** Returns the first row of a text without a look at the others. */
export function firstRow(jobId: string, { first, text }: PackedRows): Row {
  const end = text.indexOf(BETWEEN_ROWS);
  return unpackedRow(jobId, first, end === -1 ? text : text.slice(0, end), nothingBefore());
}

/** Returns a text that a text of rows contains wherever one of the rows has this run id. */
export function packedRid(rid: string): string {
  return escaped(rid);
}

/** Returns the fields of an ordinary run, or null for any other row. */
function packedRun(row: Row, before: Before): string | null {
  if (row.kind !== 'run' || !isOrdinary(row)) return null;
  const { number, started_at: startedAt, duration_ms: durationMs, ended_after_number: endedAfter } = row;
  const endedAt = row.ended_at!;
  const beganAt = startedAt ?? endedAt;
  const flags = (row.late ? 1 : 0) | (row.start_received ? 2 : 0) | (row.counted ? 4 : 0);
  const fields = [
    row.rid === null ? '' : escaped(row.rid),
    startedAt === null ? NULL : digits(startedAt - before.at),
    digits(endedAt - (startedAt ?? before.at)),
    row.slot_at === null ? '' : digits(beganAt - row.slot_at),
    durationMs === spanOf(startedAt, endedAt) ? '' : digits(durationMs),
    endedAfter === number - 1 ? '' : digits(endedAfter === null ? null : number - endedAfter),
    row.exit_code === before.exit_code ? '' : digits(row.exit_code),
    row.host === before.host ? '' : row.host === null ? NULL : escaped(row.host),
    flags === before.flags ? '' : digits(flags),
    row.outcome === before.outcome ? '' : escaped(row.outcome!),
    row.reason === before.reason ? '' : escaped(row.reason),
    row.limit_at === null ? '' : digits(row.limit_at - endedAt),
    row.detail === null ? '' : escaped(row.detail),
    row.signal === null ? '' : escaped(row.signal),
    row.output_bytes === 0 ? '' : digits(row.output_bytes),
    row.output_dropped_bytes === 0 ? '' : digits(row.output_dropped_bytes),
    row.replaces_run_id === null ? '' : escaped(row.replaces_run_id),
  ];
  note(before, row, beganAt, flags);
  let length = fields.length;
  while (fields[length - 1] === '') length -= 1;
  fields.length = length;
  return fields.join(BETWEEN_FIELDS);
}

/** Tells whether a run has the keys of every run and no other, and only numbers that the fields hold exactly. */
function isOrdinary(run: Run): boolean {
  if (run.ended_at === null || run.outcome === null || Object.keys(run).length !== RUN_KEYS) return false;
  return (
    isExact(run.started_at) &&
    isExact(run.ended_at) &&
    isExact(run.slot_at) &&
    isExact(run.duration_ms) &&
    isExact(run.ended_after_number) &&
    isExact(run.exit_code) &&
    isExact(run.limit_at) &&
    isExact(run.output_bytes) &&
    isExact(run.output_dropped_bytes)
  );
}

/** Half of the largest number that is exact, so that the difference of two numbers is exact, too. */
const EXACT_MAX = 2 ** 52;

function isExact(value: number | null): boolean {
  return value === null || (Number.isInteger(value) && Math.abs(value) < EXACT_MAX && !Object.is(value, -0));
}

function unpackedRow(jobId: string, number: number, packed: string, before: Before): Row {
  const id = rowIdOf(jobId, number);
  if (packed.startsWith(JSON_MARK)) {
    const json = swapped(unescaped(packed.slice(packed.indexOf(BETWEEN_FIELDS) + 1)));
    return { id, job_id: jobId, number, ...(JSON.parse(json) as object) } as Row;
  }
  const fields = packed.split(BETWEEN_FIELDS);
  const field = (index: number): string => fields[index] ?? '';
  const startedAt = field(1) === NULL ? null : before.at + numeric(field(1));
  const endedAt = (startedAt ?? before.at) + numeric(field(2));
  const beganAt = startedAt ?? endedAt;
  const flags = field(8) === '' ? before.flags : numeric(field(8));
  const row: Run = {
    id,
    job_id: jobId,
    number,
    kind: 'run',
    rid: orNull(field(0)),
    slot_at: field(3) === '' ? null : beganAt - numeric(field(3)),
    late: (flags & 1) !== 0,
    started_at: startedAt,
    start_received: (flags & 2) !== 0,
    replaces_run_id: orNull(field(16)),
    ended_at: endedAt,
    ended_after_number: endedAfterOf(field(5), number),
    duration_ms: field(4) === '' ? spanOf(startedAt, endedAt) : numericOrNull(field(4)),
    limit_at: field(11) === '' ? null : endedAt + numeric(field(11)),
    outcome: (field(9) === '' ? before.outcome : unescaped(field(9))) as Run['outcome'],
    detail: orNull(field(12)),
    counted: (flags & 4) !== 0,
    exit_code: field(6) === '' ? before.exit_code : numericOrNull(field(6)),
    signal: orNull(field(13)),
    host: field(7) === '' ? before.host : field(7) === NULL ? null : unescaped(field(7)),
    output_bytes: numeric(field(14) || '0'),
    output_dropped_bytes: numeric(field(15) || '0'),
    reason: (field(10) === '' ? before.reason : unescaped(field(10))) as Run['reason'],
  };
  note(before, row, beganAt, flags);
  return row;
}

function note(before: Before, row: Run, beganAt: number, flags: number): void {
  before.at = beganAt;
  before.exit_code = row.exit_code;
  before.host = row.host;
  before.flags = flags;
  before.outcome = row.outcome!;
  before.reason = row.reason;
}

function spanOf(startedAt: number | null, endedAt: number): number | null {
  return startedAt === null ? null : endedAt - startedAt;
}

function endedAfterOf(field: string, number: number): number | null {
  if (field === '') return number - 1;
  return field === NULL ? null : number - numeric(field);
}

/** Returns a row as its run id, by which it is looked for, and JSON without the fields that its place tells. */
function packedJson(row: Row): string {
  const { id: _id, job_id: _jobId, number: _number, ...rest } = row;
  const rid = row.kind === 'slots' || row.rid === null ? '' : escaped(row.rid);
  return rid + BETWEEN_FIELDS + escaped(swapped(JSON.stringify(rest)));
}

const SWAPS: Readonly<Record<string, string>> = { '"': "'", "'": '"', ',': '!', '!': ',' };

/** Exchanges the marks of which JSON is full for some that need not be escaped. To do it again undoes it. */
function swapped(json: string): string {
  return json.replace(/["',!]/g, (mark) => SWAPS[mark]!);
}

function digits(value: number | null): string {
  return value === null ? NULL : value.toString(BASE);
}

function numeric(field: string): number {
  return Number.parseInt(field, BASE);
}

function numericOrNull(field: string): number | null {
  return field === NULL ? null : numeric(field);
}

function orNull(field: string): string | null {
  return field === '' ? null : unescaped(field);
}

/** Returns a text in which nothing has a meaning here or in JSON. Each other character is `%` and four digits. */
function escaped(text: string): string {
  if (text === '') return EMPTY;
  return text.replace(
    /[^ !#$&'()+\--:<-[\]-}]/g,
    (each) => `%${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  if (text === EMPTY) return '';
  return text.replace(/%([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Returns the same text in one piece. One that is put together refers to its parts, which take several times as much. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
