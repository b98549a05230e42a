import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { DumpSource, Imported } from '../offline.ts';
import { type Changes, type OutputRef, outputRefOf, type TableName } from '../local/changes.ts';
import { DumpReader, type DumpSink } from '../local/dump-reader.ts';
import { Tables } from '../local/tables.ts';
import type { Output } from '../store.ts';
import { ArchiveWriter } from './archive.ts';
import { writeBase } from './base.ts';
import { takeDirectory } from './directory.ts';
import { type Disk, realDisk } from './disk.ts';
import type { DumpedOutput } from './dump.ts';
import { journalName, sortNames } from './files.ts';
import { readLines } from './lines.ts';
import { acquireLock, type Lock } from './lock.ts';
import { formatOf, MIGRATIONS, schemaVersion } from '../local/migrations.ts';

export interface ImportOptions extends DumpSource {
  directory: string;
  disk?: Disk;
  lock?: (directory: string) => Promise<Lock>;
}

/** The number of the commit with which an imported store begins. */
const SEQ = 1;
/** This many records are put into the tables at a time. */
const BATCH = 500;

/**
 * Makes a store from a dump, in a directory that holds none. The store is there once its snapshot has its name, which
 * is the last step. So a failed import leaves a directory into which one can import again.
 * @throws CronflowError `invalid` for a directory that is not empty, and for a dump that does not check out, with the
 * number of its line; `store_locked`
 */
export async function importDump(options: ImportOptions): Promise<Imported> {
  const { directory, disk = realDisk, nowAt, lock = (path) => acquireLock(path, systemClock) } = options;
  await takeDirectory(disk, directory);
  const held = await lock(directory);
  try {
    await expectEmpty(disk, directory);
    const outputs = new ImportedOutputs(disk, directory);
    const sink = new ImportedTables(outputs);
    try {
      const imported = await new DumpReader(options.name, formatOf(), sink).read(options.lines);
      const header = { schema_version: schemaVersion(MIGRATIONS), seq: SEQ, created_at: nowAt };
      await writeBase(disk, directory, header, sink.tables);
      return imported;
    } catch (error) {
      await outputs.abandon();
      throw error;
    }
  } finally {
    await held.release();
  }
}

/** Writes the outputs of a dump into an archive, as if they came out of a segment with the commit that is imported. */
class ImportedOutputs {
  readonly #disk: Disk;
  readonly #directory: string;
  #writer: ArchiveWriter | null = null;
  #offset = 0;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /** Writes an output and returns the record of it. */
  async add(jobId: string, runId: string, output: Output): Promise<OutputRef> {
    const range = { first: SEQ, last: SEQ };
    const options = { range, schemaVersion: schemaVersion(MIGRATIONS) };
    this.#writer ??= await ArchiveWriter.begin(this.#disk, this.#directory, options);
    const json = Buffer.from(JSON.stringify(output.text));
    const place = { segment: SEQ, offset: this.#offset, bytes: json.length };
    this.#offset += json.length;
    await this.#writer.add(place, json);
    return { ...outputRefOf(jobId, runId, output), place };
  }

  async finish(): Promise<void> {
    await this.#writer?.finish();
    this.#writer = null;
  }

  async abandon(): Promise<void> {
    await this.#writer?.abandon();
  }
}

/**
 * Refuses a directory that holds data.
 * @throws CronflowError `invalid`
 */
async function expectEmpty(disk: Disk, directory: string): Promise<void> {
  const { journals, snapshots } = sortNames(await disk.list(directory));
  if (snapshots.length === 0 && (journals.length === 0 || (await isCutShort(disk, directory, journals))))
    return;
  throw new CronflowError(
    'invalid',
    `${directory} holds data already, and an import never mixes two stores. Name a directory that does not exist, ` +
      'or is empty, with --data-dir DIR or CRONFLOW_DATA_DIR.',
  );
}

/** Tells whether an import ended before its snapshot had a name. Such an import left a segment without a commit. */
async function isCutShort(disk: Disk, directory: string, journals: readonly number[]): Promise<boolean> {
  if (journals.length !== 1 || journals[0] !== SEQ + 1) return false;
  const file = await disk.open(join(directory, journalName(SEQ + 1)), 'read');
  try {
    for await (const line of readLines(file)) if (line.start > 0) return false;
    return true;
  } finally {
    await file.close();
  }
}

/** Puts the records of a dump into tables, and its outputs into an archive. */
class ImportedTables implements DumpSink {
  readonly tables = new Tables();
  readonly #outputs: ImportedOutputs;
  #put: Partial<Record<TableName, unknown[]>> = {};
  #pending = 0;

  constructor(outputs: ImportedOutputs) {
    this.#outputs = outputs;
  }

  async add(table: TableName, record: unknown): Promise<void> {
    if (table === 'outputs') {
      const { job_id: jobId, run_id: runId, ...output } = record as DumpedOutput;
      // The record is made anew, because it says where the text is.
      (this.#put.outputs ??= []).push(await this.#outputs.add(jobId, runId, output));
    } else (this.#put[table] ??= []).push(record);
    this.#pending += 1;
    if (this.#pending >= BATCH) this.#flush();
  }

  async end(): Promise<void> {
    this.#flush();
    await this.#outputs.finish();
  }

  #flush(): void {
    this.tables.apply({ put: this.#put as Changes['put'], del: {}, events: [] });
    [this.#put, this.#pending] = [{}, 0];
  }
}
