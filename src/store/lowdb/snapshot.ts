import { join } from 'node:path';
import type { Changes, TableName } from '../local/changes.ts';
import type { Job } from '../../core/model/records.ts';
import { rowsOf } from '../local/job-history.ts';
import type { PackedHistory } from '../local/runs.ts';
import type { Tables } from '../local/tables.ts';
import type { Versions } from './before.ts';
import { type Disk, type DiskFile, writeAll } from './disk.ts';
import {
  checkHeader,
  damaged,
  type SnapshotFooter,
  type SnapshotHeader,
  snapshotName,
  unfinishedName,
} from './files.ts';
import { encodeLine, readLines } from './lines.ts';

/**
 * This much is written at a time. Pings get through between two writes, so none is delayed by more than one write
 * takes.
 */
const CHUNK_BYTES = 128 * 1024;
/**
 * No more than this may wait to be synced. A sync of the journal may have to wait until the file system has written
 * everything that is pending for other files, and that must not be a whole snapshot.
 */
const SYNC_BYTES = 4 * 2 ** 20;
/** This many records are put into the tables at a time on reading. */
const BATCH_RECORDS = 1000;

/**
 * Writes a snapshot beside the traffic: under an unfinished name, then a sync, the rename, and a sync of the directory.
 * @param records all records as of commit `header.seq`, whatever is committed meanwhile
 * @returns the size of the snapshot in bytes
 * @throws any error of the disk; then there is no snapshot of this name, and the ones before it stand
 */
export async function writeSnapshot(
  disk: Disk,
  directory: string,
  header: Omit<SnapshotHeader, 'cronflow'>,
  records: ReturnType<Tables['packedSnapshot']>,
): Promise<number> {
  const name = snapshotName(header.seq);
  const unfinished = join(directory, unfinishedName(name));
  const file = await disk.open(unfinished, 'create');
  let size: number;
  try {
    size = await writeRecords(file, { cronflow: 'snapshot', ...header }, records);
    await file.datasync();
  } catch (error) {
    await file.close().catch(() => undefined);
    await disk.remove(unfinished).catch(() => undefined);
    throw error;
  }
  await file.close();
  await disk.rename(unfinished, join(directory, name));
  await disk.syncDirectory(directory);
  return size;
}

async function writeRecords(
  file: DiskFile,
  header: SnapshotHeader,
  records: ReturnType<Tables['packedSnapshot']>,
): Promise<number> {
  let chunk = [encodeLine(header)];
  let chunkBytes = chunk[0]!.length;
  let position = 0;
  let count = 0;
  let syncedBytes = 0;
  const flush = async (): Promise<void> => {
    await writeAll(file, Buffer.concat(chunk), position);
    position += chunkBytes;
    chunk = [];
    chunkBytes = 0;
    if (position - syncedBytes < SYNC_BYTES) return;
    await file.datasync();
    syncedBytes = position;
  };
  for (const { table, record } of records) {
    const line = encodeLine([table, record]);
    chunk.push(line);
    chunkBytes += line.length;
    count += 1;
    if (chunkBytes >= CHUNK_BYTES) await flush();
  }
  const footer: SnapshotFooter = { end: true, records: count };
  const line = encodeLine(footer);
  chunk.push(line);
  chunkBytes += line.length;
  await flush();
  return position;
}

/**
 * Reads a snapshot into empty tables, record by record.
 * @param recovery tells people what they can do if the snapshot is damaged
 * @returns the size of the snapshot in bytes
 * @throws CronflowError `store_damaged`
 */
export async function readSnapshot(
  disk: Disk,
  place: { directory: string; seq: number },
  tables: Tables,
  versions: Versions,
  recovery: string,
): Promise<number> {
  const where = { directory: place.directory, name: snapshotName(place.seq) };
  const file = await disk.open(join(where.directory, where.name), 'read');
  try {
    const reading = new Reading(tables, versions);
    let header: SnapshotHeader | undefined;
    let size = 0;
    for await (const line of readLines(file)) {
      const fail = (what: string): Error => damaged({ ...where, offset: line.start }, what, recovery);
      if (reading.ended) throw fail('there is something after the end of the snapshot');
      if (line.fault !== null) throw fail(`a line is damaged (${line.fault})`);
      size = line.end;
      if (header === undefined) {
        header = checkHeader<SnapshotHeader>(where, line.value, 'snapshot', versions.present, recovery);
        if (header.seq !== place.seq)
          throw fail(`it ends with commit ${header.seq}, but its name says otherwise`);
      } else if (Array.isArray(line.value)) {
        reading.add(header.schema_version, line.value as SnapshotLine);
      } else if (!reading.end(line.value as SnapshotFooter)) throw fail('records are missing');
    }
    if (!reading.ended) throw damaged({ ...where, offset: size }, 'the end is missing', recovery);
    return size;
  } finally {
    await file.close();
  }
}

/** A line of a snapshot between the first and the last. */
export type SnapshotLine = [table: TableName | 'histories', record: object];

/** Returns the records of a line, with packed rows one by one. */
export function* unpackedRecords([table, record]: SnapshotLine): Generator<[TableName, object]> {
  if (table !== 'histories') return yield [table, record];
  const history = record as PackedHistory;
  for (const row of rowsOf(history.job_id, history)) yield ['runs', row];
}

/** Puts records into tables in batches, in the order in which they come. */
class Reading {
  ended = false;
  readonly #tables: Tables;
  readonly #versions: Versions;
  /** Holds each name of a file once. */
  readonly #files = new Map<string, string>();
  #put: Partial<Record<TableName, unknown[]>> = {};
  #pending = 0;
  #count = 0;

  constructor(tables: Tables, versions: Versions) {
    this.#tables = tables;
    this.#versions = versions;
  }

  /** @param version the schema version under which the record was written */
  add(version: number, line: SnapshotLine): void {
    this.#count += 1;
    // Packed rows stay as they are, which makes a start fast, unless a migration has to see each of them.
    if (line[0] === 'histories' && version === this.#versions.present)
      return this.#tables.runs.putPacked(line[1] as PackedHistory);
    for (const [table, record] of unpackedRecords(line)) this.#addRecord(version, table, record);
  }

  /** Returns whether the snapshot is whole. */
  end(footer: SnapshotFooter): boolean {
    this.#flush();
    this.ended = footer.end && footer.records === this.#count;
    return this.ended;
  }

  #addRecord(version: number, table: TableName, record: object): void {
    const migrated = this.#versions.migrated(version, table, record);
    // A migrated record is known by itself, so it stays the object that it is.
    const isShared = table === 'jobs' && version === this.#versions.present;
    (this.#put[table] ??= []).push(isShared ? this.#sharing(migrated as Job) : migrated);
    this.#pending += 1;
    if (this.#pending >= BATCH_RECORDS) this.#flush();
  }

  /** Returns a job in which what is the same as in others, or twice in itself, is in memory once. */
  #sharing(job: Job): Job {
    const { place, declared, declaration } = job;
    const isFilled = JSON.stringify(declared) !== JSON.stringify(declaration);
    if (place === null) return isFilled ? job : { ...job, declaration: declared };
    const file = this.#files.get(place.file) ?? place.file;
    this.#files.set(file, file);
    return { ...job, place: { file, line: place.line }, declaration: isFilled ? declaration : declared };
  }

  #flush(): void {
    // The checksums vouch that the records are those that were written.
    this.#tables.apply({ put: this.#put as Changes['put'], del: {}, events: [] });
    this.#put = {};
    this.#pending = 0;
  }
}
