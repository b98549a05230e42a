import { JobRuns } from '../../core/model/job-runs.ts';
import type { PingedRow, Row, Run, SlotsRow } from '../../core/model/records.ts';
import {
  beganAtOf,
  isAnonymous,
  isOpen,
  isRegularId,
  isStreak,
  rowIdOf,
  rowNumberOf,
} from '../../core/model/rows.ts';
import { endedAfter, type Runs } from '../../core/model/runs.ts';
import { firstRow, type PackedRows, packedRid, packRows, unpackRows } from './packed-rows.ts';

/** A job may have this many settled rows as objects. Once it has more, the oldest are packed. */
const LOOSE_MAX = 8;
/** This many of the newest settled rows stay objects, because pings ask for them. */
const LOOSE_MIN = 2;
/** One text holds at most this many rows. Whoever reads one of them reads the whole text. */
const PACKED_MAX = 16;

/**
 * The packed part of a history: its oldest rows, all of them settled. It is never changed; a new one takes its place.
 * Its rows are in the same order by number, by end and by beginning. Every row that is not packed comes after them.
 */
export interface Packed {
  chunks: readonly PackedRows[];
  /** This many rows at the beginning of the first chunk have left the history. */
  skipped: number;
  /** The last row, which those that are not packed must come after: its number, its end and its beginning. */
  last: { number: number; ended_after: number; began_at: number };
  /** Says that one of them may be a row that an end without a run id is about. */
  has_anonymous: boolean;
  /** Says that one of them may stand for several slots. */
  has_streaks: boolean;
}

/** The history of one job as it was at one instant. */
export interface HistorySnapshot {
  jobId: string;
  packed: Packed | null;
  rows: readonly Row[];
}

/** A list that makes its items as they are asked for. Every array is one. */
export interface LazyList<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

/**
 * The runs of one job. Rows that nobody asks about are packed into texts, because a fleet keeps a million of them and
 * looks at few. A question that needs them unpacks them all, and `pack` packs them again.
 */
export class JobHistory implements Runs {
  readonly #jobId: string;
  #loose = new JobRuns();
  #packed: Packed | null = null;
  /** Is called when rows were unpacked, so that they are packed again some time. */
  readonly #onUnpacked: (history: JobHistory) => void;

  constructor(jobId: string, onUnpacked: (history: JobHistory) => void) {
    this.#jobId = jobId;
    this.#onUnpacked = onUnpacked;
  }

  get size(): number {
    return this.#packedCount() + this.#loose.all().length;
  }

  /** Takes over a packed part. The history has no rows yet. */
  load(packed: Packed): void {
    this.#packed = packed;
  }

  get(id: string): Row | undefined {
    const row = this.#loose.get(id);
    if (row !== undefined || this.#packed === null) return row;
    const number = rowNumberOf(this.#jobId, id);
    if (number === null || !this.#isPacked(number)) return undefined;
    return this.#unpacked().get(id);
  }

  /** Tells whether there is such a row, and unpacks none. */
  has(id: string): boolean {
    if (this.#loose.get(id) !== undefined) return true;
    const number = this.#packed === null ? null : rowNumberOf(this.#jobId, id);
    if (number === null || !this.#isPacked(number)) return false;
    return this.#packed!.chunks.some(({ first, count }) => number >= first && number < first + count);
  }

  ofRid(rid: string): PingedRow | undefined {
    const row = this.#loose.ofRid(rid);
    if (row !== undefined || this.#packed === null) return row;
    const text = packedRid(rid);
    if (!this.#packed.chunks.some((chunk) => chunk.text.includes(text))) return undefined;
    return this.#unpacked().ofRid(rid);
  }

  anonymous(): PingedRow | undefined {
    return (
      this.#loose.anonymous() ?? (this.#packed?.has_anonymous ? this.#unpacked().anonymous() : undefined)
    );
  }

  open(): readonly Run[] {
    return this.#loose.open();
  }

  ended(): readonly Row[] {
    return this.#unpacked().ended();
  }

  all(): readonly Row[] {
    return this.#unpacked().all();
  }

  /** Lists all rows as `JobRuns.byBeginning` does, and unpacks none that is not asked for. */
  byBeginning(): LazyList<Row> {
    const loose = this.#loose.byBeginning();
    const [oldest] = loose;
    if (this.#packed === null) return loose;
    if (oldest !== undefined && beganAtOf(oldest) < this.#packed.last.began_at)
      return this.#unpacked().byBeginning();
    return new LazyRows(this.#jobId, this.#packed, loose);
  }

  /** Lists the rows that stand for several slots, oldest first. */
  streaks(): readonly SlotsRow[] {
    return (this.#packed?.has_streaks ? this.#unpacked() : this.#loose).streaks();
  }

  put(row: Row): void {
    if (this.#packed !== null && !isAfter(row, this.#packed)) this.#unpacked();
    this.#loose.put(row, this.#loose.get(row.id));
  }

  delete(id: string): void {
    const row = this.get(id);
    if (row !== undefined) this.#loose.delete(row);
  }

  /** Drops the settled rows that ended first, beyond `keep`. Returns their ids. */
  trim(keep: number): string[] {
    const ended = this.#loose.ended();
    const excess = this.#packedCount() + ended.length - keep;
    if (excess <= 0) return [];
    const ids = this.#dropPacked(excess);
    for (const row of ended.slice(0, excess - ids.length)) {
      ids.push(row.id);
      this.#loose.delete(row);
    }
    return ids;
  }

  /** Tells whether many rows are objects that can be packed. */
  get isLoose(): boolean {
    return this.#loose.ended().length > LOOSE_MAX;
  }

  /** Packs all rows that can be packed. */
  pack(): void {
    const count = packableCount(this.#loose, this.#packed);
    if (count === 0) return;
    const rows = this.#loose.all();
    this.#packed = packedWith(this.#packed, rows.slice(0, count));
    this.#loose = new JobRuns(rows.slice(count));
  }

  snapshot(): HistorySnapshot {
    return { jobId: this.#jobId, packed: this.#packed, rows: this.#loose.all() };
  }

  #packedCount(): number {
    return this.#packed === null ? 0 : countOf(this.#packed);
  }

  #isPacked(number: number): boolean {
    const packed = this.#packed!;
    return number <= packed.last.number && number >= packed.chunks[0]!.first + packed.skipped;
  }

  /** Drops so many of the oldest packed rows, as far as there are any. Returns their ids. */
  #dropPacked(count: number): string[] {
    const ids: string[] = [];
    while (this.#packed !== null && ids.length < count) {
      const { chunks, skipped, ...rest } = this.#packed;
      const [{ first, count: inChunk }] = chunks as [PackedRows];
      const dropped = Math.min(count - ids.length, inChunk - skipped);
      for (let at = 0; at < dropped; at += 1) ids.push(rowIdOf(this.#jobId, first + skipped + at));
      if (skipped + dropped < inChunk) this.#packed = { ...rest, chunks, skipped: skipped + dropped };
      else this.#packed = chunks.length === 1 ? null : { ...rest, chunks: chunks.slice(1), skipped: 0 };
    }
    return ids;
  }

  /** Returns all rows as objects. */
  #unpacked(): JobRuns {
    if (this.#packed === null) return this.#loose;
    this.#loose = new JobRuns([...rowsOf(this.#jobId, this.#packed), ...this.#loose.all()]);
    this.#packed = null;
    this.#onUnpacked(this);
    return this.#loose;
  }
}

/** Lists the rows of a packed part, oldest first. */
export function* rowsOf(jobId: string, { chunks, skipped }: Packed): Generator<Row> {
  for (const [index, chunk] of chunks.entries()) {
    const rows = unpackRows(jobId, chunk);
    yield* index === 0 ? rows.slice(skipped) : rows;
  }
}

/**
 * Returns the whole of a history as a snapshot keeps it: all that can be packed, and the other rows.
 */
export function packedSnapshot({ packed, rows }: HistorySnapshot): Pick<HistorySnapshot, 'packed' | 'rows'> {
  const count = packableCount(new JobRuns(rows), packed);
  return { packed: packedWith(packed, rows.slice(0, count)), rows: rows.slice(count) };
}

function countOf({ chunks, skipped }: Packed): number {
  let count = -skipped;
  for (const chunk of chunks) count += chunk.count;
  return count;
}

/** Tells whether a row comes after all that are packed, in every order. */
function isAfter(row: Row, { last }: Packed): boolean {
  if (row.number <= last.number) return false;
  return isOpen(row) || endedAfter(row) >= last.ended_after;
}

/** Counts the oldest rows that can be packed after those that are. The newest ones that ended stay as they are. */
function packableCount(loose: JobRuns, packed: Packed | null): number {
  const all = loose.all();
  const ended = loose.ended();
  const max = ended.length - LOOSE_MIN;
  let count = 0;
  let beganAt = packed?.last.began_at ?? -Infinity;
  for (; count < max; count += 1) {
    const row = all[count]!;
    if (ended[count] !== row || !isRegularId(row) || beganAtOf(row) < beganAt) break;
    beganAt = beganAtOf(row);
  }
  return count;
}

/** Returns the packed part with more rows. */
function packedWith(packed: Packed | null, rows: readonly Row[]): Packed | null {
  const newest = rows.at(-1);
  if (newest === undefined) return packed;
  const chunks = [...(packed?.chunks ?? [])];
  for (let from = 0; from < rows.length;) {
    let to = from + 1;
    while (to < rows.length && to - from < PACKED_MAX && rows[to]!.number === rows[to - 1]!.number + 1)
      to += 1;
    chunks.push(packRows(rows.slice(from, to)));
    from = to;
  }
  return {
    chunks,
    skipped: packed?.skipped ?? 0,
    last: {
      number: newest.number,
      ended_after: endedAfter(newest),
      began_at: beganAtOf(newest),
    },
    has_anonymous: (packed?.has_anonymous ?? false) || rows.some(isAnonymous),
    has_streaks: (packed?.has_streaks ?? false) || rows.some(isStreak),
  };
}

/** The rows of a history in the order in which they began, packed ones first. */
class LazyRows implements LazyList<Row> {
  readonly length: number;
  readonly #jobId: string;
  readonly #packed: Packed;
  readonly #loose: readonly Row[];
  readonly #packedCount: number;
  /** The rows of the chunk that was looked at last. */
  #opened: { chunk: PackedRows; rows: readonly Row[] } | null = null;

  constructor(jobId: string, packed: Packed, loose: readonly Row[]) {
    this.#jobId = jobId;
    this.#packed = packed;
    this.#loose = loose;
    this.#packedCount = countOf(packed);
    this.length = this.#packedCount + loose.length;
  }

  at(index: number): Row | undefined {
    if (index < 0 || index >= this.#packedCount) return this.#loose[index - this.#packedCount];
    let within = index + this.#packed.skipped;
    for (const chunk of this.#packed.chunks) {
      if (within < chunk.count) return this.#rowOf(chunk, within);
      within -= chunk.count;
    }
    return undefined;
  }

  #rowOf(chunk: PackedRows, within: number): Row {
    if (this.#opened?.chunk === chunk) return this.#opened.rows[within]!;
    // A search looks at the beginnings of chunks that it then passes over.
    if (within === 0) return firstRow(this.#jobId, chunk);
    this.#opened = { chunk, rows: unpackRows(this.#jobId, chunk) };
    return this.#opened.rows[within]!;
  }
}
